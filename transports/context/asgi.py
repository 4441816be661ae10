"""ASGI middleware: a context for each request or websocket, and reports of unhandled exceptions.

It is for FastAPI, Starlette, Quart, Django's ASGI application and any other. The application's
exceptions always propagate to the server. The module imports no event loop library.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from ..exceptions.request_exceptions import mark_as_servers
from .callbacks import Identify, RequestCallbacks, Tags
from .exception_reporter import ExceptionReporter, ReportingClient
from .headers import headers_of
from .http_request import request_data

__all__ = ["ASGIMiddleware"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
_SOURCE = "asgi.middleware"


class ASGIMiddleware:
    """Middleware around an ASGI application, with the arguments of ``WSGIMiddleware``.

    The argument of ``identify`` and ``tags`` is the scope; they may be ``async def``. A failing
    lifespan, such as a start-up that raises, is reported as well.

    Raises:
        TypeError: ``identify`` or ``tags`` cannot be called, or is an async generator function.
    """

    def __init__(
        self,
        app: Callable[[Scope, Receive, Send], Awaitable[None]],
        client: ReportingClient,
        *,
        capture_exceptions: bool = True,
        identify: Identify | None = None,
        tags: Tags | None = None,
        trust_forwarded_for: bool = True,
    ) -> None:
        self._app = app
        self._client = client
        self._report = ExceptionReporter(client, source=_SOURCE) if capture_exceptions else None
        names = ("ASGIMiddleware.identify", "ASGIMiddleware.tags")
        self._callbacks = RequestCallbacks(names, identify, tags)
        self._trusts_forwarded = trust_forwarded_for

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; pass other scopes on unchanged."""
        if scope.get("type") == "lifespan":
            await self._live(scope, receive, send)
            return
        if scope.get("type") not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        request = _Request(self._report, receive, send)
        known = await self._callbacks.add_to_async(self.data(scope), scope)
        with self._client.context(fresh=True, capture_exceptions=False, **known):
            try:
                await self._app(scope, request.receive, request.send)
            except BaseException as error:
                request.failed(error)
                raise

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the lifespan on.

        An application without a lifespan may raise at once, so only the failure of an application
        that has asked for an event is reported.
        """
        request = _Request(self._report, receive, send)
        try:
            await self._app(scope, request.receive, request.send)
        except BaseException as error:
            if request.has_received:
                request.failed(error)
            raise

    def data(self, scope: Scope) -> dict[str, Any]:
        """Return what is known of a request."""
        headers = list(scope.get("headers") or ())
        client = _address(scope.get("client"))
        return request_data(
            headers,
            method=scope.get("method"),
            url=_url(scope, headers),
            path=scope.get("path"),
            ip=client[0],
            trust_forwarded_for=self._trusts_forwarded,
        )


class _Request:
    """The state of a request or of the lifespan while the application runs."""

    def __init__(self, report: ExceptionReporter | None, receive: Receive, send: Send) -> None:
        self._report = report
        self._receive = receive
        self._send = send
        self._status: int | None = None
        self.has_received = False

    async def receive(self) -> Message:
        self.has_received = True
        try:
            return await self._receive()
        except OSError as error:
            mark_as_servers(error)
            raise

    async def send(self, message: Message) -> None:
        if message.get("type") == "http.response.start":
            self._status = message["status"]
        try:
            await self._send(message)
        except OSError as error:
            mark_as_servers(error)
            raise

    def failed(self, error: BaseException) -> None:
        if self._report is not None:
            self._report(error, self._status)


def _url(scope: Scope, headers: list[tuple[bytes, bytes]]) -> str | None:
    host = headers_of(headers).get("host") or _server(scope)
    if host is None:
        return None
    query = scope.get("query_string") or b""
    if not isinstance(query, str):
        query = bytes(query).decode("latin-1")
    # In ASGI, `path` includes the `root_path`.
    address = f"{scope.get('scheme') or 'http'}://{host}{scope.get('path') or ''}"
    return f"{address}?{query}" if query else address


def _server(scope: Scope) -> str | None:
    name, port = _address(scope.get("server"))
    return name if name is None or port is None else f"{name}:{port}"


def _address(pair: object) -> tuple[str | None, object]:
    """Return the host and the port of an address, as far as the server knows them."""
    if not isinstance(pair, list | tuple) or not pair or pair[0] is None:
        return None, None
    return str(pair[0]), pair[1] if len(pair) > 1 else None
