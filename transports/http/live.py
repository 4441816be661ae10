"""The real network, through ``requests``, which is imported when it is first needed.

What it adds to ``requests``: one deadline for the whole request, bounded answers, redirects that
keep method and body but never carry credentials to another host, no cookies, no ``.netrc``
credentials, and our errors instead of foreign ones (``translate``: the only place).
"""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from ..errors import (
    ConnectError,
    ConnectionLostError,
    InvalidRequestError,
    InvalidResponseError,
    RequestError,
    RequestTimeoutError,
    ResponseTooLargeError,
    TLSError,
)
from .base import Request, Response
from .deadline import deadline, install
from .redaction import clean_header_value, redact_text, redact_url
from .unpacking import ACCEPTED, unpack

if TYPE_CHECKING:
    import requests
    from requests.adapters import HTTPAdapter

__all__ = ["LiveTransport", "translate"]

# Ours: definitions of thousands of flags are a few MiB; nothing legitimate comes near this.
MAX_RESPONSE_BYTES = 64 * 1024 * 1024
# Ours: enough for http -> https -> another host.
MAX_REDIRECTS = 5
# Ours: lanes, flags and definitions at once, from several threads.
POOL_SIZE = 16
_CHUNK = 64 * 1024
# 303 asks for a GET of something else and is not followed; the others keep method and body here,
# because a POST that turns into a GET loses its events and still answers 200.
_REDIRECTS = frozenset({301, 302, 307, 308})
_CREDENTIALS = frozenset({"authorization", "proxy-authorization", "cookie"})


class LiveTransport:
    """Keeps connections; safe for threads and forks. ``close`` lets the connections go.

    ``verify`` is ``requests``' own: True, or the path of a CA bundle.
    """

    def __init__(
        self,
        *,
        max_response_bytes: int = MAX_RESPONSE_BYTES,
        verify: bool | str = True,
    ) -> None:
        self._max_response_bytes = max_response_bytes
        self._verify = verify
        self._lock = threading.Lock()
        self._session: requests.Session | None = None
        self._pid = 0

    def request(self, request: Request, /) -> Response:
        """See ``Transport.request``."""
        session = self._current_session()
        with deadline(request.timeout) as at:
            for _ in range(MAX_REDIRECTS + 1):
                response = self._send(session, request, at)
                following = _follow(request, response)
                if following is None:
                    return response
                request = following
        msg = f"expected an answer, found more than {MAX_REDIRECTS} redirects"
        raise InvalidResponseError(msg, status=response.status)

    def prepare(self) -> None:
        """Import now what the first request would.

        A thread that imports while another one forks leaves the child a module that is for ever
        half imported: whoever sends from threads calls this before.
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
        """The session, a new one in the child of a fork: sockets must not be shared."""
        self._notice_fork()
        with self._lock:
            if self._session is None:
                self._session = _make_session(self._verify)
            return self._session

    def _notice_fork(self) -> None:
        pid = os.getpid()
        if self._pid != pid:
            # The lock may be held for ever by a thread that only the parent has.
            self._lock = threading.Lock()
            self._session, self._pid = None, pid

    def _send(self, session: requests.Session, request: Request, at: float) -> Response:
        left = at - time.monotonic()
        if left <= 0:
            msg = f"no answer within {request.timeout:g} s from {redact_url(request.url)}"
            raise RequestTimeoutError(msg)
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
                return self._read(answer)
        except RequestError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever the library raises is translated
            translated = translate(error, request)
        # Raised out here, so that it has no context: the foreign error may hold headers and keys.
        raise translated

    def _read(self, answer: requests.Response) -> Response:
        status = answer.status_code
        body = bytearray()
        while piece := answer.raw.read1(_CHUNK, decode_content=False):
            body += piece
            if len(body) > self._max_response_bytes:
                msg = f"expected at most {self._max_response_bytes} bytes of body, found more"
                raise ResponseTooLargeError(msg, status=status)
        coding = answer.headers.get("content-encoding", "")
        limit = self._max_response_bytes
        unpacked = unpack(bytes(body), coding, limit=limit, status=status)
        return Response(status, dict(answer.headers), unpacked)


def translate(error: Exception, request: Request) -> RequestError:
    """Our error for a foreign one, which is not kept."""
    where = redact_url(request.url)
    causes = list(_causes(error))
    names = {type(cause).__name__ for cause in causes}
    if names & _TIMEOUTS or any(isinstance(cause, TimeoutError) for cause in causes):
        return RequestTimeoutError(f"no answer within {request.timeout:g} s from {where}")
    what = f"{type(error).__name__}: {redact_text(_innermost_text(causes))}"
    for kinds, ours in _TRANSLATIONS:
        if names & kinds:
            return ours(f"{where}: {what}")
    return ConnectionLostError(f"{where}: {what}")


# Class names of requests, urllib3 and the standard library, the more telling kinds first. Names,
# because importing the classes would import the libraries.
_TIMEOUTS = frozenset(
    {
        "ConnectTimeout",
        "ConnectTimeoutError",
        "ReadTimeout",
        "ReadTimeoutError",
        "Timeout",
        "TimeoutError",
        "TimeoutStateError",
    }
)
_TRANSLATIONS: tuple[tuple[frozenset[str], type[RequestError]], ...] = (
    (
        frozenset(
            {
                "HeaderParsingError",
                "InvalidHeader",
                "InvalidJSONError",
                "InvalidProxyURL",
                "InvalidSchema",
                "InvalidURL",
                "LocationParseError",
                "LocationValueError",
                "MissingSchema",
                "ProxySchemeUnknown",
                "ProxySchemeUnsupported",
                "StreamConsumedError",
                "URLRequired",
                "URLSchemeUnknown",
                "UnicodeError",
                "UnrewindableBodyError",
            }
        ),
        InvalidRequestError,
    ),
    (frozenset({"SSLError", "SSLCertVerificationError", "CertificateError"}), TLSError),
    (
        frozenset(
            {
                "ConnectionRefusedError",
                "NameResolutionError",
                "NewConnectionError",
                "ProxyError",
                "gaierror",
            }
        ),
        ConnectError,
    ),
)


def _causes(error: BaseException) -> list[BaseException]:
    """The exception and those inside it: causes, contexts, and exceptions among its arguments."""
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
    """The system's own words where there are some: they name no URL and no header."""
    for cause in causes:
        if isinstance(cause, OSError) and cause.strerror:
            return str(cause.strerror)
    return type(causes[-1]).__name__


