"""``/ofrep/v1/events``: tells providers of browsers by server-sent events that flags may have changed.

The events are those of OFREP's ADR-0008: a notice without flags, on which the provider asks again for all of
them. Each has an id, the name of the project's definitions. A browser sends the last id when it connects
again, and is told at once if it has missed a change.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote

from ...clock import Clock
from ...json_text import to_json
from ..changes import Changes
from ..project import Project, Projects
from ..web.request import Request
from ..web.response import Streamed
from .access import TOKEN, asked_project
from .revisions import Revisions

__all__ = ["PATH", "EventStreams", "streams_of"]

PATH: Final = "/ofrep/v1/events"

_HEADERS: Final = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
)
_RETRY: Final = b"retry: 3000\n"
_KEEP_ALIVE: Final = 25.0
_INACTIVITY: Final = 120
# Longer than a page takes from its first answer to its stream.
_JUST_NOW: Final = 30.0


@lru_cache(maxsize=1024)
def streams_of(project_key: str | None, prefix: str) -> bytes:
    """Return the member of the answer with all flags that names the project's stream, which never changes.

    The address has the project key, which is no secret, because a browser can send no header with it.
    """
    uri = quote(prefix) + PATH
    if project_key is not None:
        uri = f"{uri}?{TOKEN}={quote(project_key, safe='')}"
    stream = {
        "type": "sse",
        "endpoint": {"requestUri": uri},
        "inactivityDelaySec": _INACTIVITY,
    }
    return b'"eventStreams":[%b]' % to_json(stream)


class EventStreams:
    """The endpoint.

    Args:
        projects: the projects.
        changes: wakes the streams.
        revisions: the names of the states of definitions, which are the ids of events.
        clock: the source of the time.
        keep_alive: after how many seconds without an event a comment is sent, by which proxies and clients
            know that the stream lives.
    """

    def __init__(
        self,
        projects: Projects,
        changes: Changes,
        revisions: Revisions,
        *,
        clock: Clock,
        keep_alive: float = _KEEP_ALIVE,
    ) -> None:
        self._projects = projects
        self._changes = changes
        self._revisions = revisions
        self._clock = clock
        self._keep_alive = keep_alive

    def __call__(self, request: Request) -> Streamed:
        """Answer with a stream that ends when the client goes or the server stops."""
        project = asked_project(self._projects, request, takes_token=True)
        return Streamed(self._pieces(project, request.header(b"last-event-id")), _HEADERS)

    async def _pieces(self, project: Project, last_id: str | None) -> AsyncIterator[bytes]:
        with self._changes.watched() as changed:
            known = self._revisions.of(project)
            must_ask = self._is_just_loaded(project) if last_id is None else last_id != known
            yield _RETRY + (self._refetch(project, known) if must_ask else _hello(known))
            while not self._changes.is_closed:
                try:
                    async with asyncio.timeout(self._keep_alive):
                        await changed.wait()
                except TimeoutError:
                    yield b":\n\n"
                    continue
                changed.clear()
                now = self._revisions.of(project)
                if now is not None and now != known:
                    known = now
                    yield self._refetch(project, now)

    def _is_just_loaded(self, project: Project) -> bool:
        """Return whether the definitions may be newer than the answer that named the stream."""
        loaded_at = project.loader.store.current.loaded_at
        return loaded_at is not None and abs(self._clock.wall() - loaded_at) < _JUST_NOW

    @staticmethod
    def _refetch(project: Project, revision: str | None) -> bytes:
        data: dict[str, Any] = {"type": "refetchEvaluation"}
        if revision is not None:
            data["etag"] = revision
        loaded_at = project.loader.store.current.loaded_at
        if loaded_at is not None:
            data["lastModified"] = int(loaded_at)
        return _event(revision, data)


def _hello(revision: str | None) -> bytes:
    """Return an event that means nothing to a provider, and from which a browser has the id."""
    return _event(revision, {"type": "hello"})


def _event(revision: str | None, data: dict[str, Any]) -> bytes:
    name = b"" if revision is None else b"id: %b\n" % revision.encode()
    return b"%bevent: message\ndata: %b\n\n" % (name, to_json(data))
