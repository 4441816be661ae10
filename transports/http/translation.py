"""Translation of the exceptions of requests and urllib3, which only this module knows.

The module imports `requests` and urllib3 for their public exception classes, so import it late.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from typing import Any

import requests.exceptions
import urllib3.exceptions

from ..errors import (
    ConnectError,
    ConnectionLostError,
    InvalidRequestError,
    RequestError,
    RequestTimeoutError,
    TLSError,
)
from .base import Request
from .redaction import redact_text, redact_url

__all__ = ["translate"]

_Kinds = tuple[type[Exception], ...]

_TIMEOUTS: _Kinds = (
    TimeoutError,
    requests.exceptions.Timeout,
    urllib3.exceptions.TimeoutError,
)
_INVALID: _Kinds = (
    UnicodeError,
    http.client.InvalidURL,
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.StreamConsumedError,
    requests.exceptions.URLRequired,
    requests.exceptions.UnrewindableBodyError,
    urllib3.exceptions.HeaderParsingError,
    urllib3.exceptions.InvalidHeader,
    urllib3.exceptions.LocationValueError,
    urllib3.exceptions.ProxySchemeUnsupported,
    urllib3.exceptions.UnrewindableBodyError,
)
_UNTRUSTED: _Kinds = (
    requests.exceptions.SSLError,
    ssl.SSLError,
    urllib3.exceptions.SSLError,
)
_NOT_CONNECTED: _Kinds = (
    ConnectionRefusedError,
    requests.exceptions.ProxyError,
    socket.gaierror,
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ProxyError,
)
# More specific kinds come first.
_TRANSLATIONS: tuple[tuple[_Kinds, type[RequestError]], ...] = (
    (_INVALID, InvalidRequestError),
    (_UNTRUSTED, TLSError),
    (_NOT_CONNECTED, ConnectError),
)


def translate(error: Exception, request: Request) -> RequestError:
    """Return the client's error, without the original, which may contain headers and keys."""
    where = redact_url(request.url)
    causes = _causes(error)
    if any(_is_timeout(cause) for cause in causes):
        return RequestTimeoutError(f"no response within {request.timeout:g} s from {where}")
    what = f"{type(error).__name__}: {redact_text(_innermost_text(causes))}"
    for kinds, translated in _TRANSLATIONS:
        if any(isinstance(cause, kinds) for cause in causes):
            return translated(f"{where}: {what}")
    return ConnectionLostError(f"{where}: {what}")


def _is_timeout(cause: BaseException) -> bool:
    # In urllib3, NewConnectionError is a subclass of a timeout error.
    return isinstance(cause, _TIMEOUTS) and not isinstance(cause, _NOT_CONNECTED)


def _causes(error: BaseException) -> list[BaseException]:
    """Return the exception and all exceptions in its causes, contexts, reasons and arguments."""
    found: list[BaseException] = []
    waiting: list[Any] = [error]
    while waiting:
        each = waiting.pop(0)
        if isinstance(each, BaseException) and each not in found:
            found.append(each)
            reason = getattr(each, "reason", None)
            waiting += [*each.args, reason, each.__cause__, each.__context__]
    return found


def _innermost_text(causes: list[BaseException]) -> str:
    """Return the operating system's message, which has no URL or header; else a class name."""
    for cause in causes:
        if isinstance(cause, OSError) and cause.strerror:
            return str(cause.strerror)
    return type(causes[-1]).__name__
