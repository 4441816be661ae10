"""A client with a server in memory and a manual clock."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Mapping
from typing import Any, Self
from urllib.parse import urlsplit

from flagengine.transports import Client, ManualClock, MemoryDefinitions, Request, Response
from flagengine.transports.errors import RequestError
from flagengine.transports.http.memory import Play

from ..support import TickingDriver

API_KEY = "phc_projectkey"
SECRET = "phx_secretkey"
BATCH = "/batch/"
AI_BATCH = "/i/v0/ai/batch/"
V1 = "/i/v1/analytics/events"
FLAGS = "/flags/"
DEFINITIONS = "/flags/definitions"


class FakeServer:
    """A server that answers each path from its script, and then as a healthy server would."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.flags: dict[str, Any] = {}
        self.payloads: dict[str, Any] = {}
        self.extra: dict[str, Any] = {}
        self.definitions: Mapping[str, Any] = {"flags": []}
        self._script: dict[str, deque[Play]] = defaultdict(deque)

    def play(self, path: str, *entries: Play) -> None:
        self._script[path].extend(entries)

    def request(self, request: Request, /) -> Response:
        self.requests.append(request)
        path = urlsplit(request.url).path
        if self._script[path]:
            entry = self._script[path].popleft()
            if isinstance(entry, RequestError):
                raise entry
            return entry if isinstance(entry, Response) else entry(request)
        return self._healthy(path)

    def _healthy(self, path: str) -> Response:
        if path == FLAGS:
            payloads = {key: json.dumps(value) for key, value in self.payloads.items()}
            answer = {"featureFlags": self.flags, "featureFlagPayloads": payloads, **self.extra}
            return Response(200, body=json.dumps(answer).encode())
        if path == DEFINITIONS:
            return Response(200, body=json.dumps(self.definitions).encode())
        return Response(200, body=b'{"status": 1}')

    def made(self, path: str) -> list[Request]:
        return [each for each in self.requests if urlsplit(each.url).path == path]

    def bodies(self, path: str) -> list[Any]:
        return [json.loads(each.body or b"null") for each in self.made(path)]


class Bench:
    """``with Bench(...) as bench: bench.client, bench.server, bench.events()``."""

    def __init__(self, api_key: str | None = API_KEY, **options: Any) -> None:
        self.server = FakeServer()
        self.clock = ManualClock()
        self.errors: list[Exception] = []
        self.client = Client(
            api_key,
            **{
                "transport": self.server,
                "clock": self.clock,
                "driver": TickingDriver(self.clock),
                "gzip": False,
                **options,
            },
        )
        self.client.on("error", self.errors.append)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.shutdown(0, discard=True)

    def events(self, name: str | None = None, path: str = BATCH) -> list[dict[str, Any]]:
        """Flush; return the events that arrived at the endpoint."""
        self.client.flush()
        arrived = [event for body in self.server.bodies(path) for event in body["batch"]]
        return [event for event in arrived if name in (None, event["event"])]

    def event(self, name: str | None = None) -> dict[str, Any]:
        (event,) = self.events(name)
        return event

    def called(self, key: str | None = None) -> list[dict[str, Any]]:
        """Return the properties of the ``$feature_flag_called`` events."""
        called = [event["properties"] for event in self.events("$feature_flag_called")]
        return [each for each in called if key in (None, each["$feature_flag"])]

    @property
    def flag_requests(self) -> list[Any]:
        return self.server.bodies(FLAGS)


def flag(key: str, *groups: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return a flag definition; without conditions, the flag is on for everybody."""
    filters = {"groups": list(groups) or [{"rollout_percentage": 100}], **fields.pop("filters", {})}
    return {"id": 1, "key": key, "active": True, "filters": filters, **fields}


def variant_flag(key: str, variant: str, payload: Any = None) -> dict[str, Any]:
    """Return a flag definition that gives everybody the same variant."""
    filters: dict[str, Any] = {
        "multivariate": {"variants": [{"key": variant, "rollout_percentage": 100}]}
    }
    if payload is not None:
        filters["payloads"] = {variant: json.dumps(payload)}
    return flag(key, filters=filters)


def needs(name: str, value: Any = "x") -> dict[str, Any]:
    """Return a condition that cannot be decided without the person property."""
    return {"properties": [{"key": name, "type": "person", "value": value}]}


def local(*flags: dict[str, Any], **document: Any) -> MemoryDefinitions:
    return MemoryDefinitions({"flags": list(flags), **document})
