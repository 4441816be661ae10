"""The tracing headers of a request, sanitised: the person and the session of the caller.

Any caller can send any header, so use them for analytics only, never for authorisation. An unusable
header counts as absent; nothing here raises.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..http.redaction import redact_text

__all__ = [
    "CONTEXT_TAGS",
    "DISTINCT_ID",
    "MAX_VALUE_LENGTH",
    "SESSION_ID",
    "Headers",
    "clean",
    "context_of",
    "from_headers",
    "headers_of",
]

DISTINCT_ID = "X-POSTHOG-DISTINCT-ID"
SESSION_ID = "X-POSTHOG-SESSION-ID"
# Sent only between the application's own services: see ``tasks``.
CONTEXT_TAGS = "X-POSTHOG-CONTEXT-TAGS"
# Longer values are cut.
MAX_VALUE_LENGTH = 1000
_OF_INTEREST = frozenset(
    {DISTINCT_ID.lower(), SESSION_ID.lower(), CONTEXT_TAGS.lower()}
    | {"user-agent", "x-forwarded-for", "host"}
)
# C0 and C1 controls and DEL.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

Headers = Mapping[Any, Any] | Iterable[tuple[Any, Any]]


def clean(value: object, longest: int = MAX_VALUE_LENGTH) -> str | None:
    r"""Return the text trimmed, cut, and without control characters; None if nothing is left.

    For a list, return its first usable text.

    >>> clean(" user-1\r\n "), clean(["", "second"]), clean("\x00"), clean(7)
    ('user-1', 'second', None, None)
    """
    if isinstance(value, list | tuple):
        texts = (clean(item, longest) for item in value)
        return next((text for text in texts if text is not None), None)
    if isinstance(value, bytes | bytearray):
        value = _decoded(bytes(value))
    if not isinstance(value, str):
        return None
    return _CONTROL.sub("", value).strip()[:longest].strip() or None


def from_headers(headers: Headers | None) -> dict[str, Any]:
    """Return those of ``distinct_id``, ``session_id`` and ``properties`` that the headers have.

    The result has keyword arguments of ``enter`` and ``context``.
    """
    return context_of(headers_of(headers))


def context_of(found: Mapping[str, str]) -> dict[str, Any]:
    """Return the result of ``from_headers`` for a result of ``headers_of``."""
    ids = {
        "distinct_id": found.get(DISTINCT_ID.lower()),
        "session_id": found.get(SESSION_ID.lower()),
    }
    context: dict[str, Any] = {name: value for name, value in ids.items() if value is not None}
    properties = _metadata(found)
    if "session_id" in context:
        properties["$session_id"] = context["session_id"]
    if properties:
        context["properties"] = properties
    return context


def headers_of(headers: Headers | None, longest: int = MAX_VALUE_LENGTH) -> dict[str, str]:
    """Return the usable headers that this package reads, with names in lower case.

    The first usable value of a repeated header wins.
    """
    found: dict[str, str] = {}
    try:
        for name, value in _pairs(headers):
            key = _name(name)
            if key in _OF_INTEREST and (text := clean(value, longest)) is not None:
                found.setdefault(key, text)
    except Exception:  # noqa: BLE001 - a framework's header object may do anything
        return found
    return found


def _name(name: object) -> str:
    text = name.decode("latin-1") if isinstance(name, bytes) else name
    return text.lower() if isinstance(text, str) else ""


def _pairs(headers: Headers | None) -> Iterable[tuple[Any, Any]]:
    if headers is None:
        return ()
    return list(headers.items()) if isinstance(headers, Mapping) else headers


def _metadata(found: Mapping[str, str]) -> dict[str, Any]:
    agent = found.get("user-agent")
    if agent is None:
        return {}
    shown = redact_text(agent)
    return {"$user_agent": shown, "$raw_user_agent": shown}


def _decoded(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
