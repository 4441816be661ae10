"""Django middleware, synchronous and asynchronous: a context per request, exception reports.

In ``settings.py``::

    MIDDLEWARE = [..., "flagengine.transports.context.django.FlagengineMiddleware"]
    FLAGENGINE_CLIENT = client                      # or its dotted path; None turns it off
    FLAGENGINE_CAPTURE_EXCEPTIONS = True
    FLAGENGINE_IDENTIFY = lambda request: ...       # the id of the logged-in user, or None
    FLAGENGINE_TAGS = lambda request: {...}

``FLAGENGINE_IDENTIFY`` and ``FLAGENGINE_TAGS`` may be dotted paths, and ``async def``. Put the
middleware below the authentication middleware if they use ``request.user``, which works under ASGI
too: there, a plain function is called on Django's thread for synchronous code.

Django turns exceptions into responses before any middleware sees them. So this middleware gets a
view's exceptions from ``process_exception``, and all others that Django answers with 500 from the
signal ``got_request_exception``: those of middleware above and below, and of views without a response.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from typing import Any

from flagengine import extra_for

from ..application_callbacks import is_async
from ..exceptions.control_flow import Place
from ..exceptions.request_exceptions import origin_of
from .exception_reporter import ExceptionReporter
from .generators import StepContext, stepped, stepped_async
from .http_request import request_data
from .state import resumer

with extra_for("the Django middleware"):
    from asgiref.sync import (
        async_to_sync,
        iscoroutinefunction,
        markcoroutinefunction,
        sync_to_async,
    )
    from django.core.exceptions import SuspiciousOperation
    from django.core.signals import got_request_exception
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from .django_settings import MiddlewareSettings, read_settings

__all__ = ["FlagengineMiddleware"]

_SOURCE = "django.middleware"
_SERVED = "_flagengine_served"


class FlagengineMiddleware:
    """Middleware that serves each request in a context. Django makes one instance per handler.

    Raises:
        ImproperlyConfigured: a setting is missing, misspelt or of the wrong type.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._get_response = get_response
        given = self.settings()
        self._client = given.client
        self._callbacks = given.callbacks
        self._report = (
            ExceptionReporter(given.client, source=_SOURCE)
            if given.client is not None and given.captures_exceptions
            else None
        )
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)
        _latest[:] = [weakref.ref(self)]
        got_request_exception.connect(_answered_500, dispatch_uid=_SOURCE)

    def settings(self) -> MiddlewareSettings:
        """Return the project's settings."""
        return read_settings()

    def serves(self, request: HttpRequest) -> bool:  # noqa: ARG002 - for subclasses
        """Return whether the request gets a context, and its exceptions are reported."""
        return self._client is not None

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Serve a request."""
        if self._is_async:
            return self._serve_async(request)
        if not self.serves(request):
            return self._get_response(request)  # type: ignore[no-any-return]
        known = self._callbacks.add_to(_data(request), request, _waited)
        with self._context(known):
            served = self._begin(request)
            try:
                return _streamed(self._get_response(request), served.failed)
            except BaseException as error:
                served.failed(error)
                raise

    async def _serve_async(self, request: HttpRequest) -> HttpResponseBase:
        if not self.serves(request):
            return await self._get_response(request)  # type: ignore[no-any-return]
        known = await self._callbacks.add_to_async(_data(request), request, _called)
        with self._context(known):
            served = self._begin(request)
            try:
                return _streamed(await self._get_response(request), served.failed)
            except BaseException as error:
                served.failed(error)
                raise

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """Report an exception of a view; Django then handles the exception."""
        self.served(request).failed(exception, 500)

    def served(self, request: HttpRequest | None) -> _Served:
        """Return the state of a request; a new one if it failed above this middleware."""
        if request is None:
            return _Served(self._report)
        if not self.serves(request):
            return _Served(None)
        found = vars(request).get(_SERVED)
        if isinstance(found, _Served):
            return found
        with self._context(_data(request)):
            return self._begin(request)

    def _context(self, known: dict[str, Any]) -> Any:
        return self._client.context(fresh=True, capture_exceptions=False, **known)

    def _begin(self, request: HttpRequest) -> _Served:
        """Return the state of the request whose context is active."""
        served = _Served(self._report)
        vars(request)[_SERVED] = served
        return served


class _Served:
    """The state of a request: its context, and the exceptions that were reported for it."""

    def __init__(self, report: ExceptionReporter | None) -> None:
        self._report = report
        self._resumed = resumer()
        self._reported: set[object] = set()

    def failed(
        self, error: BaseException, status: int | None = None, place: Place = Place.REQUEST
    ) -> None:
        """Report an exception once, however many layers of middleware see it.

        Each layer calls a failing ``handler500`` again, so exceptions that were raised by the same
        line count as one.
        """
        if self._report is None or origin_of(error) in self._reported:
            return
        with self._resumed():
            if self._report(error, status, place=place):
                self._reported.add(origin_of(error))


_latest: list[weakref.ref[FlagengineMiddleware]] = []


def _answered_500(request: HttpRequest | None = None, **_: object) -> None:
    """Report the exception that Django answers with 500, also from middleware above this one."""
    middleware = _latest[0]() if _latest else None
    error = sys.exc_info()[1]
    if middleware is not None and error is not None:
        middleware.served(request).failed(error, 500, Place.ANSWERED)


def _waited(awaitable: Awaitable[Any]) -> Any:
    async def result() -> Any:
        return await awaitable

    return async_to_sync(result)()


async def _called(callback: Callable[[Any], Any], request: object) -> Any:
    """Call a callback; a synchronous one on the thread where it may use the database."""
    if is_async(callback):
        return callback(request)

    def called() -> Any:
        try:
            return callback(request)
        except StopIteration as error:  # asyncio would wait for ever
            msg = "the callback raised StopIteration"
            raise RuntimeError(msg) from error

    return await sync_to_async(called)()


def _data(request: HttpRequest) -> dict[str, Any]:
    return request_data(
        request.headers,
        method=request.method,
        url=_url(request),
        path=request.path,
        ip=request.META.get("REMOTE_ADDR"),
    )


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
