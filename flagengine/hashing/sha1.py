"""SHA-1 bucket numbers in pure Python, equal to `native/hasher.c` in every answer and error.

This module is the fallback without the C extension, and the reference in the extension's tests.
Only `buckets` imports this module, and only without the extension, because the import loads OpenSSL
(3 ms).
"""

from bisect import bisect_right
from hashlib import sha1
from itertools import accumulate
from struct import iter_unpack
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["Sha1Hasher", "bucket", "numbers"]

_BUCKETS: Final = 1 << 60
_ABOVE_EVERY_DIGEST: Final = b"\xff" * 21

# The method of the type rejects everything but text, and ignores what a subclass overrides.
_encode: Final = str.encode


def _number(digest: bytes) -> int:
    return int.from_bytes(digest[:8]) >> 4


def bucket(prefix: str, subject: str, salt: str = "", /) -> int:
    """Return the first 60 bits of SHA-1(utf8(prefix + subject + salt))."""
    message = _encode(prefix) + _encode(subject) + _encode(salt)
    return _number(sha1(message, usedforsecurity=False).digest())


def numbers(prefix: str, salt: str, subjects: "Iterable[bytes]") -> "Iterator[int]":
    """Yield the bucket numbers of subjects in UTF-8."""
    copy = sha1(_encode(prefix), usedforsecurity=False).copy
    tail = _encode(salt)

    def digest(subject: bytes) -> bytes:
        state = copy()
        state.update(subject + tail)
        return state.digest()

    for (number,) in iter_unpack(">Q12x", b"".join(map(digest, subjects))):
        yield number >> 4


def _digest_bound(upper: int) -> bytes:
    """Return the bytes that are above a digest exactly if `upper` is above its bucket number."""
    return (upper << 4).to_bytes(8) if upper < _BUCKETS else _ABOVE_EVERY_DIGEST


class Sha1Hasher:
    """Bucket numbers for one prefix and salt; the prefix is absorbed once.

    Only the first `limit` characters of a subject are hashed; 0 means all characters.
    """

    __slots__ = ("bucket", "draw", "within")

    bucket: "Callable[[str], int]"
    """The function from a subject to its bucket number."""
    draw: "Callable[[str], int]"
    """The function from a subject to the index of the first upper above its bucket number."""
    within: "Callable[[str], bool]"
    """The function that tells whether a subject's bucket number is below the first upper."""

    def __init__(
        self, prefix: str, salt: str = "", uppers: "Iterable[int]" = (), limit: int = 0
    ) -> None:
        copy = sha1(_encode(prefix), usedforsecurity=False).copy
        tail = _encode(salt)
        end = limit or None
        # The first upper above a number is also the first running maximum above the number.
        bounds = [_digest_bound(upper) for upper in accumulate(uppers, max)]
        first = bounds[0] if bounds else b""

        # The three functions repeat the hashing: calling a shared function takes a tenth longer.
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
