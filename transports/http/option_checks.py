"""The checks of the options of HTTP requests.

Every function takes the option's name and value, and raises TypeError or ValueError with a message
that names the option, what it must be, and what was given. No message has a password.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from .redaction import redact_url

__all__ = [
    "ca_file",
    "certificate",
    "proxy",
]

_PROXY_SCHEMES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")


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