def _headers(request: Request) -> dict[str, str | bytes]:
    cleaned: dict[str, str | bytes] = {
        name: clean_header_value(value) for name, value in request.headers.items()
    }
    return {"Accept-Encoding": ACCEPTED, **cleaned}


def _follow(request: Request, response: Response) -> Request | None:
    """The request that a redirect asks for; None when the answer is to be taken as it is."""
    location = response.header("location")
    if response.status not in _REDIRECTS or not location:
        return None
    url = urljoin(request.url, location)
    old, new = urlsplit(request.url), urlsplit(url)
    is_downgrade = old.scheme == "https" and new.scheme != "https"
    if is_downgrade or new.scheme not in {"http", "https"}:
        return None
    headers = request.headers
    if _origin(old) != _origin(new):
        headers = {
            name: value for name, value in headers.items() if name.lower() not in _CREDENTIALS
        }
    return Request(request.method, url, headers, request.body, request.timeout)


def _origin(parts: Any) -> tuple[str, str | None, int | None]:
    default = 443 if parts.scheme == "https" else 80
    return parts.scheme, parts.hostname, parts.port or default


def _make_session(verify: bool | str) -> requests.Session:
    import http.cookiejar  # noqa: PLC0415 - with requests, when it is needed

    import requests  # noqa: PLC0415 - 85 ms, paid at the first request

    session = requests.Session()
    session.verify = verify
    session.headers.clear()
    # Without an auth of its own, requests takes one from ~/.netrc.
    session.auth = _leave_alone
    session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("https://", "http://"):
        session.mount(scheme, _make_adapter())
    return session


def _make_adapter() -> HTTPAdapter:
    from requests.adapters import HTTPAdapter  # noqa: PLC0415 - as above

    class TimedAdapter(HTTPAdapter):
        """Every pool manager that it makes, the proxies' too, keeps to the deadline."""

        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            super().init_poolmanager(*args, **kwargs)
            install(self.poolmanager)

        def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
            manager = super().proxy_manager_for(proxy, **kwargs)
            install(manager)
            return manager

    return TimedAdapter(pool_connections=POOL_SIZE, pool_maxsize=POOL_SIZE, max_retries=0)


def _leave_alone(prepared: requests.PreparedRequest) -> requests.PreparedRequest:
    return prepared
