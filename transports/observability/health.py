"""Health checks: whether a client has definitions to answer with, as WSGI and ASGI applications.

A probe that asks for the first time starts loading, so that a replica becomes ready without traffic.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from ..client.components import HasComponents
from ..polling.health import Freshness, Health
from .facts import MeasuredClient, check_client

__all__ = ["HealthReport", "HealthyClient", "asgi_health", "health_of", "wsgi_health"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]

_READ: Final = ("GET", "HEAD")
_LINES: Final = {
    200: "200 OK",
    405: "405 Method Not Allowed",
    503: "503 Service Unavailable",
}


class HealthyClient(MeasuredClient, HasComponents, Protocol):
    """A client of either kind, as a health check sees it."""

    def is_local_evaluation_ready(self) -> bool:
        """Return whether flags are loaded; the first call starts loading."""
        ...


@dataclass(frozen=True, slots=True)
class HealthReport:
    """The health of a client.

    Attributes:
        problem: why it is unhealthy; None if it is healthy.
        body: the report as JSON values.
    """

    problem: str | None
    body: dict[str, Any]

    @property
    def status(self) -> int:
        """200 or 503."""
        return 200 if self.problem is None else 503


def health_of(client: HealthyClient, *, stale_is_healthy: bool = True) -> HealthReport:
    """Return whether the client can answer with definitions that are not too old.

    It is unhealthy while no definitions are loaded, when they are expired (see the option ``staleness``),
    and after ``shutdown``. Stale definitions are healthy, unless ``stale_is_healthy`` is False: restarting
    a process does not mend a server that cannot be reached. A client without a source of definitions is
    healthy.
    """
    client.is_local_evaluation_ready()
    health, counters = client.definitions_health(), client.counters()
    problem = _problem(health, stale_is_healthy=stale_is_healthy)
    if client.components.status.is_closed:
        problem = "the client is shut down"
    body: dict[str, Any] = {
        "status": "ok" if problem is None else "unavailable",
        "problem": problem,
        "definitions": health.to_dict() if health.has_source else None,
    }
    if counters is not None:
        lost = sum(counters.dropped.values()) + sum(counters.refused.values())
        body["events"] = {
            "pending": counters.pending,
            "delivered": counters.delivered,
            "lost": lost,
        }
    return HealthReport(problem, body)


def _problem(health: Health, *, stale_is_healthy: bool) -> str | None:
    if not health.has_source:
        return None
    if health.freshness is Freshness.EMPTY:
        return "no definitions are loaded"
    is_too_old = health.freshness is Freshness.EXPIRED or (
        health.freshness is Freshness.STALE and not stale_is_healthy
    )
    return f"the definitions are {health.freshness}" if is_too_old else None


def _answer(
    client: HealthyClient, method: str, *, stale_is_healthy: bool
) -> tuple[int, list[tuple[str, str]], bytes]:
    """Return status, headers and body."""
    if method not in _READ:
        allow = [("Allow", ", ".join(_READ)), ("Content-Type", "text/plain")]
        return 405, [*allow, ("Content-Length", "0")], b""
    report = health_of(client, stale_is_healthy=stale_is_healthy)
    body = json.dumps(report.body).encode()
    headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
    ]
    return report.status, headers, b"" if method == "HEAD" else body


def wsgi_health(
    client: HealthyClient, *, stale_is_healthy: bool = True
) -> Callable[[dict[str, Any], StartResponse], Iterable[bytes]]:
    """Return a WSGI application that answers 200 or 503 with a `HealthReport`, whatever the path.

    GET and HEAD are answered; other methods get 405.

    Raises:
        TypeError: ``client`` is no client.
    """
    check_client("wsgi_health", client)

    def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        method = str(environ.get("REQUEST_METHOD", "GET"))
        status, headers, body = _answer(client, method, stale_is_healthy=stale_is_healthy)
        start_response(_LINES[status], headers)
        return [body]

    return application


def asgi_health(
    client: HealthyClient, *, stale_is_healthy: bool = True
) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """Return an ASGI application that does as `wsgi_health`; it may also be served alone."""
    check_client("asgi_health", client)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1000})
        else:
            status, headers, body = _answer(
                client, scope["method"], stale_is_healthy=stale_is_healthy
            )
            written = [(name.lower().encode(), value.encode()) for name, value in headers]
            await send({"type": "http.response.start", "status": status, "headers": written})
            await send({"type": "http.response.body", "body": body})

    return application


async def _live(receive: Receive, send: Send) -> None:
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return
