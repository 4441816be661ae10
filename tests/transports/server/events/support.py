"""A server that takes events, asked without a socket, with a server upstream in memory."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

from flagengine.transports.batching.limits import LaneLimits
from flagengine.transports.clock import Clock
from flagengine.transports.http.base import Request, Response
from flagengine.transports.http.memory import MemoryTransport
from flagengine.transports.polling.sources.memory import MemoryDefinitions
from flagengine.transports.retry import RetryPolicy
from flagengine.transports.server import ProjectSettings
from flagengine.transports.server.events.intake import Intake
from flagengine.transports.server.events.lanes import LIMITS
from flagengine.transports.server.settings import UpstreamSettings
from tests.transports.server.support import KEY, Answer, Bench, definitions

HOST = "http://upstream.test"
QUICK = replace(
    LIMITS,
    flush_interval=0.001,
    retry=RetryPolicy(max_retries=1, base_delay=0.001, max_delay=0.001),
    retain_cooldown=0.001,
)
"""Events are passed on at once, and sent again at once, so that no test waits."""


class Upstream(MemoryTransport):
    """A server upstream that takes all batches, after what its script says."""

    def batches(self, path: str = "/batch/") -> list[dict[str, Any]]:
        """The bodies of the requests to a path, in order."""
        return [body_of(each) for each in self.requests if each.url == HOST + path]

    def events(self, path: str = "/batch/") -> list[dict[str, Any]]:
        return [event for batch in self.batches(path) for event in batch["batch"]]


def body_of(request: Request) -> dict[str, Any]:
    assert request.body is not None
    found: dict[str, Any] = json.loads(gzip.decompress(request.body))
    return found


def refusing(status: int, *uuids: str, **headers: str) -> Any:
    """Return the play of a server that refuses batches with one of these events."""

    def answer(request: Request) -> Response:
        sent = {event["uuid"] for event in body_of(request)["batch"]}
        return Response(status if sent.intersection(uuids) else 200, headers)

    return answer


def relay_settings(**settings: Any) -> ProjectSettings:
    given = {
        "project_key": KEY,
        "source": MemoryDefinitions(definitions()),
        "upstream": UpstreamSettings(host=HOST, answers_flags=False),
        **settings,
    }
    return ProjectSettings(**given)


class Taking(Bench):
    """A server that takes events within ``async with``; in development, unless it is said otherwise."""

    def __init__(
        self,
        project: ProjectSettings | None = None,
        *,
        transport: MemoryTransport | None = None,
        clock: Clock | None = None,
        limits: LaneLimits = QUICK,
        **settings: Any,
    ) -> None:
        settings = {"is_development": True, "shutdown_timeout": 20.0, **settings}
        chosen = project or ProjectSettings(
            project_key=KEY, source=MemoryDefinitions(definitions())
        )
        super().__init__(chosen, transport=transport or Upstream(), clock=clock, **settings)
        self.project = self.projects[0]
        self.project.intake = Intake(
            chosen, transport=self.server.transport, clock=clock, limits=limits
        )

    async def __aenter__(self) -> Self:
        await self.server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.server.stop()

    async def captured(self, query: str = "") -> list[dict[str, Any]]:
        """Return the events that were accepted."""
        answer = await self.ask("GET", f"/_events?{query}")
        assert answer.status == 200
        found: list[dict[str, Any]] = answer.json["events"]
        return found

    async def send(self, *events: Mapping[str, Any], path: str = "/batch/", **root: Any) -> Answer:
        return await self.ask("POST", path, {"api_key": KEY, "batch": list(events), **root})


def event(number: int = 1, **members: Any) -> dict[str, Any]:
    """Return a valid event; its uuid tells which."""
    return {
        "event": "signed up",
        "distinct_id": f"user-{number}",
        "uuid": uuid_of(number),
        "timestamp": "2026-01-02T03:04:05.678Z",
        "properties": {"number": number},
        **members,
    }


def uuid_of(number: int) -> str:
    return f"01900000-0000-7000-8000-{number:012x}"
