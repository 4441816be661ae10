"""Bucket numbers: the only interface between flags and the implementations of the hash.

A bucket number n is the first 60 bits of a hash of prefix + subject + salt. PostHog's format defines
the fraction h = float(n) / 2**60; `bound` and `upper` turn comparisons with h into comparisons of
integers once per flag, so no evaluation computes a fraction.

This module must not know flags, conditions or variants, and never chooses the subject.
`string_column` hashes a whole column of subjects.
"""

from enum import StrEnum
from math import inf, nextafter, ulp
from typing import TYPE_CHECKING, Any, Final, Protocol

from flagengine.native import accelerator

if accelerator is None:
    from flagengine.hashing import sha1

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = [
    "ACCELERATOR",
    "BUCKETS",
    "SUBJECT_CHARACTERS",
    "Algorithm",
    "Hasher",
    "bind",
    "bound",
    "bucket",
    "draw",
    "hasher",
    "murmur3_bucket",
    "rollout",
    "upper",
]

BUCKETS: Final = 1 << 60
"""The number of buckets; bucket numbers run from 0 to ``BUCKETS - 1``."""

SUBJECT_CHARACTERS: Final = 200
"""The number of characters of a distinct id that are hashed if its UTF-8 exceeds 200 bytes (R3).

Text of more than 200 characters has more than 200 bytes, and shorter text loses nothing, so cutting
every distinct id to this length follows the rule. The parameter `clip` cuts the subject.
"""

ACCELERATOR: Final[str] = accelerator.implementation() if accelerator else "none"
"""The SHA-1 in use: "avx-512", "sha-ni", "armv8-ce" or "portable-c"; "none" for hashlib's."""


class Algorithm(StrEnum):
    """A flag's hash; PostHog's flags use SHA-1."""

    SHA1 = "sha1"
    MURMUR3 = "murmur3"


if TYPE_CHECKING:  # a Protocol takes a quarter of a millisecond to define

    class Hasher(Protocol):
        """A hash with a fixed prefix and salt, in C or in Python."""

        @property
        def bucket(self) -> Callable[[str], int]:
            """The function from a subject to its bucket number."""

        @property
        def draw(self) -> Callable[[str], int]:
            """The function from a subject to the position of its number among the uppers."""

        @property
        def within(self) -> Callable[[str], bool]:
            """The function that tells whether a subject's number is below the first upper."""

    class _HasherType(Protocol):
        def __call__(
            self, prefix: str, salt: str, uppers: Iterable[int], limit: int, /
        ) -> Hasher: ...
else:
    Hasher = _HasherType = Any


bucket: "Callable[..., int]" = (accelerator or sha1).bucket


def murmur3_bucket(prefix: str, subject: str, salt: str = "", /) -> int:
    """Return what ``bucket`` returns, by the other hash."""
    from flagengine.hashing import murmur3  # noqa: PLC0415 few documents choose this hash

    return murmur3.bucket(prefix, subject, salt)


def _murmur3_hasher(prefix: str, salt: str, uppers: "Iterable[int]", limit: int, /) -> Hasher:
    from flagengine.hashing import murmur3  # noqa: PLC0415 as above

    return murmur3.Murmur3Hasher(prefix, salt, uppers, limit)


_HASHERS: Final[dict[str, _HasherType]] = {
    Algorithm.SHA1: accelerator.Hasher if accelerator is not None else sha1.Sha1Hasher,
    Algorithm.MURMUR3: _murmur3_hasher,
}


def bind(
    algorithm: Algorithm, prefix: str, salt: str, *, clip: bool, uppers: "Iterable[int]" = ()
) -> Hasher:
    """Return the hasher that :func:`hasher`, :func:`rollout` and :func:`draw` use."""
    limit = SUBJECT_CHARACTERS if clip else 0
    return _HASHERS[algorithm](prefix, salt, uppers, limit)


def hasher(
    algorithm: Algorithm, prefix: str, salt: str = "", *, clip: bool = False
) -> "Callable[[str], int]":
    """Return a function from a subject to its bucket number."""
    return bind(algorithm, prefix, salt, clip=clip).bucket


def rollout(
    algorithm: Algorithm, prefix: str, greatest: int, salt: str = "", *, clip: bool = False
) -> "Callable[[str], bool]":
    """Return a function that tells whether a subject's bucket number is at most `greatest`."""
    return bind(algorithm, prefix, salt, clip=clip, uppers=[greatest + 1]).within


def draw(
    algorithm: Algorithm,
    prefix: str,
    uppers: "Iterable[int]",
    salt: str = "",
    *,
    clip: bool = False,
) -> "Callable[[str], int]":
    """Return a function from a subject to the index of the first upper above its bucket number.

    Without such an upper the index is the number of uppers.
    """
    return bind(algorithm, prefix, salt, clip=clip, uppers=uppers).draw


def _greatest(fraction: float) -> int:
    """Return the greatest n with h(n) <= fraction; -1 if there is none."""
    if fraction >= 1.0:
        return BUCKETS - 1
    if not fraction >= 0.0:
        return -1
    scaled = fraction * BUCKETS  # exact, so float(n) <= scaled is the same as h(n) <= fraction
    n = int(scaled) + int(ulp(scaled)) // 2
    # n is halfway to the next float, and float(n) rounds to the even neighbour.
    return n if float(n) <= scaled else n - 1


def bound(percentage: float) -> int:
    """Return the greatest n with h(n) <= percentage / 100; -1 if there is none."""
    return _greatest(percentage / 100.0)


def upper(cumulative: float) -> int:
    """Return the number of n with h(n) < cumulative, the exclusive end of a variant's interval."""
    return _greatest(nextafter(cumulative, -inf)) + 1
