"""The events of a server for development, to read: for end-to-end tests in any language, and for its page.

A test asks for an event and waits until it is there; the page has a stream of all.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import islice
from typing import Final

from ..web.request import Request
from ..web.response import JSON_TYPE, Refused, Response, Streamed, json_response, text_response
from .captured import Captured, CapturedEvent, Wanted

__all__ = ["CapturedEndpoint"]

_NO_STORE: Final = (b"cache-control", b"no-store")
_STREAM: Final = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    _NO_STORE,
    (b"x-accel-buffering", b"no"),
)
_LIMIT: Final = 100
_LONGEST_WAIT: Final = 60.0
_ALIVE: Final = 15.0
_COMMENT: Final = b": still here\n\n"


class CapturedEndpoint:
    """Answers with the latest events.

    Args:
        captured: the events.
        alive: the seconds after which a stream without events sends a comment, so that proxies keep it.
    """

    def __init__(self, captured: Captured, *, alive: float = _ALIVE) -> None:
        self._captured = captured
        self._alive = alive

    async def events(self, request: Request) -> Response:
        """Answer with events, the oldest first; DELETE forgets all.

        The query has ``event``, ``distinct_id``, ``since`` (a number from an earlier answer), ``limit`` and ``wait``:
        the seconds to wait if there is no such event yet.
        """
        captured = self._captured
        if request.method == "DELETE":
            return json_response({"deleted": captured.clear(), "next": captured.last})
        wanted, limit = _wanted(request), _number(request, "limit", _LIMIT)
        wait = min(float(_number(request, "wait", 0)), _LONGEST_WAIT)
        if wait:
            await captured.wait_for(wanted, 1, wait)
        found = list(islice(captured.find(wanted), limit))
        # After less than the limit, there is nothing more up to the newest event of all.
        following = found[-1].number if found and len(found) == limit else captured.last
        body = b'{"events":[%b],"next":%d,"forgotten":%d}' % (
            b",".join(event.json for event in found),
            max(following, wanted.since),
            captured.forgotten,
        )
        return Response(200, body, (JSON_TYPE, _NO_STORE))

    async def stream(self, request: Request) -> Streamed:
        """Answer with server-sent events, one for each event from now on, or after ``since``."""
        wanted = _wanted(request)
        last = request.header(b"last-event-id")
        if last is not None and _is_number(last):
            wanted = wanted._replace(since=int(last))
        elif "since" not in request.query:
            wanted = wanted._replace(since=self._captured.last)
        return Streamed(self._pieces(wanted), _STREAM)

    async def _pieces(self, wanted: Wanted) -> AsyncIterator[bytes]:
        changes = self._captured.changes
        with changes.watched() as changed:
            # At once, so that the browser knows that the stream is open.
            yield _COMMENT
            while not changes.is_closed:
                found = list(self._captured.find(wanted))
                if found:
                    yield b"".join(map(_server_sent, found))
                    wanted = wanted._replace(since=found[-1].number)
                try:
                    async with asyncio.timeout(self._alive):
                        await changed.wait()
                except TimeoutError:
                    yield _COMMENT
                changed.clear()


def _server_sent(event: CapturedEvent) -> bytes:
    # The JSON is on one line: line feeds in it are written as escapes.
    return b"id: %d\nevent: captured\ndata: %b\n\n" % (event.number, event.json)


def _wanted(request: Request) -> Wanted:
    query = request.query
    since = _number(request, "since", 0)
    return Wanted(since, query.get("event") or None, query.get("distinct_id") or None)


def _number(request: Request, name: str, otherwise: int) -> int:
    text = request.query.get(name, "")
    if not text:
        return otherwise
    if not _is_number(text):
        message = f"{name} must be a whole number, got {text[:40]!r}"
        raise Refused(text_response(message, 400))
    return int(text)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 15
