"""``/_control/overrides``: forced values, read and changed by whoever has the control key. Off without one."""

from __future__ import annotations

from collections.abc import Iterator
from hmac import compare_digest

from .project import Project
from .server import Server
from .web.lenient_json import json_of
from .web.request import Request
from .web.response import NO_STORE, Refused, Response, json_response, text_response
from .web.routes import Route

__all__ = ["routes"]


def routes(server: Server) -> Iterator[Route]:
    """Yield the routes; none without a control key."""
    if server.settings.control_key is not None:
        control = _Control(server)
        yield Route("/_control/overrides", control.of_only, ("GET", "PUT", "DELETE"))
        yield Route("/_control/overrides/{project}", control.of_named, ("GET", "PUT", "DELETE"))


class _Control:
    def __init__(self, server: Server) -> None:
        self._server = server

    def of_only(self, request: Request) -> Response:
        """Answer for the project of a server that has one."""
        self._check(request)
        project = self._server.projects.only
        if project is None:
            names = ", ".join(each.name for each in self._server.projects)
            raise Refused(text_response(f"the path must name a project: {names}", 404))
        return self._answer(request, project)

    def of_named(self, request: Request) -> Response:
        """Answer for the project that the path names."""
        self._check(request)
        for project in self._server.projects:
            if project.name == request.arguments[0]:
                return self._answer(request, project)
        raise Refused(text_response("there is no project of this name", 404))

    def _check(self, request: Request) -> None:
        key, given = self._server.settings.control_key or "", request.bearer or ""
        # Headers are read as Latin-1, which keeps the bytes that were sent.
        if not compare_digest(key.encode(), given.encode("latin-1")):
            challenge = ((b"www-authenticate", b"Bearer"),)
            raise Refused(text_response("the control key is missing or wrong", 401, challenge))

    def _answer(self, request: Request, project: Project) -> Response:
        """Show the forced values, force those of the body in place of earlier ones, or end them."""
        forced = project.forced
        if request.method == "PUT":
            try:
                forced.force(json_of(request.body))
            except (ValueError, TypeError) as error:
                message = f'the body must be forced values such as {{"beta": true}}: {error}'
                raise Refused(text_response(message, 400)) from None
            self._server.changes.notify()
        elif request.method == "DELETE":
            forced.force(None)
            self._server.changes.notify()
        found = {"in_force": forced.current.to_dict(), "controlled": forced.controlled.to_dict()}
        return json_response(found, 200, (NO_STORE,))
