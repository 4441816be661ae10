"""Unpacking an answer's body within a bound: a small answer must not become a huge one."""

from __future__ import annotations

import zlib

from ..errors import InvalidResponseError, ResponseTooLargeError

__all__ = ["ACCEPTED", "unpack"]

# The codings that we ask for: what the standard library can unpack piece by piece.
ACCEPTED = "gzip, deflate"
# zlib's window of 32 KiB: with a gzip header, with a zlib header, bare.
_GZIP, _ZLIB, _BARE = 31, 15, -15


def unpack(body: bytes, coding: str, *, limit: int, status: int) -> bytes:
    """The body without its ``Content-Encoding``.

    Raises:
        ResponseTooLargeError: it is larger than ``limit`` bytes.
        InvalidResponseError: it is damaged, or in a coding that we did not ask for.
    """
    match coding.strip().lower():
        case "" | "identity":
            return body
        case "gzip" | "x-gzip":
            windows = [_GZIP]
        case "deflate":
            # Some servers send the bare stream where the standard wants zlib's header.
            windows = [_ZLIB, _BARE]
        case _:
            msg = f"response body must be plain or in {ACCEPTED}, got another content coding"
            raise InvalidResponseError(msg, status=status)
    for window in windows:
        try:
            return _inflate(body, window, limit, status)
        except zlib.error:
            continue
    msg = f"response body is not valid {coding.strip().lower()}"
    raise InvalidResponseError(msg, status=status)


def _inflate(body: bytes, window: int, limit: int, status: int) -> bytes:
    machine = zlib.decompressobj(window)
    unpacked = machine.decompress(body, limit + 1)
    if len(unpacked) > limit:
        msg = f"response body must be at most {limit} bytes, got more after unpacking"
        raise ResponseTooLargeError(msg, status=status)
    if not machine.eof:
        msg = "the packed body ends early"
        raise zlib.error(msg)
    return unpacked
