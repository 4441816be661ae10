"""The network, through `requests`, which is imported at its first use.

`LiveTransport` adds to `requests`: a deadline for the whole request, a limit for the response's
size, redirects that keep method and body but send no credentials to another host, and the errors of
this package in place of foreign exceptions.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import (
    InvalidResponseError,
    RequestError,
    RequestTimeoutError,
    ResponseTooLargeError,
)
from .base import Request, Response
from .deadline import deadline
from .redaction import clean_header_value, redact_url
from .redirects import following
from .unpacking import ACCEPTED, unpack

if TYPE_CHECKING:
    import requests

__all__ = ["LiveTransport"]

# Far above any valid response: the definitions of thousands of flags are a few MiB.
MAX_RESPONSE_BYTES = 64 * 1024 * 1024
# Enough for http -> https -> another host.
MAX_REDIRECTS = 5
_CHUNK = 64 * 1024


class LiveTransport:
    """A transport that keeps connections open. Safe for threads and forks.

    Args:
        max_response_bytes: the maximal size of a body, compressed or decompressed.
        verify: as in `requests`: True, or the path of a CA bundle.
        session: a function that makes the `requests.Session`, called once in each process;
            ``verify`` is then ignored. Start from `flagengine.transports.http.session.make_session`,
            or mount its `DeadlineAdapter`: with other adapters, headers that arrive byte by byte can
            exceed a request's timeout.
    """

    def __init__(
        self,
        *,
        max_response_bytes: int = MAX_RESPONSE_BYTES,
        verify: bool | str = True,
        session: Callable[[], requests.Session] | None = None,
    ) -> None:
        self._max_response_bytes = max_response_bytes
        self._verify = verify
        self._make_session = session or self._default_session
        self._lock = threading.Lock()
        self._session: requests.Session | None = None
        self._pid = 0

    def request(self, request: Request, /) -> Response:
        """See ``Transport.request``."""
        session = self._current_session()
        with deadline(request.timeout) as at:
            for _ in range(MAX_REDIRECTS + 1):
                response = self._send(session, request, at)
                redirected = following(request, response)
                if redirected is None:
                    return response
                request = redirected
        msg = f"too many redirects (more than {MAX_REDIRECTS})"
        raise InvalidResponseError(msg, status=response.status)

    def prepare(self) -> None:
        """Import the modules that the first request needs.

        If a thread imports a module while another thread forks, the module stays half-imported in
        the child. So call this before threads send requests.
        """
        import encodings.idna  # noqa: PLC0415, F401 - needed by the first host name lookup

        self._current_session()

    def close(self) -> None:
        """Close the idle connections; a later request opens new ones."""
        self._notice_fork()
        with self._lock:
            session, self._session = self._session, None
        if session is not None:
            session.close()

    def _current_session(self) -> requests.Session:
        """Return the session; make a new session in the child of a fork, which must not share sockets."""
        from . import translation  # noqa: F401, PLC0415 - see `prepare`

        self._notice_fork()
        with self._lock:
            if self._session is None:
                self._session = self._make_session()
            return self._session

    def _default_session(self) -> requests.Session:
        from .session import make_session  # noqa: PLC0415 - takes 85 ms, so only at the first request

        return make_session(verify=self._verify)

    def _notice_fork(self) -> None:
        pid = os.getpid()
        if self._pid != pid:
            # A thread of the parent may have held the lock at the fork.
            self._lock = threading.Lock()
            self._session, self._pid = None, pid

    def _send(self, session: requests.Session, request: Request, at: float) -> Response:
        from .translation import translate  # noqa: PLC0415 - imports requests

        left = at - time.monotonic()
        if left <= 0:
            raise _too_late(request)
        try:
            with session.request(
                request.method,
                request.url,
                headers=_headers(request),
                data=request.body,
                timeout=left,
                allow_redirects=False,
                stream=True,
            ) as answer:
                return self._read(answer, request, at)
        except RequestError:
            raise
        except Exception as error:  # noqa: BLE001 - all exceptions of the library are translated
            translated = translate(error, request)
        # Raised outside of the except block, because the foreign error, which may contain headers
        # and keys, would become its context.
        raise translated

    def _read(self, answer: requests.Response, request: Request, at: float) -> Response:
        status, limit = answer.status_code, self._max_response_bytes
        body = bytearray()
        # `read1` returns the bytes that have arrived, so the deadline is checked after each piece.
        while piece := answer.raw.read1(_CHUNK, decode_content=False):
            body += piece
            if len(body) > limit:
                msg = f"response body must be at most {limit} bytes, got more"
                raise ResponseTooLargeError(msg, status=status)
            if time.monotonic() > at:
                raise _too_late(request)
        coding = answer.headers.get("content-encoding", "")
        unpacked = unpack(bytes(body), coding, limit=limit, status=status)
        return Response(status, dict(answer.headers), unpacked)


def _too_late(request: Request) -> RequestTimeoutError:
    url = redact_url(request.url)
    return RequestTimeoutError(f"no response within {request.timeout:g} s from {url}")


def _headers(request: Request) -> dict[str, str | bytes]:
    cleaned: dict[str, str | bytes] = {
        name: clean_header_value(value) for name, value in request.headers.items()
    }
    return {"Accept-Encoding": ACCEPTED, **cleaned}
