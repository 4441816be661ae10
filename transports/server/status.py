"""Health, readiness and metrics."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..polling.health import Freshness
from .project import Project
from .server import Server
from .web.request import Request
from .web.response import Response, json_response
from .web.routes import Route

__all__ = ["routes"]

_NO_STORE = ((b"cache-control", b"no-store"),)


def routes(server: Server) -> Iterator[Route]:
    """Yield the routes."""
    status = _Status(server)
    yield Route("/_health", status.health)
    yield Route("/_ready", status.ready)


class _Status:
    def __init__(self, server: Server) -> None:
        self._server = server

    def health(self, _request: Request) -> Response:
        """Answer 200 as long as the process answers at all, with the state of each project."""
        return json_response(self._body(), 200, _NO_STORE)

    def ready(self, _request: Request) -> Response:
        """Answer 200 if every project has definitions that are not too old, else 503."""
        is_ready = all(map(_is_ready, self._server.projects)) and not self._server.changes.is_closed
        return json_response(self._body(), 200 if is_ready else 503, _NO_STORE)

    def _body(self) -> dict[str, Any]:
        projects = {project.name: _of(project) for project in self._server.projects}
        is_ready = all(map(_is_ready, self._server.projects))
        return {"status": "ok" if is_ready else "unavailable", "projects": projects}


def _is_ready(project: Project) -> bool:
    return project.health().freshness not in (Freshness.EMPTY, Freshness.EXPIRED)


def _of(project: Project) -> dict[str, Any]:
    health = project.health()
    error = health.last_error
    return {
        "freshness": str(health.freshness),
        "age": health.age,
        "flags": health.flag_count,
        "generation": health.generation,
        "failures": health.consecutive_failures,
        "error": None if error is None else {"message": error.message, "status": error.status},
    }
