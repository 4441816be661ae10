"""From the events of a request to the intake of their project: what capture v0 and v1 have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Final, ParamSpec, TypeVar

from ...batching.event import Event
from ...clock import Clock
from ..project import Project
from ..server import Server
from ..web.body import GZIP_MAGIC
from ..web.request import Request
from ..web.response import Headers, Refused, text_response
from .making import Receipt
from .times import skew_of

__all__ = ["AGAIN", "Acceptance", "aside"]

AGAIN: Final[Headers] = ((b"retry-after", b"5"),)
"""The header of answers to events that are not kept, and should be sent again."""

T = TypeVar("T")
P = ParamSpec("P")

_LARGE: Final = 256 * 1024
# How many times its size a compressed body usually has.
_UNPACKED: Final = 8


async def aside(
    request: Request, function: Callable[P, T], /, *arguments: P.args, **named: P.kwargs
) -> T:
    """Call a function whose time depends on the request's body: in a thread if that is large.

    Others need not wait for long then.
    """
    size = len(request.body) * (_UNPACKED if request.body.startswith(GZIP_MAGIC) else 1)
    if size < _LARGE:
        return function(*arguments, **named)
    return await asyncio.to_thread(function, *arguments, **named)


class Acceptance:
    """Accepts the events of requests for all projects of a server."""

    def __init__(self, server: Server) -> None:
        self._projects = server.projects
        self._clock: Clock = server.clock
        self._captured = server.captured
        self.limit: int = server.settings.max_events_body
        """The most bytes of a body, unpacked."""

    def project(self, project_key: str) -> Project | None:
        """Return the project of a key; None if there is none.

        Raises:
            Refused: the project has had too many requests (503, because browsers give events up after 429).
        """
        project = self._projects.by_key(project_key)
        if project is not None:
            seconds = project.limit.refused_for()
            if seconds:
                again = ((b"retry-after", b"%d" % seconds),)
                message = "too many requests with this key"
                raise Refused(text_response(message, HTTPStatus.SERVICE_UNAVAILABLE, again))
        return project

    def receipt(
        self, request: Request, project: Project, sent_at: float | None, default_name: str = ""
    ) -> Receipt:
        """Return what a request says of all its events."""
        now = self._clock.wall()
        return Receipt(
            now,
            skew_of(sent_at, now),
            request.client,
            project.settings.client_addresses,
            default_name,
        )

    async def keep(self, project: Project, events: Sequence[Event], lane: str) -> list[bool]:
        """Keep the events of a project; return of each whether it is kept."""
        kept = await project.intake.keep(events, lane)
        if self._captured is not None:
            accepted = (event for event, is_kept in zip(events, kept, strict=True) if is_kept)
            self._captured.add(accepted, project=project.name, now=self._clock.wall())
        return kept
