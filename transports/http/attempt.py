"""One attempt of a request through a session of `requests`, within the exchange's deadline.

The attempt reads the body itself, up to a limit, and translates all exceptions. The module imports
`requests` only when an exception is translated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import RequestError, RequestTimeoutError, ResponseTooLargeError
from .base import Request, Response
from .deadline import Exchange
from .redaction import clean_header_value, redact_url
from .unpacking import ACCEPTED, unpack

if TYPE_CHECKING:
    import requests

__all__ = ["send_once", "translated_error"]

_CHUNK = 64 * 1024
_FINAL = 200


def send_once(
    session: requests.Session, request: Request, exchange: Exchange, *, limit: int
) -> Response | RequestError:
    """Return the response, with a body of at most ``limit`` bytes, or the attempt's error."""
    exchange.begin_attempt()
    if exchange.left <= 0:
        return _too_late(request)
    try:
        # Settings of the session are given again, because the environment's would replace them.
        with session.request(
            request.method,
            request.url,
            headers=_headers(request),
            data=request.body,
            auth=session.auth or _no_auth,
            proxies=dict(session.proxies),
            verify=session.verify,
            timeout=exchange.left,
            allow_redirects=False,
            stream=True,
        ) as answer:
            return _read(answer, request, exchange, limit)
    except RequestError as error:
        return error
    except Exception as error:  # noqa: BLE001 - all exceptions of the library are translated
        return translated_error(error, request, is_answered=exchange.is_answered)


def translated_error(
    error: Exception, request: Request, *, is_answered: bool = False
) -> RequestError:
    """Return the client's error for a foreign exception."""
    from .translation import translate  # noqa: PLC0415 - imports requests

    return translate(error, request, is_answered=is_answered)


def _read(answer: requests.Response, request: Request, exchange: Exchange, limit: int) -> Response:
    status = answer.status_code
    if status < _FINAL:
        # After an answer that is not final, the connection carries no other answer, or none of HTTP.
        answer.raw.close()
        return Response(status, dict(answer.headers), b"")
    body = bytearray()
    # `read1` returns the bytes that have arrived, so the deadline is checked after each piece.
    while piece := answer.raw.read1(_CHUNK, decode_content=False):
        body += piece
        if len(body) > limit:
            msg = f"response body must be at most {limit} bytes, got more"
            raise ResponseTooLargeError(msg, status=status)
        if exchange.left < 0:
            raise _too_late(request)
    coding = answer.headers.get("content-encoding", "")
    unpacked = unpack(bytes(body), coding, limit=limit, status=status)
    return Response(status, dict(answer.headers), unpacked)


def _no_auth(prepared: Any) -> Any:
    """Return the request: an auth for `requests`, which without one would read ``.netrc``."""
    return prepared


def _too_late(request: Request) -> RequestTimeoutError:
    url = redact_url(request.url)
    return RequestTimeoutError(f"no response within {request.timeout:g} s from {url}")


def _headers(request: Request) -> dict[str, str | bytes]:
    cleaned: dict[str, str | bytes] = {
        name: clean_header_value(value) for name, value in request.headers.items()
    }
    return {"Accept-Encoding": ACCEPTED, **cleaned}
