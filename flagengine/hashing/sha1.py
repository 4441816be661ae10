"""SHA-1 bucket numbers in pure Python: the twin of `native/hasher.c`.

The fallback where the extension was not built, and the reference in its tests: both give the same
answers and the same errors. Only `buckets` imports this module, and only without the extension:
importing it loads OpenSSL (3 ms), which is wasted when the extension is available.
"""

from bisect import bisect_right
from hashlib import sha1
from itertools import accumulate
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Sha1Hasher", "bucket"]

_BUCKETS: Final = 1 << 60
_ABOVE_EVERY_DIGEST: Final = b"\xff" * 21

# Called on the type, so that a subclass cannot change what is hashed and only text passes.
_encode: Final = str.encode


def _number(digest: bytes) -> int:
    return int.from_bytes(digest[:8]) >> 4


def bucket(prefix: str, subject: str, salt: str = "", /) -> int:
    """The first 60 bits of SHA-1(utf8(prefix + subject + salt))."""
    message = _encode(prefix) + _encode(subject) + _encode(salt)
    return _number(sha1(message, usedforsecurity=False).digest())


def _digest_bound(upper: int) -> bytes:
    """What a digest is below exactly when its bucket number is below `upper`."""
    return (upper << 4).to_bytes(8) if upper < _BUCKETS else _ABOVE_EVERY_DIGEST


class Sha1Hasher:
    """Bucket numbers for one prefix and salt: the prefix is absorbed once.

    Of each subject, only the first `limit` characters count; 0: all.
    """

    __slots__ = ("bucket", "draw", "within")

    bucket: "Callable[[str], int]"
    """The bucket number of prefix + subject + salt."""
    draw: "Callable[[str], int]"
    """The index of the first upper the bucket number is below, their number if there is none."""
    within: "Callable[[str], bool]"
    """Whether the bucket number is below the first upper."""

    def __init__(
        self, prefix: str, salt: str = "", uppers: "Iterable[int]" = (), limit: int = 0
    ) -> None:
        copy = sha1(_encode(prefix), usedforsecurity=False).copy
        tail = _encode(salt)
        end = limit or None
        # The first upper above a number is also the first running maximum above it.
        bounds = [_digest_bound(upper) for upper in accumulate(uppers, max)]
        first = bounds[0] if bounds else b""

        # Each absorbs by itself: a call of a shared function would cost a tenth of the whole.
        def bucket(subject: str) -> int:
            state = copy()
            state.update(_encode(subject[:end]) + tail)
            return _number(state.digest())

        def draw(subject: str) -> int:
            state = copy()
            state.update(_encode(subject[:end]) + tail)
            return bisect_right(bounds, state.digest())

        def within(subject: str) -> bool:
            state = copy()
            state.update(_encode(subject[:end]) + tail)
            return state.digest() < first

        self.bucket, self.draw, self.within = bucket, draw, within
