"""The real network, through `requests`, which is imported when it is first needed.

What `LiveTransport` adds to `requests`: one deadline for the whole request, bounded answers,
redirects that keep method and body but never carry credentials to another host, and our errors
instead of foreign ones.
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

# Definitions of thousands of flags are a few MiB; nothing legitimate comes near this.
MAX_RESPONSE_BYTES = 64 * 1024 * 1024
# Enough for http -> https -> another host.
MAX_REDIRECTS = 5
_CHUNK = 64 * 1024


class LiveTransport:
    """Keeps connections; safe for threads and forks. ``close`` lets the connections go.

    Args:
        max_response_bytes: the largest body that is accepted, sent or unpacked.
        verify: as in `requests`: True, or the path of a CA bundle.
        session: makes the `requests.Session`, once in each process; ``verify`` is then the
            session's own. Start from `flagengine.transports.http.session.make_session`, or mount
            its `DeadlineAdapter`: with other adapters, headers that arrive byte by byte can
            outlast a request's timeout.
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
        """Import now what the first request would.

        A thread that imports while another one forks leaves the child a module that is half
        imported forever: whoever sends from threads calls this before.
        """
        import encodings.idna  # noqa: PLC0415, F401 - for the first host name that is looked up

        self._current_session()

    def close(self) -> None:
        """Close the idle connections; a later request opens new ones."""
        self._notice_fork()
        with self._lock:
            session, self._session = self._session, None
        if session is not None:
            session.close()

    def _current_session(self) -> requests.Session:
        """Return the session, a new one in the child of a fork: sockets must not be shared."""
        from . import translation  # noqa: F401, PLC0415 - see `prepare`

        self._notice_fork()
        with self._lock:
            if self._session is None:
                self._session = self._make_session()
            return self._session

    def _default_session(self) -> requests.Session:
        from .session import make_session  # noqa: PLC0415 - 85 ms, paid at the first request

        return make_session(verify=self._verify)

    def _notice_fork(self) -> None:
        pid = os.getpid()
        if self._pid != pid:
            # A thread that only the parent has may hold the lock forever.
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
        except Exception as error:  # noqa: BLE001 - whatever the library raises is translated
            translated = translate(error, request)
        # Raised out here, so that it has no context: the foreign error may hold headers and keys.
        raise translated

    def _read(self, answer: requests.Response, request: Request, at: float) -> Response:
        status, limit = answer.status_code, self._max_response_bytes
        body = bytearray()
        # `read1` returns what has come, so that the deadline is looked at after every piece.
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
    return RequestTimeoutError(f"no answer within {request.timeout:g} s from {url}")


def _headers(request: Request) -> dict[str, str | bytes]:
    cleaned: dict[str, str | bytes] = {
        name: clean_header_value(value) for name, value in request.headers.items()
    }
    return {"Accept-Encoding": ACCEPTED, **cleaned}
