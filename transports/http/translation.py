"""Translation of the exceptions of requests and urllib3, which only this module knows.

The module imports `requests` and urllib3 for their public exception classes, so import it late.
"""

from __future__ import annotations

import email.errors
import http.client
import re
import socket
import ssl
from typing import Any

import requests.exceptions
import urllib3.exceptions

from flagengine import printable

from ..errors import (
    ConnectError,
    ConnectionLostError,
    InvalidRequestError,
    RequestError,
    RequestTimeoutError,
    TLSError,
)
from .base import Request
from .lookups import LookUpTimeoutError
from .redaction import redact_text, redact_url

__all__ = ["translate"]

_Kinds = tuple[type[Exception], ...]

# What urllib3 puts before its sentences: "<urllib3.connection.HTTPConnection object at 0x7f...>: ".
_OBJECT = re.compile(r"<[\w.]+ object at 0x[0-9a-f]+>:?\s*")

_TIMEOUTS: _Kinds = (
    TimeoutError,
    requests.exceptions.Timeout,
    # No connection of the pool became free.
    urllib3.exceptions.EmptyPoolError,
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
_BROKEN: _Kinds = (
    email.errors.MessageDefect,
    http.client.HTTPException,
    requests.exceptions.RequestException,
    urllib3.exceptions.HTTPError,
)
_NOT_CONNECTED: _Kinds = (
    ConnectionRefusedError,
    requests.exceptions.ProxyError,
    socket.gaierror,
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ProxyError,
)
# urllib3's sentence shows what it takes for host and port, such as the half of a password.
_NO_HOST = re.compile(r"'[^']*' is not a valid host or port")
# The exceptions of Python itself, for a method, a header or a body that cannot be sent.
_REFUSED: _Kinds = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError)
# More specific kinds come first.
_TRANSLATIONS: tuple[tuple[_Kinds, type[RequestError]], ...] = (
    (_INVALID, InvalidRequestError),
    (_UNTRUSTED, TLSError),
    (_NOT_CONNECTED, ConnectError),
    (_BROKEN, ConnectionLostError),
    (_REFUSED, InvalidRequestError),
)
# The characters of a library's sentence in a message.
_MOST_CHARACTERS = 300


def translate(error: Exception, request: Request, *, is_answered: bool = False) -> RequestError:
    """Return the client's error, without the original, which may contain headers and keys.

    ``is_answered`` says that a part of the response had arrived, so the request was no invalid one.
    """
    where = redact_url(request.url)
    causes = _causes(error)
    slow = next((cause for cause in causes if _is_timeout(cause)), None)
    if slow is not None:
        detail = _details(causes, (LookUpTimeoutError, urllib3.exceptions.EmptyPoolError))
        return RequestTimeoutError(f"no response within {request.timeout:g} s from {where}{detail}")
    message = f"{where}: {_sentence(error, causes)}"
    found = _unnumbered(error, causes)
    if found is None:
        kinds = (to for kinds, to in _TRANSLATIONS if _has(causes, kinds))
        found = next(kinds, ConnectionLostError)
    if is_answered and issubclass(found, InvalidRequestError):
        found = ConnectionLostError
    return found(message)


def _unnumbered(error: Exception, causes: list[BaseException]) -> type[RequestError] | None:
    """Return the kind of an ``OSError`` that a library raises itself, without an error number."""
    if type(error) is OSError and error.errno is None:
        # requests: a file of certificates does not exist.
        return TLSError
    if any(_text(cause).startswith("Tunnel connection failed") for cause in causes):
        # http.client: the proxy refused to connect.
        return ConnectError
    return None


def _has(causes: list[BaseException], kinds: _Kinds) -> bool:
    return any(isinstance(cause, kinds) for cause in causes)


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


def _details(causes: list[BaseException], kinds: _Kinds) -> str:
    """Return what the first exception of these kinds says, in brackets."""
    texts = (_clean(_text(cause)) for cause in causes if isinstance(cause, kinds))
    return next((f" ({text})" for text in texts), "")


def _sentence(error: Exception, causes: list[BaseException]) -> str:
    """Return the exception's name, and what the operating system or the library says.

    The message of the operating system is preferred, because it has no URL or header.
    """
    name = type(error).__name__
    for cause in causes:
        if isinstance(cause, OSError) and cause.strerror:
            return f"{name}: {_clean(str(cause.strerror))}"
    for cause in reversed(causes):
        text = _clean(_text(cause))
        if text:
            return f"{name}: {text}"
    return name if type(causes[-1]) is type(error) else f"{name}: {type(causes[-1]).__name__}"


def _text(cause: BaseException) -> str:
    try:
        return str(cause)
    except Exception:  # noqa: BLE001 - an exception whose text cannot be made has none
        return ""


def _clean(text: str) -> str:
    """Return the text on one line, without keys and addresses of objects, with control characters escaped."""
    shown = _NO_HOST.sub("the host or port is not valid", _OBJECT.sub("", redact_text(text)))
    return printable(" ".join(shown.split()))[:_MOST_CHARACTERS]
