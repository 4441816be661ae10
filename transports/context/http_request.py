"""The event properties and the context of an HTTP request.

With frameworks for which this package has no middleware, handle the request in ``request_context``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..exceptions.control_flow import Place
from ..http.redaction import redact_url
from .exception_reporter import ExceptionReporter, ReportingClient, policy_of
from .headers import Headers, clean, context_of, headers_of
from .scoped import context

__all__ = ["request_context", "request_data"]

_MAX_URL_LENGTH = 4096


def request_data(
    headers: Headers | None,
    *,
    method: object = None,
    url: str | None = None,
    path: str | None = None,
    ip: str | None = None,
    trust_forwarded_for: bool = True,
) -> dict[str, Any]:
    """Return ``distinct_id``, ``session_id`` and ``properties`` of a request.

    Args:
        headers: the request's headers, as a mapping or as pairs.
        method: the HTTP method.
        url: the URL with its query and fragment. The values of parameters whose names are those of
            secrets are redacted (``password``, ``reset_token``, ``sig``, ``key`` and so on; ``code``
            only beside another parameter of OAuth), and user names, PostHog's keys and JSON web tokens.
        path: the path without the query, redacted like the URL.
        ip: the address of the peer.
        trust_forwarded_for: whether to use the address in ``X-Forwarded-For`` instead of ``ip``.
    """
    found = headers_of(headers)
    data = context_of(found)
    forwarded = _forwarded_for(found) if trust_forwarded_for else None
    known = {
        "$current_url": None if url is None else redact_url(url)[:_MAX_URL_LENGTH],
        "$request_method": clean(method),
        "$request_path": redact_url(clean(path) or ""),
        "$ip": forwarded or clean(ip),
    }
    properties = {name: value for name, value in known.items() if value}
    data["properties"] = {**properties, **data.get("properties", {})}
    return data


def request_context(
    headers: Headers | None,
    *,
    client: ReportingClient | None = None,
    distinct_id: object = None,
    properties: Mapping[str, Any] | None = None,
    capture_exceptions: bool = True,
    source: str = "python.request_context",
    **request: Any,
) -> context:
    """Return the context of a request, for ``with`` and ``async with``.

    Explicit arguments, such as an authenticated user's id, beat the headers. With a ``client``, a
    failure that leaves the block is reported and raised again. ``request`` has keyword arguments
    of ``request_data``.
    """
    data = request_data(headers, **request)
    report = (
        ExceptionReporter(client, source=source)
        if client is not None and capture_exceptions
        else None
    )
    return context(
        distinct_id=distinct_id or data.get("distinct_id"),
        session_id=data.get("session_id"),
        properties={**data["properties"], **(properties or {})},
        fresh=True,
        capture_exceptions=report is not None,
        on_exception=report,
        policy=policy_of(client),
        place=Place.REQUEST,
    )


def _forwarded_for(found: Mapping[str, str]) -> str | None:
    return clean(found.get("x-forwarded-for", "").split(",", 1)[0])
