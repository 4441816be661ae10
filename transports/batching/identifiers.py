"""UUIDs: fresh ones of version 7, and what of a caller's is acceptable."""

from __future__ import annotations

import os
from uuid import UUID

__all__ = ["canonical_uuid", "new_uuid"]

# RFC 9562 section 5.7: 48 bits of Unix milliseconds, version 7, 12 random bits, variant 0b10,
# 62 random bits.
_TIMESTAMP_BITS = 48
_VERSION = 7 << 76
_VARIANT = 2 << 62
_RANDOM_A = 0xFFF << 64
_RANDOM_B = (1 << 62) - 1


def new_uuid(wall: float) -> str:
    """A version 7 UUID of the wall time ``wall`` (seconds since 1970).

    The random bits come from the operating system, so two processes that were forked from one
    never draw the same.
    """
    milliseconds = int(wall * 1000) & ((1 << _TIMESTAMP_BITS) - 1)
    drawn = int.from_bytes(os.urandom(10), "big")
    number = milliseconds << 80 | _VERSION | (drawn & _RANDOM_A) | _VARIANT | (drawn & _RANDOM_B)
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def canonical_uuid(value: object) -> str | None:
    """The caller's UUID as text, or None when it is none.

    Text in the usual 8-4-4-4-12 form stays exactly as given, capitals included.

    >>> canonical_uuid("0190A5D2-7C4B-7000-8000-000000000000")
    '0190A5D2-7C4B-7000-8000-000000000000'
    >>> canonical_uuid("no")
    """
    if isinstance(value, UUID):
        return str(value)
    if not isinstance(value, str):
        return None
    try:
        parsed = str(UUID(value))
    except ValueError:
        return None
    return value if value.lower() == parsed else parsed
