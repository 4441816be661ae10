"""ASGI middleware: a context for each request or websocket, and reports of unhandled exceptions.

It is for FastAPI, Starlette, Quart, Django's ASGI application and any other. The application's
exceptions always propagate to the server. The module imports no event loop library.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from .callbacks import Identify, Tags, with_callback_results
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

    The argument of ``identify`` and ``tags`` is the scope.
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
        self._identify = identify
        self._tags = tags
        self._trusts_forwarded = trust_forwarded_for

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; pass other scopes, such as the lifespan, on unchanged."""
        if scope.get("type") not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        status: list[int] = []

        async def sending(message: Message) -> None:
            if message.get("type") == "http.response.start":
                status.append(message["status"])
            await send(message)

        with self._client.context(fresh=True, capture_exceptions=False, **self._known(scope)):
            try:
                await self._app(scope, receive, sending)
            except BaseException as error:
                if self._report is not None:
                    self._report(error, status[0] if status else None)
                raise

    def _known(self, scope: Scope) -> dict[str, Any]:
        headers = list(scope.get("headers") or ())
        client = scope.get("client")
        data = request_data(
            headers,
            method=scope.get("method"),
            url=_url(scope, headers),
            path=scope.get("path"),
            ip=client[0] if client else None,
            trust_forwarded_for=self._trusts_forwarded,
        )
        return with_callback_results(data, scope, self._identify, self._tags)


def _url(scope: Scope, headers: list[tuple[bytes, bytes]]) -> str | None:
    host = headers_of(headers).get("host") or _server(scope)
    if host is None:
        return None
    query = bytes(scope.get("query_string") or b"").decode("latin-1")
    # In ASGI, `path` includes the `root_path`.
    address = f"{scope.get('scheme') or 'http'}://{host}{scope.get('path') or ''}"
    return f"{address}?{query}" if query else address


def _server(scope: Scope) -> str | None:
    server = scope.get("server")
    if not server:
        return None
    name, port = server
    return str(name) if port is None else f"{name}:{port}"
