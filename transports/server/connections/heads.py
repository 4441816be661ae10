"""The head of a request, its first line and headers, as the parser gives it: what is refused, and what is left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .limits import ConnectionLimits
from .refusals import Refusal

__all__ = ["Headers", "refusal_of_head", "without_upgrade"]

Headers = Sequence[tuple[bytes, bytes]]

_OF_UPGRADES: Final = frozenset({b"upgrade", b"http2-settings", b"connection"})


def refusal_of_head(
    method: bytes, url: bytes, headers: Headers, *, size: int, limits: ConnectionLimits
) -> Refusal | None:
    """Return why a request is refused; None if it is not. ``size`` is the most bytes that its head may have."""
    most = limits.max_header_bytes
    if len(headers) > limits.max_headers:
        return Refusal.MANY_HEADERS
    if size > most:  # what has arrived may be more than the headers
        if len(url) > most:
            return Refusal.LONG_URL
        if len(url) + sum(len(name) + len(value) + 4 for name, value in headers) > most:
            return Refusal.LARGE_HEADERS
    return Refusal.TUNNEL if method == b"CONNECT" else None


def without_upgrade(
    method: bytes, url: bytes, version: bytes, headers: Headers, *, keeps_alive: bool
) -> bytes:
    r"""Return a head without the offer of another protocol, which nobody must accept.

    >>> offer = [(b"host", b"a"), (b"connection", b"Upgrade"), (b"upgrade", b"h2c")]
    >>> without_upgrade(b"GET", b"/", b"1.1", offer, keeps_alive=True)
    b'GET / HTTP/1.1\r\nhost: a\r\n\r\n'
    """
    kept = [each for each in headers if each[0] not in _OF_UPGRADES]
    if not keeps_alive:
        kept.append((b"connection", b"close"))
    lines = (b"%b: %b\r\n" % each for each in kept)
    return b"".join((b"%b %b HTTP/%b\r\n" % (method, url, version), *lines, b"\r\n"))
