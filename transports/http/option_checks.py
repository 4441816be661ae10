"""The checks of the options of HTTP requests.

Every function takes the option's name and value, and raises TypeError or ValueError with a message
that names the option, what it must be, and what was given. No message has a password.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from .redaction import redact_url

__all__ = [
    "ca_file",
    "certificate",
    "extra_headers",
    "proxy",
    "seconds",
    "switch",
    "whole_number",
]

_PROXY_SCHEMES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")
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


def switch(name: str, value: Any) -> None:
    """Check a boolean."""
    if not isinstance(value, bool):
        msg = f"{name} must be True or False, got {value!r}"
        raise TypeError(msg)


def whole_number(name: str, value: Any, *, least: int) -> None:
    """Check an integer."""
    if not isinstance(value, int) or isinstance(value, bool):
        msg = f"{name} must be an integer, got {value!r}"
        raise TypeError(msg)
    if value < least:
        msg = f"{name} must be at least {least}, got {value}"
        raise ValueError(msg)


def seconds(name: str, value: Any) -> None:
    """Check a time span."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        msg = f"{name} must be a number of seconds, got {value!r}"
        raise TypeError(msg)
    if not (value >= 0 and math.isfinite(value)):
        msg = f"{name} must be a number of seconds from 0 on, got {value}"
        raise ValueError(msg)


def proxy(name: str, value: Any) -> None:
    """Check the URL of a proxy, and that the package for its scheme is installed."""
    if value is None:
        return
    if not isinstance(value, str):
        msg = f"{name} must be the URL of a proxy, got {type(value).__name__}"
        raise TypeError(msg)
    parts = _split(value)
    if parts is None or parts.scheme not in _PROXY_SCHEMES or not parts.hostname:
        shown = redact_url(value) if "://" in value else value.rpartition("@")[2]
        msg = f"{name} must be a URL such as 'http://proxy:3128', got {shown!r}"
        raise ValueError(msg)
    if parts.scheme.startswith("socks") and find_spec("socks") is None:
        msg = (
            f"{name} needs the package PySocks for {parts.scheme}://; pip install 'requests[socks]'"
        )
        raise ValueError(msg)


def _split(url: str) -> SplitResult | None:
    """Return the parts of a URL whose port is valid; None if there are none."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts if url == url.strip() else None


def ca_file(name: str, value: Any) -> None:
    """Check that a file or directory of certificates can be read."""
    if value is None:
        return
    path = _existing(name, value)
    if not Path(path).is_dir():
        what = "a file of certificates in PEM format"
        _load(name, what, path, lambda context: context.load_verify_locations(path))


def certificate(name: str, value: Any) -> None:
    """Check that a client's certificate and its key can be read and belong together."""
    if value is None:
        return
    files = value if isinstance(value, tuple) else (value,)
    if len(files) not in (1, 2):
        msg = f"{name} must be a path or a pair (certificate, key), got {len(files)} paths"
        raise ValueError(msg)
    paths = [_existing(name, file) for file in files]
    what = "a certificate and its unencrypted key in PEM format"
    # Without a password the standard library would ask for one on the terminal.
    _load(name, what, paths[0], lambda context: context.load_cert_chain(*paths, password=_none))


def _none() -> str:
    return ""


def _existing(name: str, value: Any) -> str:
    """Return the path of a file or directory that can be read."""
    if not isinstance(value, str | os.PathLike):
        msg = f"{name} must be a path, got {type(value).__name__}"
        raise TypeError(msg)
    path = os.fspath(value)
    try:
        # Opening tells more than a question about permissions.
        with os.scandir(path) if Path(path).is_dir() else Path(path).open("rb"):
            return path
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        msg = f"{name} must be the path of a file that can be read, got {path!r}: {why}"
        raise ValueError(msg) from None


def _load(name: str, what: str, path: str, load: Callable[[Any], object]) -> None:
    import ssl  # noqa: PLC0415 - 10 ms that a client without this option does not need

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        load(context)
    except (ssl.SSLError, OSError, ValueError, TypeError) as error:
        why = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        msg = f"{name} must be {what}, got {path!r}: {why}"
        raise ValueError(msg) from None


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
