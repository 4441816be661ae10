"""Compression of request bodies; gzip replaces an encoding whose module is not installed.

``zstd`` needs Python 3.14 or the package ``zstandard``; ``br`` needs ``brotli``. A module is
imported when its encoding is chosen, not before.

PostHog's endpoint of capture v1 reads all of them. That of v0 knows gzip and its own LZ64 only, and takes
a body in any other encoding for text. zstd would take a third of gzip's time, but it is no default: most
projects send to v0, and Python before 3.14 has no zstd.
"""

from __future__ import annotations

import gzip
import importlib
import zlib
from collections.abc import Callable
from enum import StrEnum
from typing import Any

__all__ = ["Encoding", "choose_encoder"]

# 1,000 varied events (548 KB) measured: level 1 leaves 94 KB in 3.1 ms, level 3 86 KB in 3.6 ms, level 6
# 76 KB in 8.4 ms, level 9 73 KB in 15.1 ms. Below level 4, zlib does not look twice for each match, and
# compression no longer takes more time than everything else that is done for an event.
GZIP_LEVEL = 3
# 1,000 varied events (443 KB) measured: levels 1, 2 and 3 all leave 81 KB, in 1.1, 1.3 and 1.8 ms.
ZSTD_LEVEL = 1
BROTLI_QUALITY = 4

Encoder = Callable[[bytes], bytes]


class Encoding(StrEnum):
    """Values of ``Content-Encoding`` that the server accepts; NONE sends no such header."""

    NONE = "none"
    GZIP = "gzip"
    DEFLATE = "deflate"
    ZSTD = "zstd"
    BR = "br"


def choose_encoder(wanted: Encoding, warn: Callable[[str], None]) -> tuple[Encoding, Encoder]:
    """Return ``wanted`` and its function; gzip, with a warning, if the module is not installed."""
    encoder = _ENCODERS[wanted]()
    if encoder is not None:
        return wanted, encoder
    warn(f"no module for {wanted.value} compression is installed: using gzip")
    return Encoding.GZIP, _gzip


def _plain(data: bytes) -> bytes:
    return data


def _gzip(data: bytes) -> bytes:
    # With mtime=0, the same body gives the same bytes.
    return gzip.compress(data, GZIP_LEVEL, mtime=0)


def _deflate(data: bytes) -> bytes:
    # RFC 9110 section 8.4.1.2: "deflate" is the zlib format, not the bare stream.
    return zlib.compress(data, GZIP_LEVEL)


def _find_zstd() -> Encoder | None:
    standard = _import_optional("compression.zstd")
    if standard is not None:
        return lambda data: bytes(standard.compress(data, ZSTD_LEVEL))
    package = _import_optional("zstandard")
    if package is not None:
        # Threads must not share a ZstdCompressor, so each call makes its own.
        return lambda data: bytes(package.ZstdCompressor(level=ZSTD_LEVEL).compress(data))
    return None


def _find_brotli() -> Encoder | None:
    package = _import_optional("brotli") or _import_optional("brotlicffi")
    if package is None:
        return None
    return lambda data: bytes(package.compress(data, quality=BROTLI_QUALITY))


def _import_optional(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


_ENCODERS: dict[Encoding, Callable[[], Encoder | None]] = {
    Encoding.NONE: lambda: _plain,
    Encoding.GZIP: lambda: _gzip,
    Encoding.DEFLATE: lambda: _deflate,
    Encoding.ZSTD: _find_zstd,
    Encoding.BR: _find_brotli,
}
