"""The ``/flags`` request, with its own retry policy and its outcome.

A request is retried only after no response, a 502 or a 504, because no other outcome shows that the
server did not evaluate the flags. While the server keeps failing, requests pause. The body is serialised once and is the same at every attempt.
Nothing here sends events or caches answers.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from .. import abandonment
from ..breaker import Paused, Permit
from ..errors import (
    InvalidResponseError,
    RequestError,
    RequestTimeoutError,
    StatusError,
    TransportError,
)
from ..http.base import Request, Response, Transport
from ..json_text import to_json
from ..request_guard import RequestGuard
from ..retry import FLAGS_RETRY, RetryPolicy, parse_retry_after
from .query import FlagQuery
from .response import FlagsResponse, parse_flags_response

logger: logging.Logger = logging.getLogger("flagengine.flags")

__all__ = ["RemoteFlags", "RemoteOutcome", "flags_body"]

DEFAULT_TIMEOUT = 3.0
DEFAULT_API_VERSION = 4
# The limit of ``max_retries``, because the application waits while a flag is read.
MOST_RETRIES = 10
_RETRIED = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT})


@dataclass(frozen=True, slots=True)
class RemoteOutcome:
    """The outcome of a request: either a response or an error.

    ``attempts`` is the number of attempts; 0 if requests pause, and ``error`` is the last failure.
    """

    response: FlagsResponse | None = None
    error: TransportError | None = None
    attempts: int = 1

    @property
    def errors(self) -> tuple[str, ...]:
        """The error codes of the whole request, for ``$feature_flag_error``."""
        if self.response is None:
            return (_error_code(self.error),)
        found = {
            "errors_while_computing_flags": self.response.errors_while_computing,
            "quota_limited": self.response.quota_limited,
        }
        return tuple(code for code, happened in found.items() if happened)


def _error_code(error: Exception | None) -> str:
    if isinstance(error, RequestTimeoutError):
        return "timeout"
    if isinstance(error, StatusError):
        return f"api_error_{error.status}"
    if isinstance(error, RequestError) and not isinstance(error, InvalidResponseError):
        return "connection_error"
    return "unknown_error"


class RemoteFlags:
    """The ``/flags`` endpoint of one project.

    Args:
        transport: sends the requests.
        host: base URL.
        project_key: the key that names the project; part of the body.
        timeout: deadline of each attempt in seconds.
        max_retries: the number of further attempts after the first, from 0 to 10.
        api_version: the version of the response to ask for; all known versions can be read.
        evaluation_contexts: leave out flags that are tagged with none of these.
        headers: further headers, for example a ``User-Agent``; never an ``Authorization``.
        sleep: called to wait between two attempts.
        guard: says whether to ask the server; by default always.
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
        evaluation_contexts: tuple[str, ...] = (),
        headers: Mapping[str, str] | None = None,
        sleep: Callable[[float], object] = abandonment.sleep,
        guard: RequestGuard | None = None,
    ) -> None:
        self._transport = transport
        self._url = f"{host.rstrip('/')}/flags/?v={api_version}"
        self._api_version = api_version
        self._project_key = project_key
        self._timeout = timeout
        self._contexts = evaluation_contexts
        self._policy = RetryPolicy(
            max_retries=max(0, min(max_retries, MOST_RETRIES)), base_delay=FLAGS_RETRY.base_delay
        )
        self._headers = {
            **{k: v for k, v in (headers or {}).items() if k.lower() != "authorization"},
            "Content-Type": "application/json",
        }
        self._sleep = sleep
        self._guard = guard or RequestGuard("flag requests", pause=None, log=logger)

    def __repr__(self) -> str:
        return f"<RemoteFlags timeout={self._timeout:g} retries={self._policy.max_retries}>"

    def paused(self) -> RemoteOutcome | None:
        """Return the outcome of a request during a pause; None if the server may be asked."""
        refusal = self._guard.refusal()
        return None if refusal is None else _refused(refusal)

    def evaluate(self, query: FlagQuery) -> RemoteOutcome:
        """Ask the server; never raise because of the network or the server."""
        return self.send(flags_body(query, self._project_key, self._contexts))

    def send(
        self, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> RemoteOutcome:
        """Ask the server with a body in the form of `flags_body`, and further headers; raise as `evaluate`."""
        permit = self._guard.ask()
        if isinstance(permit, Paused):
            return _refused(permit)
        try:
            sent = {**self._headers, **(headers or {})}
            request = Request("POST", self._url, sent, to_json(body), self._timeout)
            return self._ask(request, permit)
        finally:
            self._guard.end(permit)

    def after_fork(self) -> None:
        """Renew the locks in a forked child."""
        self._guard.after_fork()

    def _ask(self, request: Request, permit: Permit) -> RemoteOutcome:
        """Ask until there is an answer or no further attempt is allowed."""
        attempts = 0
        while True:
            attempts += 1
            began = self._guard.begin()
            outcome = self._attempt(request, attempts)
            self._guard.note(permit, began, outcome.error)
            if not self._may_retry(outcome, permit):
                return outcome
            self._sleep(self._policy.delay(attempts - 1))
            # Meanwhile others may have failed, or nobody waits any more.
            if abandonment.is_abandoned() or not self._guard.may_retry(permit):
                return outcome

    def _may_retry(self, outcome: RemoteOutcome, permit: Permit) -> bool:
        if not _is_retryable(outcome.error) or self._policy.is_exhausted(outcome.attempts):
            return False
        if isinstance(outcome.error, StatusError) and outcome.error.retry_after:
            # The server asks for more time than a reader has.
            return False
        return self._guard.may_retry(permit)

    def _attempt(self, request: Request, attempts: int) -> RemoteOutcome:
        try:
            response = self._transport.request(request)
        except RequestError as error:
            return RemoteOutcome(error=error, attempts=attempts)
        if not response.is_success:
            return RemoteOutcome(error=_status_error(response), attempts=attempts)
        parsed = parse_flags_response(response.body, self._api_version)
        if parsed is None:
            unreadable = InvalidResponseError("expected a JSON object", status=response.status)
            return RemoteOutcome(error=unreadable, attempts=attempts)
        return RemoteOutcome(parsed, attempts=attempts)


def _refused(refusal: Paused[TransportError]) -> RemoteOutcome:
    return RemoteOutcome(error=refusal.error, attempts=0)


def _status_error(response: Response) -> StatusError:
    wait = parse_retry_after(response.header("Retry-After"), wall=time.time())
    return StatusError(response.status, retry_after=wait)


def _is_retryable(error: TransportError | None) -> bool:
    if isinstance(error, RequestError):
        return error.is_retryable
    return isinstance(error, StatusError) and error.status in _RETRIED


def flags_body(
    query: FlagQuery, project_key: str, evaluation_contexts: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return the request's body, which has no credential except the project key.

    >>> flags_body(FlagQuery("u1", groups={"company": "acme"}), "phc_k")["group_properties"]
    {'company': {'$group_key': 'acme'}}
    """
    body: dict[str, Any] = {
        "token": project_key,
        "distinct_id": query.distinct_id,
        "groups": dict(query.groups),
        "person_properties": dict(query.person_properties),
        "group_properties": _group_properties(query),
        # Always sent, because the server's default is the opposite of the client's.
        "geoip_disable": query.disable_geoip,
    }
    device_id = query.device_id or query.person_properties.get("$device_id")
    if device_id:
        body["device_id"] = device_id
    if query.keys is not None:
        body["flag_keys_to_evaluate"] = list(query.keys)
    if evaluation_contexts:
        body["evaluation_contexts"] = list(evaluation_contexts)
    return body


def _group_properties(query: FlagQuery) -> dict[str, dict[str, Any]]:
    given = {kind: dict(properties) for kind, properties in query.group_properties.items()}
    keyed = {kind: {"$group_key": key, **given.get(kind, {})} for kind, key in query.groups.items()}
    return {**given, **keyed}
