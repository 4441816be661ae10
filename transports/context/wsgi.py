"""WSGI middleware: a context for each request, and reports of unhandled exceptions.

>>> def application(environ, start_response): ...
>>> wrapped = WSGIMiddleware(application, client=None)  # doctest: +SKIP

A streamed response runs in the request's context as well. The application's exceptions always
propagate to the server. Flask and Django turn exceptions into responses before this middleware sees
them: see ``flask`` and ``django``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from .callbacks import Identify, RequestCallbacks, Tags
from .exception_reporter import ExceptionReporter, ReportingClient
from .generators import StepContext
from .http_request import request_data
from .state import Resumed, resumer

__all__ = ["WSGIMiddleware", "environ_headers"]

Environ = dict[str, Any]
_SOURCE = "wsgi.middleware"


class WSGIMiddleware:
    """Middleware around a WSGI application: Flask, Django, Pyramid, Bottle and any other.

    Args:
        app: the application.
        client: the client that captures events.
        capture_exceptions: whether failures that leave the application are reported.
        identify: returns the authenticated user's id, which beats the header; None if unknown.
        tags: returns further properties for each event of the request.
        trust_forwarded_for: whether to take the client's address from ``X-Forwarded-For``.

    Raises:
        TypeError: ``identify`` or ``tags`` is ``async def``, which nobody awaits here.
    """

    def __init__(
        self,
        app: Callable[..., Iterable[bytes]],
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
        names = ("WSGIMiddleware.identify", "WSGIMiddleware.tags")
        self._callbacks = RequestCallbacks(names, identify, tags)
        self._trusts_forwarded = trust_forwarded_for

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Serve a request."""
        request = _Request(self._report, start_response)
        with self._client.context(fresh=True, capture_exceptions=False, **self._known(environ)):
            try:
                response = self._app(environ, request.start_response)
            except BaseException as error:
                request.failed(error)
                raise
            if _is_passed_on(response, environ):
                return response
            return _Streamed(response, request, resumer())

    def _known(self, environ: Environ) -> dict[str, Any]:
        data = request_data(
            environ_headers(environ),
            method=environ.get("REQUEST_METHOD"),
            url=_url(environ),
            path=_path(environ),
            ip=environ.get("REMOTE_ADDR"),
            trust_forwarded_for=self._trusts_forwarded,
        )
        return self._callbacks.add_to(data, environ)


class _Request:
    """The state of a request while it is served."""

    def __init__(
        self, report: ExceptionReporter | None, start_response: Callable[..., Any]
    ) -> None:
        self._report = report
        self._start_response = start_response
        self._status: int | None = None

    def start_response(self, status: str, headers: Any, *exc_info: Any) -> Any:
        self._status = _status_code(status)
        return self._start_response(status, headers, *exc_info)

    def failed(self, error: BaseException) -> None:
        if self._report is not None:
            self._report(error, self._status)


class _Streamed:
    """A response whose chunks are generated in the request's context."""

    def __init__(
        self, response: Iterable[bytes], request: _Request, resumed: Callable[[], Resumed]
    ) -> None:
        self._response = response
        self._request = request
        self._resumed = resumed
        self._pieces: Iterator[bytes] | None = None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return self._run(self._advance)  # type: ignore[no-any-return]

    def close(self) -> None:
        """Close the response, as servers do at the end."""
        close = getattr(self._response, "close", None)
        if close is not None:
            self._run(close)

    def _advance(self) -> bytes:
        if self._pieces is None:
            self._pieces = iter(self._response)
        return next(self._pieces)

    def _run(self, step: Callable[[], Any]) -> Any:
        with StepContext(self._resumed, self._request.failed):
            return step()


def environ_headers(environ: Mapping[str, Any]) -> dict[str, Any]:
    """Return the headers in a WSGI environment, by their usual names."""
    return {
        name[5:].replace("_", "-"): _text(value)
        for name, value in environ.items()
        if isinstance(name, str) and name.startswith("HTTP_")
    }


def _is_passed_on(response: object, environ: Environ) -> bool:
    """Return whether the response is a file wrapper of the server, or runs no application code."""
    wrapper = environ.get("wsgi.file_wrapper")
    is_file = isinstance(wrapper, type) and isinstance(response, wrapper)
    return is_file or isinstance(response, list | tuple)


def _text(value: object) -> object:
    """Return text decoded as UTF-8 if possible, because PEP 3333 passes bytes as Latin-1 text."""
    try:
        return value.encode("latin-1").decode() if isinstance(value, str) else value
    except UnicodeError:
        return value


def _path(environ: Environ) -> str:
    return str(_text(f"{environ.get('SCRIPT_NAME', '')}{environ.get('PATH_INFO', '')}"))


def _url(environ: Environ) -> str | None:
    host = environ.get("HTTP_HOST") or environ.get("SERVER_NAME")
    if not host:
        return None
    query = environ.get("QUERY_STRING")
    address = f"{environ.get('wsgi.url_scheme', 'http')}://{host}{_path(environ)}"
    return f"{address}?{query}" if query else address


def _status_code(status: object) -> int | None:
    number = str(status)[:3]
    return int(number) if number.isdecimal() else None
