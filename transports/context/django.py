"""Django middleware, synchronous and asynchronous: a context per request, exception reports.

Django turns exceptions into responses before any outer middleware sees them, so this middleware
gets them from ``process_exception``. In ``settings.py``::

    MIDDLEWARE = [..., "flagengine.transports.context.django.FlagengineMiddleware"]
    FLAGENGINE_CLIENT = client                      # or its dotted path
    FLAGENGINE_CAPTURE_EXCEPTIONS = True
    FLAGENGINE_IDENTIFY = lambda request: ...       # the id of the logged-in user, or None
    FLAGENGINE_TAGS = lambda request: {...}

Put it below the authentication middleware if ``FLAGENGINE_IDENTIFY`` uses ``request.user``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils.module_loading import import_string

from .callbacks import with_callback_results
from .exception_reporter import ExceptionReporter
from .generators import StepContext, stepped, stepped_async
from .http_request import request_data
from .state import resumer

__all__ = ["FlagengineMiddleware"]

_SOURCE = "django.middleware"
# Django turns these into responses with a status below 500, which are not failures.
_ANSWERS = (Http404, PermissionDenied, SuspiciousOperation, BadRequest)


class FlagengineMiddleware:
    """Middleware that serves each request in a context. Django makes one instance per process."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._get_response = get_response
        client: Any = getattr(settings, "FLAGENGINE_CLIENT", None)
        self._client: Any = import_string(client) if isinstance(client, str) else client
        self._report = ExceptionReporter(self._client, source=_SOURCE)
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Serve a request."""
        if self._is_async:
            return self._serve_async(request)
        if self._client is None:
            return self._get_response(request)  # type: ignore[no-any-return]
        with self._context(request):
            return _streamed(self._get_response(request), self._report_error)

    async def _serve_async(self, request: HttpRequest) -> HttpResponseBase:
        if self._client is None:
            return await self._get_response(request)  # type: ignore[no-any-return]
        with self._context(request):
            return _streamed(await self._get_response(request), self._report_error)

    def process_exception(self, _request: HttpRequest, exception: Exception) -> None:
        """Report an exception of a view; Django then handles the exception."""
        if self._client is not None and not isinstance(exception, _ANSWERS):
            self._report_error(exception, 500)

    def _report_error(self, error: BaseException, status: int | None = None) -> None:
        if getattr(settings, "FLAGENGINE_CAPTURE_EXCEPTIONS", True):
            self._report(error, status)

    def _context(self, request: HttpRequest) -> Any:
        data = request_data(
            request.headers,
            method=request.method,
            url=_url(request),
            path=request.path,
            ip=request.META.get("REMOTE_ADDR"),
        )
        identify = getattr(settings, "FLAGENGINE_IDENTIFY", None)
        known = with_callback_results(
            data, request, identify, getattr(settings, "FLAGENGINE_TAGS", None)
        )
        return self._client.context(fresh=True, capture_exceptions=False, **known)


def _url(request: HttpRequest) -> str | None:
    try:
        return request.build_absolute_uri()
    except SuspiciousOperation:  # a Host header that is not allowed
        return None


def _streamed(response: Any, report: Callable[[BaseException], object]) -> HttpResponseBase:
    """Return the response; run the generator of a streamed response in the request's context."""
    # The server sends a file itself, without application code.
    if not response.streaming or getattr(response, "file_to_stream", None) is not None:
        return response  # type: ignore[no-any-return]
    content, step = response.streaming_content, partial(StepContext, resumer(), report)

    def pieces() -> Iterator[Any]:
        yield from content

    async def async_pieces() -> AsyncIterator[Any]:
        async for piece in content:
            yield piece

    if getattr(response, "is_async", False):
        response.streaming_content = stepped_async(async_pieces, lambda: step)()
    else:
        response.streaming_content = stepped(pieces, lambda: step)()
    return response  # type: ignore[no-any-return]
