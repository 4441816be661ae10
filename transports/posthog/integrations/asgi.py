"""posthog-python's ASGI middleware under its name, over ``ASGIMiddleware``.

``app.add_middleware(PosthogASGIMiddleware)``, or ``PosthogASGIMiddleware(app)``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ...context.asgi import ASGIMiddleware, Receive, Scope, Send
from .reporting import (
    IntegratedClient,
    IntegrationClient,
    passes_async,
    reads_headers,
    without_header_ids,
)

__all__ = ["PosthogASGIMiddleware"]


class PosthogASGIMiddleware(ASGIMiddleware):
    """Middleware around an ASGI application: a context for each request, reports of failures.

    Args:
        app: the application.
        client: the client that reports; None: the default client.
        capture_exceptions: whether failures are reported; None: as the client's
            ``enable_exception_autocapture`` says.
        request_filter: called with the scope, may be ``async def``; with False, the request gets no
            context.
        extra_properties: returns further properties for the scope, may be ``async def``.
        trust_tracing_headers: the older name of ``capture_tracing_headers``.
        capture_tracing_headers: whether the headers with the distinct id and session id are read.
    """

    def __init__(
        self,
        app: Callable[[Scope, Receive, Send], Awaitable[None]],
        client: IntegratedClient | None = None,
        capture_exceptions: bool | None = None,
        request_filter: Callable[[Scope], bool | Awaitable[bool]] | None = None,
        extra_properties: Callable[
            [Scope], Mapping[str, Any] | Awaitable[Mapping[str, Any] | None] | None
        ]
        | None = None,
        trust_tracing_headers: bool | None = None,
        *,
        capture_tracing_headers: bool | None = None,
    ) -> None:
        super().__init__(
            app,
            IntegrationClient(client, capture_exceptions),
            capture_exceptions=capture_exceptions is not False,
            tags=extra_properties,
        )
        self._unfiltered = app
        self._filter = request_filter
        self._reads_headers = reads_headers(capture_tracing_headers, trust_tracing_headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        is_request = scope.get("type") in ("http", "websocket")
        if is_request and not await passes_async(self._filter, scope):
            await self._unfiltered(scope, receive, send)
            return
        await super().__call__(scope, receive, send)

    def data(self, scope: Scope) -> dict[str, Any]:
        """Return what is known of a request."""
        known = super().data(scope)
        return known if self._reads_headers else without_header_ids(known)
