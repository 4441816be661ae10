"""The ASGI application: finds the route, reads the body, asks the endpoint, and sends the answer.

Whatever an endpoint raises becomes an answer, and every answer has the cross-origin headers, because a
browser shows its program nothing of an answer without them.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from time import perf_counter
from typing import Any, Final, NamedTuple, TypeAlias

from ..application_errors import log_error
from .access_log import AccessLog
from .metrics import RequestMetrics
from .web.body import read_body
from .web.cors import CrossOrigin
from .web.remembering import remembering
from .web.request import Request
from .web.response import Refused, Response, Streamed, text_response
from .web.routes import Answer, Route, Routes, clean_path
from .web.streams import REFUSED, OpenStreams

__all__ = ["ASGI", "UNKNOWN_ROUTE", "Application", "path_below"]

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]

ASGI: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

_log = logging.getLogger("flagengine.server")

UNKNOWN_ROUTE: Final = "(unknown)"
"""What metrics and logs call paths without a route, because their names have no end."""


_ANSWERS: Final = (Response, Streamed)
_NOTHING: Final = "there is nothing at this path"


class _Place(NamedTuple):
    """Where a path leads: nowhere without a route; a path that is not below the prefix is ""."""

    path: str
    route: Route | None
    arguments: tuple[str, ...]


_NOWHERE: Final = _Place("", None, ())


class Application:
    """The application of all routes.

    Args:
        routes: the routes.
        cross_origin: the rules for browsers.
        prefix: the path that all routes are under, such as ``/ph``; "" for none.
        request_timeout: the seconds that a body may take to arrive.
        on_start: called once, in the event loop, before the first request.
        on_stop: awaited once, after the last request.
        metrics: counts the requests.
        access_log: notes the requests.
        streams: bounds the streams; without it there may be any number.
        why_absent: returns why a path has no endpoint, for people; None if there is nothing to say.
    """

    def __init__(
        self,
        routes: Routes,
        *,
        cross_origin: CrossOrigin,
        prefix: str = "",
        request_timeout: float = 10.0,
        on_start: Callable[[], Awaitable[None]] | None = None,
        on_stop: Callable[[], Awaitable[None]] | None = None,
        metrics: RequestMetrics | None = None,
        access_log: AccessLog | None = None,
        streams: OpenStreams | None = None,
        why_absent: Callable[[str], str | None] = lambda _path: None,
    ) -> None:
        self._routes = routes
        self._of_raw_path = remembering(self._find_raw)
        self._cross_origin = cross_origin
        self._prefix = prefix.rstrip("/")
        self._request_timeout = request_timeout
        self._on_start = on_start
        self._on_stop = on_stop
        self._metrics = metrics or RequestMetrics()
        self._access_log = access_log
        self._streams = streams or OpenStreams(sys.maxsize)
        self._why_absent = why_absent

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or start and stop."""
        kind = scope["type"]
        if kind == "http":
            await self._answer(scope, receive, send)
        elif kind == "lifespan":
            await self._live(receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1000})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = perf_counter()
        path, route, arguments = self._place(scope)
        client = scope.get("client")
        request = Request(
            scope["method"],
            path,
            query_string=scope["query_string"],
            headers=scope["headers"],
            client=client[0] if client else None,
            arguments=arguments,
            prefix=self._prefix or scope.get("root_path", "").rstrip("/"),
        )
        answer = self._absent(path) if route is None else await self._from(route, request, receive)
        headers = [*answer.headers, *self._cross_origin.headers(request.field(b"origin"))]
        if isinstance(answer, Streamed):
            with self._streams.opened():
                await _stream(answer, headers, receive, send)
            status, size = 200, 0
        else:
            status, body, _ = answer
            size = len(body)
            if status not in (204, 304):
                headers.append((b"content-length", b"%d" % size))
            if request.method == "HEAD":
                body = b""
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": body})
        seconds = perf_counter() - started
        label = UNKNOWN_ROUTE if route is None else route.label
        self._metrics.count(label, status, seconds)
        if self._access_log is not None:
            self._access_log.note(scope, label, status, size, seconds)

    def _place(self, scope: Scope) -> _Place:
        """Return where the path of a request leads; most paths have led there before."""
        raw = scope.get("raw_path")
        if raw is None or (scope.get("root_path") and not self._prefix):
            return self._find(path_below(self._prefix, scope))
        return self._of_raw_path(raw)

    def _find_raw(self, raw: bytes) -> _Place:
        return self._find(path_below(self._prefix, {"raw_path": raw}))

    def _find(self, path: str | None) -> _Place:
        found = None if path is None else self._routes.find(path)
        if path is None:
            return _NOWHERE
        return _Place(path, None, ()) if found is None else _Place(path, *found)

    def _absent(self, path: str) -> Response:
        return text_response(self._why_absent(path) or _NOTHING, HTTPStatus.NOT_FOUND)

    async def _from(self, route: Route, request: Request, receive: Receive) -> Answer:
        method = request.method
        try:
            if method not in route.methods:
                if method == "OPTIONS":
                    return self._cross_origin.preflight(request, route.allowed)
                allow = ((b"allow", route.allowed.encode()),)
                return text_response(f"{method} is not answered here", 405, allow)
            if method not in ("GET", "HEAD"):
                request.body = await read_body(
                    receive,
                    request.field(b"content-length"),
                    limit=route.max_body,
                    seconds=self._request_timeout,
                )
            answer = route.endpoint(request)
            answer = answer if isinstance(answer, _ANSWERS) else await answer
        except Refused as refusal:
            return refusal.response
        except Exception:  # noqa: BLE001 - whatever it is becomes an answer, and the log has it
            log_error(_log, "answering a request failed unexpectedly")
            return text_response("the server failed; its log says why", 500)
        if isinstance(answer, Streamed) and self._streams.is_full:
            return REFUSED
        return answer

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            kind = (await receive())["type"]
            step = self._on_start if kind == "lifespan.startup" else self._on_stop
            try:
                if step is not None:
                    await step()
            except Exception:  # noqa: BLE001 - the program around the application decides
                log_error(_log, "%s failed", kind)
                await send({"type": f"{kind}.failed", "message": "the log says why"})
                return
            await send({"type": f"{kind}.complete"})
            if kind == "lifespan.shutdown":
                return


def path_below(prefix: str, scope: Scope) -> str | None:
    """Return the clean path below a prefix, or else below that of the scope; None if it is not below it."""
    raw = scope.get("raw_path")
    path = scope["path"] if raw is None else raw.partition(b"?")[0].decode("latin-1")
    path = clean_path(path)
    mounted = prefix or scope.get("root_path", "").rstrip("/")
    if not mounted:
        return path
    if path == mounted or path.startswith(f"{mounted}/"):
        return path[len(mounted) :] or "/"
    return None if prefix else path


async def _stream(
    answer: Streamed, headers: list[tuple[bytes, bytes]], receive: Receive, send: Send
) -> None:
    """Send the pieces until they end or the client goes, which ``send`` does not say."""
    sending = asyncio.create_task(_send_pieces(answer, headers, send))
    going = asyncio.create_task(_gone(receive))
    try:
        await asyncio.wait((sending, going), return_when=asyncio.FIRST_COMPLETED)
        if sending.done():
            sending.result()
    finally:
        for task in (sending, going):
            task.cancel()
        await asyncio.wait((sending, going))


async def _send_pieces(answer: Streamed, headers: list[tuple[bytes, bytes]], send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    try:
        async for piece in answer.pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        close = getattr(answer.pieces, "aclose", None)
        if close is not None:
            await close()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
