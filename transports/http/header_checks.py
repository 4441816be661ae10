"""The check of further headers, which applications add to every request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["extra_headers"]

# RFC 9110 section 5.6.2.
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_FRAMING = frozenset(
    {
        "connection",
        "content-encoding",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
# The client's own headers, with the option that changes each of them.
_OWN = {
    "accept-encoding": "the client asks for what it can read",
    "authorization": "the client sends its own key where the server wants one",
    "content-type": "the client sends JSON",
    "user-agent": "it is made of the option lib_name",
}


def extra_headers(name: str, value: Any) -> None:
    """Check the names and values of further headers, which must not replace the client's own."""
    if not isinstance(value, Mapping):
        msg = f"{name} must be a mapping of names to values, got {type(value).__name__}"
        raise TypeError(msg)
    seen: set[str] = set()
    for header, content in value.items():
        _header_name(name, header)
        if header.lower() in seen:
            msg = f"{name} must have each name once, got {header!r} twice"
            raise ValueError(msg)
        seen.add(header.lower())
        _header_value(name, header, content)


def _header_name(name: str, header: Any) -> None:
    if not isinstance(header, str):
        msg = f"{name} must have text as names, got {type(header).__name__}"
        raise TypeError(msg)
    if not _TOKEN.fullmatch(header):
        msg = f"{name} must have names of letters, digits and hyphens, got {header!r}"
        raise ValueError(msg)
    lower = header.lower()
    if lower in _FRAMING:
        msg = f"{name} must not have {header!r}, which frames the request"
        raise ValueError(msg)
    if lower in _OWN:
        msg = f"{name} must not have {header!r}: {_OWN[lower]}"
        raise ValueError(msg)


def _header_value(name: str, header: str, content: Any) -> None:
    """Check a value, which is not shown, because it may be a secret."""
    if not isinstance(content, str):
        msg = f"{name}[{header!r}] must be text, got {type(content).__name__}"
        raise TypeError(msg)
    if _CONTROL.search(content):
        msg = f"{name}[{header!r}] must be one line without control characters, got some"
        raise ValueError(msg)
    try:
        content.encode("latin-1")
    except UnicodeEncodeError as error:
        character = content[error.start]
        msg = f"{name}[{header!r}] must be Latin-1, got the character {character!r}"
        raise ValueError(msg) from None
