"""Readers of the host and of additional headers."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from .messages import shown, wrong_type, wrong_value

__all__ = ["QUOTES", "read_headers", "read_host"]

QUOTES: Final = "\"'`\u201c\u201d\u2018\u2019<>"

_MUST: Final = "a URL such as https://us.i.posthog.com"
_SCHEME: Final = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_LABELS: Final = re.compile(r"(?!-)[\w-]{1,63}(?<!-)(\.(?!-)[\w-]{1,63}(?<!-))*\.?")
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# The headers that say where a message goes and where it ends; a wrong one makes every request hang.
_OF_THE_CONNECTION: Final = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer"}
    | {"upgrade", "expect", "proxy-connection"}
)


def read_host(name: str, given: Any) -> str | None:
    """Return the URL of the host; None: the default host.

    Add ``https://`` to a host without a scheme, and ``http://`` if it is this machine. Remove quotes,
    which some tools keep around values of the environment.

    >>> read_host("host", "eu.i.posthog.com"), read_host("host", "localhost:8000")
    ('https://eu.i.posthog.com', 'http://localhost:8000')
    """
    if given is None:
        return None
    if not isinstance(given, str):
        raise wrong_type(name, _MUST, given)
    text = given.strip().strip(QUOTES).strip().rstrip("/")
    if not text:
        return None
    if not text.isprintable() or " " in text or "\\" in text:
        raise wrong_value(name, f"{_MUST}, without blanks", given)
    if not _SCHEME.match(text):
        text = _with_scheme(name, text, given)
    _check(name, _split(name, text, given), given)
    return text


def _with_scheme(name: str, text: str, given: str) -> str:
    host = _split(name, f"https://{text}", given).hostname or ""
    is_here = _is_this_machine(host)
    # A single word is a mistake: a region ("eu"), a key, or a variable's name.
    if not is_here and "." not in host and ":" not in host:
        raise wrong_value(name, _MUST, given)
    return f"{'http' if is_here else 'https'}://{text}"


def _is_this_machine(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _split(name: str, text: str, given: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        # Reading the port raises ValueError for a port that is none.
        is_right = parts.port != 0
    except ValueError:
        is_right = False
    if not is_right:
        raise wrong_value(name, _MUST, given)
    return parts


def _check(name: str, parts: SplitResult, given: str) -> None:
    if parts.scheme.lower() not in ("http", "https"):
        raise wrong_value(name, "an http:// or https:// URL", given)
    host = parts.hostname or ""
    is_name = _LABELS.fullmatch(host) is not None
    if ":" not in host and not is_name:
        raise wrong_value(name, _MUST, given)
    if parts.query or parts.fragment:
        raise wrong_value(name, f"{_MUST}, without ? and #", given)


def read_headers(name: str, given: Any) -> dict[str, str]:
    """Return headers that can be sent with every request; no message has a value, which may be a key."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise wrong_type(name, "a mapping of header names to texts", given)
    return {_header(name, key): _value(name, key, value) for key, value in given.items()}


def _header(name: str, key: Any) -> str:
    if not isinstance(key, str):
        raise wrong_type(name, "a mapping of header names to texts, with text as names", key)
    if not _TOKEN.fullmatch(key):
        raise wrong_value(name, "a mapping with header names such as X-Region", key)
    if key.lower() in _OF_THE_CONNECTION:
        message = f"{name} must not have {key}, which the connection sets"
        raise ValueError(message)
    return key


def _value(name: str, key: str, value: Any) -> str:
    what = f"{name}[{key!r}]"
    if isinstance(value, bool) or not isinstance(value, str | bytes | int):
        message = f"{what} must be text, got {type(value).__name__}"
        raise TypeError(message)
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    text = text.strip()
    if _CONTROL.search(text) or not _is_latin_1(text):
        message = f"{what} must be Latin-1 text on one line, got another {shown(type(value))}"
        raise ValueError(message.replace("the class ", ""))
    return text


def _is_latin_1(text: str) -> bool:
    return all(ord(character) < 256 for character in text)
