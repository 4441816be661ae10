"""Single requests: a remote config payload, the surveys, and whatever the application asks for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import TransportError
from ..http.base import Request, Response
from ..http.hosts import base_url
from ..remote.documents import fetch_remote_config, fetch_surveys
from ..steps import Call, Steps
from .parts import HasParts, Parts
from .verbs import guarded_steps, nothing

__all__ = ["fetch", "get_remote_config_payload", "get_surveys_stateless"]

logger = logging.getLogger("flagengine.client")


@guarded_steps(nothing)
def get_remote_config_payload(client: HasParts, flag_key: str) -> Steps[Any]:
    """Return the payload of a remote config flag, decoded; None when there is none to be had.

    Needs a secret key.
    """
    parts = client.parts
    if not _may_ask(parts):
        return None
    if not parts.options.secret:
        logger.error("get_remote_config_payload needs a secret_key: nothing was asked")
        return None

    def request() -> Any:
        return fetch_remote_config(
            parts.transport,
            flag_key,
            host=base_url(parts.options.host),
            project_key=parts.options.project_key,
            secret_key=parts.options.secret,
            timeout=parts.options.request_timeout,
            headers=parts.headers,
        )

    return (yield from _asked(parts, "remote config", request))


@guarded_steps(list)
def get_surveys_stateless(client: HasParts) -> Steps[list[dict[str, Any]]]:
    """Return the project's surveys; an empty list when they cannot be had. Stores nothing."""
    parts = client.parts
    if parts.options.disable_surveys or not _may_ask(parts):
        return []

    def request() -> list[dict[str, Any]]:
        return fetch_surveys(
            parts.transport,
            host=base_url(parts.options.host),
            project_key=parts.options.project_key,
            timeout=parts.options.request_timeout,
            headers=parts.headers,
        )

    return (yield from _asked(parts, "surveys", request)) or []


@guarded_steps(nothing)
def fetch(
    client: HasParts,
    url: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    timeout: float | None = None,
) -> Steps[Response | None]:
    """Make a request through the client's transport; None when no answer came. Any status returns.

    The client adds no key.
    """
    parts = client.parts
    allowed = parts.options.request_timeout if timeout is None else timeout
    request = Request(method, url, {**parts.headers, **(headers or {})}, body, allowed)
    answer: Response | None = yield from _asked(
        parts, "fetch", lambda: parts.transport.request(request)
    )
    return answer


def _may_ask(parts: Parts) -> bool:
    return parts.status.is_usable and not parts.status.is_closed and bool(parts.options.project_key)


def _asked(parts: Parts, what: str, request: Callable[[], Any]) -> Steps[Any]:
    """Carry out ``request``; None when the network or the server failed, which is told."""
    try:
        return (yield Call(request))
    except TransportError as error:
        logger.warning("%s: %s", what, error)
        parts.report(error)
        return None
