"""Murmur3 bucket numbers: a cheaper hash for snapshots that choose it.

A bucket number is the upper 60 of the first 64 bits of MurmurHash3_x64_128, seed 0, of
utf8(prefix + subject + salt). Only `buckets` imports this module.
"""

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from mmh3 import mmh3_x64_128_utupledigest as digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Murmur3Hasher", "bucket"]

# This module encodes the text, because mmh3 crashes on a lone surrogate.
_encode: Final = str.encode


def bucket(prefix: str, subject: str, salt: str = "", /) -> int:
    """Return the upper 60 of the first 64 bits of MurmurHash3(utf8(prefix + subject + salt))."""
    return digest(_encode(prefix) + _encode(subject) + _encode(salt))[0] >> 4


class Murmur3Hasher:
    """Bucket numbers for one prefix and salt, with the same interface as `sha1.Sha1Hasher`."""

    __slots__ = ("bucket", "draw", "within")

    bucket: "Callable[[str], int]"
    draw: "Callable[[str], int]"
    within: "Callable[[str], bool]"

    def __init__(
        self, prefix: str, salt: str = "", uppers: "Iterable[int]" = (), limit: int = 0
    ) -> None:
        head, tail = _encode(prefix), _encode(salt)
        end = limit or None
        bounds = list(accumulate(uppers, max))
        first = bounds[0] if bounds else 0

        def bucket(subject: str) -> int:
            return digest(head + _encode(subject[:end]) + tail)[0] >> 4

        def draw(subject: str) -> int:
            return bisect_right(bounds, bucket(subject))

        def within(subject: str) -> bool:
            return bucket(subject) < first

        self.bucket, self.draw, self.within = bucket, draw, within
