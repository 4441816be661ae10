"""The methods that make other requests: a remote config payload, the surveys, any URL.

They never retry. While the server keeps failing, requests for remote config and surveys pause.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from flagengine import decode_payload

from ..breaker import Paused
from ..errors import InvalidResponseError, StatusError, TransportError
from ..http.base import Request, Response
from ..http.hosts import base_url
from ..http.redaction import clean_header_value
from ..json_text import read_json
from ..log_fields import log_fields
from ..option_values.quantities import LONGEST_REQUEST, read_timeout
from ..request_guard import RequestGuard
from ..retry import parse_retry_after
from ..steps import Call, Steps
from .components import Components, HasComponents
from .verbs import guarded_steps, nothing

__all__ = [
    "fetch",
    "get_remote_config_payload",
    "get_surveys_stateless",
    "remote_config_as_sent",
]

logger: logging.Logger = logging.getLogger("flagengine.client")

# The methods of which a second request does no harm (RFC 9110 section 9.2.2).
_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})


@guarded_steps(nothing)
def get_remote_config_payload(
    client: HasComponents, flag_key: str | None = None, *, key: str | None = None
) -> Steps[Any]:
    """Return the decoded payload of a remote config flag; None if it cannot be fetched.

    This needs a secret key. ``key`` is posthog-python's name for ``flag_key``.
    """
    payload = yield from remote_config_as_sent(client, flag_key if key is None else key)
    # The server often sends a JSON string that itself contains JSON.
    return decode_payload(payload) if isinstance(payload, str) else payload


@guarded_steps(nothing)
def remote_config_as_sent(client: HasComponents, key: str | None) -> Steps[Any]:
    """Return the payload of a remote config flag as the server sends it, which may be JSON text."""
    components = client.components
    if key is None:
        logger.error("get_remote_config_payload() needs a flag_key; nothing was fetched")
        return None
    if not _may_ask(components):
        return None
    secret = components.options.secret
    if not secret:
        logger.error("get_remote_config_payload() needs a secret_key; nothing was fetched")
        return None
    path = f"/api/projects/@current/feature_flags/{quote(key, safe='')}/remote_config"
    headers = {"Authorization": f"Bearer {clean_header_value(secret)}"}
    return (yield from _document(components, "remote config", path, headers))


@guarded_steps(list)
def get_surveys_stateless(client: HasComponents) -> Steps[list[dict[str, Any]]]:
    """Return the project's surveys; an empty list if they cannot be fetched. Store nothing."""
    components = client.components
    if components.options.disable_surveys or not _may_ask(components):
        return []
    document = yield from _document(components, "surveys", "/api/surveys/")
    surveys = document.get("surveys") if isinstance(document, dict) else None
    found = surveys if isinstance(surveys, list) else []
    return [survey for survey in found if isinstance(survey, dict)]


@guarded_steps(nothing)
def fetch(
    client: HasComponents,
    url: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    timeout: float | None = None,
) -> Steps[Response | None]:
    """Make a request through the client's transport; None if no response came.

    Return a response with any status. The request has no key, unless it is in the arguments.
    ``timeout`` is read as in ``flush``; None: the client's ``request_timeout``.
    """
    components = client.components
    limit = min(read_timeout(timeout), LONGEST_REQUEST)
    allowed = components.options.request_timeout if timeout is None else limit
    merged = {**components.headers, **(headers or {})}
    is_repeatable = str(method).upper() in _REPEATABLE
    request = Request(method, url, merged, body, allowed, is_repeatable)
    response: Response | None = yield from _performed(
        components, "fetch", lambda: components.transport.request(request)
    )
    return response


def _may_ask(components: Components) -> bool:
    return (
        components.status.is_usable
        and not components.status.is_closed
        and bool(components.options.project_key)
    )


def _document(
    components: Components, what: str, path: str, headers: Mapping[str, str] | None = None
) -> Steps[Any]:
    """Return a JSON document of the project; None if it cannot be fetched."""
    token = quote(components.options.project_key, safe="")
    url = f"{base_url(components.options.host).rstrip('/')}{path}?token={token}"
    timeout = components.options.request_timeout
    request = Request("GET", url, {**components.headers, **(headers or {})}, timeout=timeout)

    def perform() -> Any:
        response = components.transport.request(request)
        if not response.is_success:
            wait = parse_retry_after(response.header("Retry-After"), wall=components.clock.wall())
            raise StatusError(response.status, retry_after=wait)
        try:
            return read_json(response.body)
        except ValueError:
            raise InvalidResponseError("expected JSON", status=response.status) from None

    guard = components.guards[what]
    refusal = guard.refusal()
    if refusal is not None:
        extra = log_fields(seconds=refusal.seconds)
        logger.debug("%s: not fetched for another %.0f s", what, refusal.seconds, extra=extra)
        return None
    return (yield from _performed(components, what, lambda: _guarded(guard, perform)))


def _guarded(guard: RequestGuard, perform: Callable[[], Any]) -> Any:
    """Perform a request and note its result; return None without it if requests have paused."""
    permit = guard.ask()
    if isinstance(permit, Paused):
        return None
    began = guard.begin()
    try:
        result = perform()
    except TransportError as error:
        guard.note(permit, began, error)
        raise
    else:
        guard.note(permit, began, None)
        return result
    finally:
        guard.end(permit)


def _performed(components: Components, what: str, request: Callable[[], Any]) -> Steps[Any]:
    """Perform ``request``; report a failure of the network or the server, and return None."""
    try:
        return (yield Call(request))
    except TransportError as error:
        logger.warning("%s: %s", what, error, extra=log_fields(error=error))
        components.report(error)
        return None
