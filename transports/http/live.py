"""The network, through `requests`, which is imported at its first use.

`LiveTransport` adds to `requests`: a deadline for the whole request, a limit for the response's
size, redirects that keep method and body but send no credentials to another host, and the errors of
this package in place of foreign exceptions.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import InvalidRequestError, InvalidResponseError, RequestError
from .attempt import send_once, translated_error
from .base import Request, Response
from .deadline import Exchange, deadline
from .options import Certificate, HttpOptions, PathText
from .redirects import following

if TYPE_CHECKING:
    import requests

__all__ = ["LiveTransport"]

# Far above any valid response: the definitions of thousands of flags are a few MiB.
MAX_RESPONSE_BYTES = 64 * 1024 * 1024
# Enough for http -> https -> another host.
MAX_REDIRECTS = 5
DEFAULTS = HttpOptions()


class LiveTransport:
    """A transport that keeps connections open. Safe for threads and forks.

    Without a ``session``, the options of `HttpOptions` hold: ``proxy``, ``ca_file``,
    ``client_certificate``, ``pool_size``, ``reuse_connections``, ``idle_connection_timeout``,
    ``tcp_keep_alive`` and ``trust_env``. What they or the session say beats the environment.

    Args:
        max_response_bytes: the maximal size of a body, compressed or decompressed.
        verify: as in `requests`: False to trust every certificate, or a path, as ``ca_file``.
        session: a function that makes the `requests.Session`, called once in each process. Start
            from `flagengine.transports.http.session.make_session`, or mount its `DeadlineAdapter`:
            with other adapters, headers that arrive byte by byte can exceed a request's timeout, and
            a request is not repeated when its kept connection breaks.

    Raises:
        TypeError: an option has the wrong type.
        ValueError: an option cannot be used, or an option is given beside a session.

    >>> LiveTransport(proxy="proxy:3128")
    Traceback (most recent call last):
        ...
    ValueError: proxy must be a URL such as 'http://proxy:3128', got 'proxy:3128'
    """

    def __init__(
        self,
        *,
        proxy: str | None = None,
        ca_file: PathText | None = None,
        client_certificate: Certificate | None = None,
        pool_size: int = DEFAULTS.pool_size,
        reuse_connections: bool = DEFAULTS.reuse_connections,
        idle_connection_timeout: float | None = DEFAULTS.idle_connection_timeout,
        tcp_keep_alive: bool = DEFAULTS.tcp_keep_alive,
        trust_env: bool = DEFAULTS.trust_env,
        max_response_bytes: int = MAX_RESPONSE_BYTES,
        verify: bool | PathText = True,
        session: Callable[[], requests.Session] | None = None,
    ) -> None:
        if not isinstance(verify, bool):
            if ca_file is not None:
                msg = "ca_file and verify must not both be paths"
                raise ValueError(msg)
            ca_file, verify = verify, True
        self._options = HttpOptions(
            proxy=proxy,
            ca_file=ca_file,
            client_certificate=client_certificate,
            pool_size=pool_size,
            reuse_connections=reuse_connections,
            idle_connection_timeout=idle_connection_timeout,
            tcp_keep_alive=tcp_keep_alive,
            trust_env=trust_env,
        )
        if not verify and ca_file is not None:
            msg = "verify must be True beside a ca_file, got False"
            raise ValueError(msg)
        if session is not None and (self._options != DEFAULTS or not verify):
            msg = "a session of your own must have the options of HTTP itself, got some beside it"
            raise ValueError(msg)
        self._max_response_bytes = max_response_bytes
        self._verifies = verify
        self._make_session = session or self._default_session
        self._lock = threading.Lock()
        self._session: requests.Session | None = None
        self._pid = 0

    def request(self, request: Request, /) -> Response:
        """See ``Transport.request``."""
        _check_timeout(request)
        try:
            # The first call imports modules, which the server's time must not pay for.
            session = self._current_session()
            with deadline(request.timeout) as exchange:
                return self._follow(session, request, exchange)
        except RequestError:
            raise
        except Exception as error:  # noqa: BLE001 - all foreign exceptions are translated
            translated = translated_error(error, request)
        # Raised outside of the except block, because the foreign error, which may contain headers
        # and keys, would become its context.
        raise translated

    def _follow(self, session: requests.Session, request: Request, exchange: Exchange) -> Response:
        """Send the request, and again wherever a redirect leads."""
        response = self._send_twice(session, request, exchange)
        for _ in range(MAX_REDIRECTS):
            redirected = following(request, response)
            if redirected is None:
                return response
            request, status = redirected, response.status
            try:
                response = self._send_twice(session, request, exchange)
            except InvalidRequestError as error:
                refused = InvalidResponseError(
                    f"cannot follow a redirect to {error}", status=status
                )
            else:
                continue
            raise refused
        if following(request, response) is None:
            return response
        msg = f"too many redirects (more than {MAX_REDIRECTS})"
        raise InvalidResponseError(msg, status=response.status)

    def _send_twice(
        self, session: requests.Session, request: Request, exchange: Exchange
    ) -> Response:
        """Send the request; once more if it met a kept connection that the server had closed."""
        outcome = send_once(session, request, exchange, limit=self._max_response_bytes)
        if isinstance(outcome, RequestError) and _may_repeat(request, outcome, exchange):
            exchange.needs_fresh = True
            outcome = send_once(session, request, exchange, limit=self._max_response_bytes)
        if isinstance(outcome, RequestError):
            raise outcome
        return outcome

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

        session = make_session(self._options)
        if not self._verifies:
            session.verify = False
        return session

    def _notice_fork(self) -> None:
        pid = os.getpid()
        if self._pid != pid:
            # A thread of the parent may have held the lock at the fork.
            self._lock = threading.Lock()
            self._session, self._pid = None, pid


def _check_timeout(request: Request) -> None:
    timeout = request.timeout
    if not isinstance(timeout, int | float) or not math.isfinite(timeout):
        msg = f"timeout must be a finite number of seconds, got {timeout!r}"
        raise InvalidRequestError(msg)


def _may_repeat(request: Request, error: RequestError, exchange: Exchange) -> bool:
    """Return whether a request failed because its kept connection was dead: once in an exchange."""
    is_dead = exchange.is_on_kept and not exchange.is_answered and error.is_retryable
    return is_dead and request.is_repeatable and not exchange.needs_fresh
