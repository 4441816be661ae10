"""The content codings of capture v1, each unpacked up to a limit: a small body cannot become a huge one.

Python's own gzip and deflate, and zstd and br where a module for them is installed.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, Final

from ...errors import InvalidResponseError, ResponseTooLargeError
from ...http.unpacking import unpack

__all__ = ["DamagedBodyError", "TooLargeBodyError", "UnknownCodingError", "unpacked"]

# The most memory that a body may ask for to be unpacked: 32 MiB.
_WINDOW_LOG: Final = 25


class UnknownCodingError(ValueError):
    """A body has a coding that nothing here can unpack."""


class DamagedBodyError(ValueError):
    """A body cannot be unpacked."""


class TooLargeBodyError(ValueError):
    """A body is too large when it is unpacked."""


def unpacked(body: bytes, coding: str, *, limit: int) -> bytes:
    """Return a body without its coding.

    Raises:
        UnknownCodingError: there is no such coding, or no module for it.
        DamagedBodyError: the body is not in this coding, or ends early.
        TooLargeBodyError: the unpacked body has more than ``limit`` bytes.
    """
    coding = coding.strip().lower()
    if coding in _OPTIONAL:
        read = _OPTIONAL[coding]()
        if read is None:
            raise UnknownCodingError(coding)
        try:
            found = read(body, limit + 1)
        except Exception as error:
            raise DamagedBodyError(coding) from error
    else:
        if coding not in ("", "gzip", "deflate"):
            raise UnknownCodingError(coding)
        try:
            found = unpack(body, coding, limit=limit, status=0)
        except ResponseTooLargeError as error:
            raise TooLargeBodyError(coding) from error
        except InvalidResponseError as error:
            raise DamagedBodyError(coding) from error
    if len(found) > limit:
        raise TooLargeBodyError(coding)
    return found


_Read = Callable[[bytes, int], bytes]


def _zstd() -> _Read | None:
    standard = _module("compression.zstd")
    if standard is not None:

        def read_standard(body: bytes, most: int) -> bytes:
            limits = {standard.DecompressionParameter.window_log_max: _WINDOW_LOG}
            machine = standard.ZstdDecompressor(options=limits)
            return _whole(machine.decompress(body, most), most, is_over=machine.eof)

        return read_standard
    package = _module("zstandard")
    if package is None:
        return None

    def read_package(body: bytes, most: int) -> bytes:
        machine = package.ZstdDecompressor(max_window_size=1 << _WINDOW_LOG)
        found: bytes = machine.stream_reader(body).read(most)
        return found

    return read_package


def _brotli() -> _Read | None:
    package = _module("brotli")
    machine = getattr(package, "Decompressor", None)
    if machine is None or not hasattr(machine, "can_accept_more_data"):
        # Before 1.2 the package cannot stop at a limit.
        return None

    def read(body: bytes, most: int) -> bytes:
        unpacker = machine()
        parts = [unpacker.process(body, output_buffer_limit=most)]
        size = len(parts[0])
        while size < most and not unpacker.can_accept_more_data():
            parts.append(unpacker.process(b"", output_buffer_limit=most - size))
            size += len(parts[-1])
        return _whole(b"".join(parts), most, is_over=unpacker.is_finished())

    return read


def _whole(found: bytes, most: int, *, is_over: bool) -> bytes:
    if len(found) < most and not is_over:
        msg = "the compressed body ends early"
        raise ValueError(msg)
    return found


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


_OPTIONAL: Final[dict[str, Callable[[], _Read | None]]] = {"zstd": _zstd, "br": _brotli}
