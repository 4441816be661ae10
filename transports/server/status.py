"""Health and readiness."""

from __future__ import annotations

from collections.abc import Iterator

from .server import Server
from .web.request import Request
from .web.response import NO_STORE, Response, json_response
from .web.routes import Route

__all__ = ["routes"]


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
        return self._answer(200)

    def ready(self, _request: Request) -> Response:
        """Answer 200 if every project has definitions that are not expired, else 503; 503 when the server stops."""
        return self._answer(503)

    def _answer(self, status_if_not: int) -> Response:
        found = {project.name: project.health() for project in self._server.projects}
        is_ready = all(each.is_usable for each in found.values())
        is_ready = is_ready and not self._server.changes.is_closed
        body = {
            "status": "ok" if is_ready else "unavailable",
            "projects": {name: health.to_dict() for name, health in found.items()},
        }
        return json_response(body, 200 if is_ready else status_if_not, (NO_STORE,))
