"""A server without a socket, asked as a provider asks."""

from __future__ import annotations

import asyncio
import atexit
import json
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from flagengine.transports import MemoryDefinitions
from flagengine.transports.clock import Clock
from flagengine.transports.http.base import Transport
from flagengine.transports.http.memory import MemoryTransport
from flagengine.transports.server.server import Server
from flagengine.transports.server.settings import ProjectSettings, ServerSettings
from tests.transports.server.asgi import http_scope

# As a running server has one, which remembers.
_applications: WeakKeyDictionary[Server, Any] = WeakKeyDictionary()

ALL = "/ofrep/v1/evaluate/flags"


def one(key: str) -> str:
    return f"{ALL}/{key}"


def flag(key: str, *, share: float = 100, **more: Any) -> dict[str, Any]:
    """Return a flag for a share of everybody."""
    groups = [{"properties": [], "rollout_percentage": share}]
    return {"id": 1, "key": key, "active": True, "version": 3, "filters": {"groups": groups}} | more


def needing(key: str, name: str, value: Any = "pro") -> dict[str, Any]:
    """Return a flag for persons with a property."""
    wanted = {"key": name, "type": "person", "operator": "exact", "value": value}
    return flag(key, filters={"groups": [{"properties": [wanted], "rollout_percentage": 100}]})


def variants(key: str, *, share: float = 100, payload: str | None = None) -> dict[str, Any]:
    """Return a flag with one variant, ``green``, for a share of everybody."""
    found = flag(key, share=share)
    found["filters"]["multivariate"] = {"variants": [{"key": "green", "rollout_percentage": 100}]}
    if payload is not None:
        found["filters"]["payloads"] = {"green": payload}
    return found


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        assert self.headers["content-type"] == "application/json"
        return json.loads(self.body)


def serving(
    *documents: Mapping[str, Any] | None,
    transport: Transport | None = None,
    clock: Clock | None = None,
    settings: Mapping[str, Any] | None = None,
    **project: Any,
) -> Server:
    """Return a server with a project for each document, loaded; ``settings`` are the server's."""
    projects = [
        ProjectSettings(
            **{"name": f"p{at}", "source": MemoryDefinitions(document), **_key(at, documents)}
            | project
        )
        for at, document in enumerate(documents)
    ]
    server = Server(
        ServerSettings(projects=tuple(projects), **(settings or {})),
        transport=transport or MemoryTransport(),
        clock=clock,
    )
    for each, document in zip(server.projects, documents, strict=True):
        if document is not None:
            each.loader.tick()
    return server


@cache
def _runner() -> asyncio.Runner:
    """Return an event loop for all requests, because a loop takes longer than an answer."""
    runner = asyncio.Runner()
    atexit.register(runner.close)
    return runner


def _key(at: int, documents: tuple[Any, ...]) -> dict[str, Any]:
    return {"project_key": f"phc_{at}"} if len(documents) > 1 else {}


def serving_flags(*flags: Mapping[str, Any], **options: Any) -> Server:
    return serving({"flags": list(flags)}, **options)


def ask(
    server: Server,
    path: str,
    body: Any = None,
    *,
    method: str = "POST",
    query: str = "",
    client: str = "192.0.2.7",
    root_path: str = "",
    **headers: str,
) -> Answer:
    """Return the answer; ``body`` is bytes, or a value as JSON, ``headers`` have ``_`` for ``-``."""
    given = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    scope = http_scope(method, path, names, client=client) | {
        "root_path": root_path,
        "query_string": query.encode(),
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": given}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    application = _applications.get(server)
    if application is None:
        application = _applications[server] = server.application()
    _runner().run(application(scope, receive, send))
    start, *pieces = sent
    fields = {name.decode(): value.decode() for name, value in start["headers"]}
    return Answer(start["status"], fields, b"".join(piece["body"] for piece in pieces))


def context(targeting_key: Any = "user-1", **attributes: Any) -> dict[str, Any]:
    given = {} if targeting_key is None else {"targetingKey": targeting_key}
    return {"context": {**given, **attributes}}
