"""New UUIDs for events. Their random bits are drawn in blocks, because each draw is a system call."""

from __future__ import annotations

import os
from struct import Struct

__all__ = ["Endings", "new_uuid"]

# RFC 9562 section 5.7: 48 bits of Unix milliseconds, version 7, 12 random bits, variant 0b10,
# 62 random bits.
_MILLISECONDS = (1 << 48) - 1
_RANDOM_BYTES = 10
# The first random byte has the version in its upper half, the third the variant in its upper two bits.
_AS_VERSION = bytes(0x70 | byte & 0x0F for byte in range(256))
_AS_VARIANT = bytes(0x80 | byte & 0x3F for byte in range(256))
_parts_of = Struct("4s4s12s").iter_unpack
# Endings that are drawn at once: few, because a copy of the whole machine, as some clouds make it, would
# use those that are left as well.
BLOCK = 128


class Endings:
    """Random endings of UUIDs, for the process that drew them and nobody else."""

    __slots__ = ("pid", "ready")

    def __init__(self) -> None:
        self.pid: int = os.getpid()
        self.ready: list[str] = []

    def take(self) -> str:
        """Return an ending that no other call gets, on any thread."""
        try:
            # One step, which threads cannot share.
            return self.ready.pop()
        except IndexError:
            drawn = _draw(BLOCK)
            ending = drawn.pop()
            self.ready.extend(drawn)
            return ending


# A list of one, because threads replace it in the child of a fork.
_current = [Endings()]


def new_uuid(wall: float) -> str:
    """Return a version 7 UUID for the wall-clock time ``wall`` (seconds since 1970).

    The random bits come from the operating system. The child of a fork draws bits of its own, also
    where Python does not hear of the fork, as under some application servers.
    """
    try:
        milliseconds = int(wall * 1000) & _MILLISECONDS
    except (ValueError, OverflowError):
        # A clock may say anything, and a UUID needs no time to be unique.
        milliseconds = 0
    endings = _current[0]
    if endings.pid != os.getpid():
        endings = _current[0] = Endings()
    known, beginning = _latest[0]
    if milliseconds != known:
        text = f"{milliseconds:012x}"
        beginning = f"{text[:8]}-{text[8:]}-"
        _latest[0] = milliseconds, beginning
    try:
        return beginning + endings.ready.pop()  # as `take` does, without the call
    except IndexError:
        return beginning + endings.take()


# The latest millisecond, with the beginning of its UUIDs: a pair that is replaced as one, for threads.
_latest: list[tuple[int, str]] = [(-1, "")]


def _draw(count: int) -> list[str]:
    """Return ``count`` random endings of UUIDs."""
    drawn = bytearray(os.urandom(_RANDOM_BYTES * count))
    drawn[0::_RANDOM_BYTES] = drawn[0::_RANDOM_BYTES].translate(_AS_VERSION)
    drawn[2::_RANDOM_BYTES] = drawn[2::_RANDOM_BYTES].translate(_AS_VARIANT)
    return [b"-".join(parts).decode() for parts in _parts_of(drawn.hex().encode())]
