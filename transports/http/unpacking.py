"""Decompression of response bodies up to a limit, so that a small body cannot become a huge one."""

from __future__ import annotations

import zlib

from ..errors import InvalidResponseError, ResponseTooLargeError

__all__ = ["ACCEPTED", "unpack"]

# The codings to ask for, which the standard library can decompress up to a limit.
ACCEPTED = "gzip, deflate"
# The wbits of zlib for a window of 32 KiB: with a gzip header, with a zlib header, bare.
_GZIP, _ZLIB, _BARE = 31, 15, -15


def unpack(body: bytes, coding: str, *, limit: int, status: int) -> bytes:
    """Return the body without its ``Content-Encoding``.

    Raises:
        ResponseTooLargeError: the decompressed body is larger than ``limit`` bytes.
        InvalidResponseError: the body is damaged, or in another coding than ``ACCEPTED``.
    """
    match coding.strip().lower():
        case "" | "identity":
            return body
        case "gzip" | "x-gzip":
            windows = [_GZIP]
        case "deflate":
            # Some servers send the bare stream, although the standard requires zlib's header.
            windows = [_ZLIB, _BARE]
        case _:
            msg = f"response body must be plain or use {ACCEPTED}, got another content coding"
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
        msg = f"response body must be at most {limit} bytes, got more after decompression"
        raise ResponseTooLargeError(msg, status=status)
    if not machine.eof:
        msg = "the compressed body ends early"
        raise zlib.error(msg)
    return unpacked
