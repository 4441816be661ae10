"""One remote evaluation: the ``/flags`` request and its own, narrow retry policy.

Tried again only when no answer came or the status is 502 or 504: nothing else says that the
evaluation did not happen. The body is written once and the same every time. No event, no cache.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from http import HTTPStatus

from ..errors import InvalidResponseError, RequestError, StatusError
from ..http.base import Request, Response, Transport
from ..json_text import to_json
from ..retry import FLAGS_RETRY, RetryPolicy, parse_retry_after
from .outcome import RemoteOutcome
from .query import FlagsQuery, flags_body
from .response import parse_flags_response

__all__ = ["RemoteFlags"]

DEFAULT_TIMEOUT = 3.0
DEFAULT_API_VERSION = 2
# A flag read is somebody waiting: whatever is configured, it ends.
MOST_RETRIES = 10
_TRIED_AGAIN = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT})


class RemoteFlags:
    """The ``/flags`` endpoint of one project.

    Args:
        transport: carries out the requests.
        host: base URL, without a trailing slash.
        project_key: names the project; part of the body.
        timeout: deadline of each request in seconds.
        max_retries: how often to try again; 0 to 10.
        api_version: which answer to ask for; every known one is understood.
        headers: sent along, a ``User-Agent`` for example. Never an ``Authorization``.
        sleep: waits between two attempts.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        host: str,
        project_key: str,
        timeout: float = DEFAULT_TIMEOUT,
        max_retries: int = FLAGS_RETRY.max_retries,
        api_version: int = DEFAULT_API_VERSION,
        headers: Mapping[str, str] | None = None,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._transport = transport
        self._url = f"{host.rstrip('/')}/flags/?v={api_version}"
        self._project_key = project_key
        self._timeout = timeout
        self._policy = RetryPolicy(
            max_retries=max(0, min(max_retries, MOST_RETRIES)), base_delay=FLAGS_RETRY.base_delay
        )
        self._headers = {
            **{k: v for k, v in (headers or {}).items() if k.lower() != "authorization"},
            "Content-Type": "application/json",
        }
        self._sleep = sleep

    def __repr__(self) -> str:
        return f"<RemoteFlags timeout={self._timeout:g} retries={self._policy.max_retries}>"

    def evaluate(self, query: FlagsQuery) -> RemoteOutcome:
        """Ask the server. Never raises for what the network or the server does."""
        body = to_json(flags_body(query, self._project_key))
        request = Request("POST", self._url, self._headers, body, self._timeout)
        attempts = 0
        while True:
            outcome = self._attempt(request, attempts + 1)
            attempts += 1
            if not _is_tried_again(outcome.error) or self._policy.is_exhausted(attempts):
                return outcome
            self._sleep(self._policy.delay(attempts - 1))

    def _attempt(self, request: Request, attempts: int) -> RemoteOutcome:
        try:
            response = self._transport.request(request)
        except RequestError as error:
            return RemoteOutcome(error=error, attempts=attempts)
        return _outcome(response, attempts)


def _outcome(response: Response, attempts: int) -> RemoteOutcome:
    if not response.is_success:
        wait = parse_retry_after(response.header("Retry-After"), wall=time.time())
        return RemoteOutcome(
            error=StatusError(response.status, retry_after=wait), attempts=attempts
        )
    parsed = parse_flags_response(response.body)
    if parsed is None:
        error = InvalidResponseError("expected a JSON object", status=response.status)
        return RemoteOutcome(error=error, attempts=attempts)
    return RemoteOutcome(response=parsed, attempts=attempts)


def _is_tried_again(error: RequestError | StatusError | None) -> bool:
    if isinstance(error, RequestError):
        return error.is_retryable
    return isinstance(error, StatusError) and error.status in _TRIED_AGAIN
