"""A server's application, asked without a socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flagengine.transports.clock import Clock
from flagengine.transports.http.base import Transport
from flagengine.transports.polling.sources.memory import MemoryDefinitions
from flagengine.transports.server import ProjectSettings, Server, ServerSettings
from tests.transports.server.asgi import http_scope

KEY = "phc_project"
SECRET = "phs_0123456789abcdef"
BETA = {"key": "beta", "id": 7, "version": 3, "active": True, "filters": {"groups": [{}]}}


def definitions(*flags: Mapping[str, Any], **members: Any) -> dict[str, Any]:
    return {"flags": list(flags), "group_type_mapping": {"0": "company"}, "cohorts": {}, **members}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        found = [value for known, value in self.headers if known == name]
        assert len(found) < 2
        return found[0] if found else None

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Bench:
    """A server that is asked by calls; its definitions are loaded, and nothing runs in the background."""

    def __init__(
        self,
        *projects: ProjectSettings,
        document: Mapping[str, Any] | None = None,
        transport: Transport | None = None,
        clock: Clock | None = None,
        project: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        if not projects:
            self.source = MemoryDefinitions(definitions(BETA) if document is None else document)
            of_project = {"project_key": KEY, "secret_keys": (SECRET,), "source": self.source}
            projects = (ProjectSettings(**{**of_project, **(project or {})}),)
        settings = {"shutdown_timeout": 1.0, **settings}
        self.server = Server(
            ServerSettings(projects=projects, **settings), transport=transport, clock=clock
        )
        self.projects = list(self.server.projects)
        self.load()
        self.application = self.server.application()

    def load(self) -> None:
        for project in self.projects:
            project.loader.tick()

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        *,
        client: str = "192.0.2.7",
    ) -> Answer:
        sent = b"" if body is None else body
        if not isinstance(sent, bytes):
            sent = json.dumps(sent).encode()
        given = {"host": "127.0.0.1", "content-length": str(len(sent)), **(headers or {})}
        scope = http_scope(method, path, given, client=client)
        messages = [{"type": "http.request", "body": sent, "more_body": False}]
        found: list[Any] = []

        async def receive() -> Any:
            return messages.pop(0) if messages else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            found.append(message)

        await self.application(scope, receive, send)
        start, *rest = found
        assert start["type"] == "http.response.start"
        return Answer(
            start["status"],
            [(name.decode(), value.decode()) for name, value in start["headers"]],
            b"".join(each.get("body", b"") for each in rest),
        )

    def __call__(self, *arguments: Any, **named: Any) -> Answer:
        return asyncio.run(self.ask(*arguments, **named))

    def flags(
        self, path: str = "/flags/?v=2", *, headers: Mapping[str, str] | None = None, **body: Any
    ) -> Any:
        """Return the answer to a call for flags as JSON."""
        answer = self("POST", path, {"token": KEY, "distinct_id": "u", **body}, headers)
        assert answer.status == 200, answer
        return answer.json
