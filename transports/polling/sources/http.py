"""Definitions from the server: one conditional GET, and the meaning of its status.

The poller decides when to ask, how long to wait, and what to do about a failure.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import quote

from ...clock import Clock, SystemClock
from ...errors import InvalidResponseError, RequestError, RequestTimeoutError
from ...http.base import Request, Response, Transport
from ...http.hosts import base_url
from ...http.redaction import clean_header_value
from ...option_values.addresses import read_host
from ...option_values.keys import read_key
from ...option_values.messages import wrong_type
from ...option_values.objects import read_clock, read_properties, read_transport
from ...option_values.quantities import LONGEST_REQUEST, Seconds
from ...retry import parse_retry_after
from ..fetch_results import Failed, FailureKind, FetchResult, Loaded, Unchanged

__all__ = ["HttpDefinitions"]

DEFAULT_TIMEOUT = 10.0
PATH = "/flags/definitions"

_MEANING: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: "the secret key was refused; is it of this project and host?",
    HTTPStatus.PAYMENT_REQUIRED: "the quota for local evaluation is used up",
    HTTPStatus.FORBIDDEN: "the secret key may not read flag definitions; it needs that scope",
    HTTPStatus.NOT_FOUND: "the host has no flag definitions; is it PostHog's, and the api_key right?",
    HTTPStatus.TOO_MANY_REQUESTS: "too many requests; poll_interval may be too short",
}


class HttpDefinitions:
    """A source that reads the definitions endpoint of one project.

    Args:
        transport: sends the request.
        host: base URL.
        project_key: the key that names the project; part of the URL.
        secret_key: secret or personal key; sent as a bearer token, never logged.
        timeout: deadline of one request in seconds.
        headers: further headers, for example a ``User-Agent``.
        clock: the current time, which ``Retry-After`` dates are compared with.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        host: str,
        project_key: str,
        secret_key: str,
        timeout: float = DEFAULT_TIMEOUT,
        headers: Mapping[str, str] | None = None,
        clock: Clock | None = None,
    ) -> None:
        if transport is None:
            raise wrong_type("transport", "a transport such as LiveTransport()", transport)
        self._transport = read_transport("transport", transport)
        self._host = base_url(read_host("host", host))
        self._project_key = read_key("project_key", project_key)
        self._secret_key = read_key("secret_key", secret_key)
        self._timeout = Seconds(DEFAULT_TIMEOUT, most=LONGEST_REQUEST)("timeout", timeout)
        self._headers = read_properties("headers", headers)
        self._clock: Clock = read_clock("clock", clock) or SystemClock()

    def __repr__(self) -> str:
        return f"<HttpDefinitions timeout={self._timeout:g}>"

    def fetch(self, version: str | None) -> FetchResult:
        """Request the definitions, unless the server still has those of the ETag `version`."""
        try:
            response = self._transport.request(self._request(version))
        except RequestError as error:
            return _no_response(error)
        return self._result(response, version)

    def _request(self, version: str | None) -> Request:
        headers = {
            **self._headers,
            "Accept": "application/json",
            "Content-Type": "application/json",
            "Authorization": f"Bearer {clean_header_value(self._secret_key)}",
        }
        if version is not None:
            headers["If-None-Match"] = version
        token = quote(self._project_key, safe="")
        url = f"{self._host}{PATH}?token={token}&send_cohorts"
        return Request("GET", url, headers=headers, timeout=self._timeout)

    def _result(self, response: Response, version: str | None) -> FetchResult:
        etag = response.header("ETag") or None
        if response.status == HTTPStatus.NOT_MODIFIED:
            if version is None:
                message = "HTTP 304 to a request without an ETag"
                return Failed(FailureKind.MALFORMED, message, response.status)
            return Unchanged(etag)
        if response.is_success:
            malformed = Failed(FailureKind.MALFORMED, "", response.status)
            return Loaded(response.body, etag, malformed)
        return self._refused(response)

    def _refused(self, response: Response) -> Failed:
        meaning = _MEANING.get(response.status)
        message = f"HTTP {response.status}" + (f": {meaning}" if meaning else "")
        wait = parse_retry_after(response.header("Retry-After"), wall=self._clock.wall())
        return Failed(FailureKind.STATUS, message, response.status, wait)


def _no_response(error: RequestError) -> Failed:
    if isinstance(error, RequestTimeoutError):
        return Failed(FailureKind.TIMEOUT, f"no response in time: {error}")
    if isinstance(error, InvalidResponseError):
        return Failed(FailureKind.MALFORMED, str(error), error.status)
    return Failed(FailureKind.NETWORK, f"{type(error).__name__}: {error}")
