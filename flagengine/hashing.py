"""Bucket numbers: the one seam between what flags ask and how a hash is computed.

A bucket number is the first 60 bits of a hash of prefix + subject + salt. The format speaks of the
fraction h = float(n) / 2**60 instead; `bound` and `upper` turn its comparisons with h into
comparisons of integers, once per flag, so that no fraction is ever computed.

This must not know flags, conditions or variants, and it never decides which subject is hashed.
"""

from bisect import bisect_left, bisect_right
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

from flagengine import murmur3, string_column

try:
    from flagengine import _accelerator
except ImportError:
    _accelerator = None  # type: ignore[assignment]
    from flagengine import sha1

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from typing_extensions import Buffer

    from flagengine.string_column import StringColumn

__all__ = [
    "ACCELERATOR",
    "BUCKETS",
    "SUBJECT_CHARACTERS",
    "Algorithm",
    "bound",
    "bucket",
    "bucket_column",
    "draw",
    "hasher",
    "murmur3_bucket",
    "rollout",
    "upper",
]

BUCKETS: Final = 1 << 60
"""Bucket numbers run from 0 to one less."""

SUBJECT_CHARACTERS: Final = 200
"""What is hashed of a distinct id of more than 200 bytes of UTF-8 (evaluator rule B.2).

Text of more characters has more bytes, and text of fewer has nothing to lose: cutting every
distinct id to this length is the whole rule, and what `clip` stands for below.
"""

ACCELERATOR: Final[str] = _accelerator.implementation() if _accelerator else "none"
"""The SHA-1 in use: "sha-ni", "armv8-ce" or "portable-c", "none" where it is hashlib's."""


class Algorithm(StrEnum):
    """How a flag hashes; PostHog's flags by SHA-1."""

    SHA1 = "sha1"
    MURMUR3 = "murmur3"


class _Hasher(Protocol):
    @property
    def bucket(self) -> "Callable[[str], int]": ...
    @property
    def draw(self) -> "Callable[[str], int]": ...
    @property
    def within(self) -> "Callable[[str], bool]": ...


class _HasherType(Protocol):
    def __call__(
        self, prefix: str, salt: str, uppers: "Iterable[int]", limit: int, /
    ) -> _Hasher: ...


bucket = (_accelerator or sha1).bucket
murmur3_bucket = murmur3.bucket

_HASHERS: Final[dict[str, _HasherType]] = {
    Algorithm.SHA1: (_accelerator or sha1).Hasher,
    Algorithm.MURMUR3: murmur3.Hasher,
}


def _bind(
    algorithm: Algorithm, prefix: str, salt: str, *, clip: bool, uppers: "Iterable[int]" = ()
) -> _Hasher:
    limit = SUBJECT_CHARACTERS if clip else 0
    return _HASHERS[algorithm](prefix, salt, uppers, limit)


def hasher(
    algorithm: Algorithm, prefix: str, salt: str = "", *, clip: bool = False
) -> "Callable[[str], int]":
    """A function from a subject to its bucket number."""
    return _bind(algorithm, prefix, salt, clip=clip).bucket


def rollout(
    algorithm: Algorithm, prefix: str, greatest: int, salt: str = "", *, clip: bool = False
) -> "Callable[[str], bool]":
    """A function from a subject to whether its bucket number is at most `greatest`."""
    return _bind(algorithm, prefix, salt, clip=clip, uppers=[greatest + 1]).within


def draw(
    algorithm: Algorithm,
    prefix: str,
    uppers: "Iterable[int]",
    salt: str = "",
    *,
    clip: bool = False,
) -> "Callable[[str], int]":
    """A function from a subject to the index of the first upper that its number is below.

    Past the last upper the index is their number.
    """
    return _bind(algorithm, prefix, salt, clip=clip, uppers=uppers).draw


def _fraction(n: int) -> float:
    return float(n) / BUCKETS


def _candidates(fraction: float) -> range:
    """The numbers around this fraction of all: floats are at most 128 apart there."""
    middle = int(fraction * BUCKETS)
    return range(max(middle - 256, 0), min(middle + 256, BUCKETS))


def bound(percentage: float) -> int:
    """The greatest n with h(n) <= percentage / 100, -1 if there is none: who is rolled out."""
    fraction = percentage / 100.0
    if fraction >= 1.0:
        return BUCKETS - 1
    if not fraction >= 0.0:
        return -1
    numbers = _candidates(fraction)
    return numbers.start + bisect_right(numbers, fraction, key=_fraction) - 1


def upper(cumulative: float) -> int:
    """How many n have h(n) < cumulative: where the interval of a variant ends."""
    if cumulative > 1.0:
        return BUCKETS
    if not cumulative > 0.0:
        return 0
    numbers = _candidates(cumulative)
    return numbers.start + bisect_left(numbers, cumulative, key=_fraction)


def bucket_column(
    algorithm: Algorithm,
    prefix: str,
    salt: str,
    column: "StringColumn",
    out: "Buffer",
    *,
    clip: bool = False,
) -> None:
    """Fill `out` with the bucket numbers of a column's rows.

    Args:
        algorithm: The hash.
        prefix: What stands before each row's text.
        salt: What stands behind it.
        column: The subjects; text that is not UTF-8 has an unspecified number or raises.
        out: A writable buffer of native unsigned 64-bit numbers. A null row's is `NULL_ROW`.
        clip: Whether the rows are distinct ids, which are cut (`SUBJECT_CHARACTERS`).

    Raises:
        ValueError: A buffer is too short or an offset leaves the data. `out` may be filled in part.
    """
    if not _accelerator or algorithm != Algorithm.SHA1:
        string_column.fill(hasher(algorithm, prefix, salt, clip=clip), column, out)
        return
    _accelerator.bucket_column(
        prefix,
        salt,
        column.offsets,
        column.data,
        out,
        start=column.start,
        count=column.count,
        large_offsets=column.large_offsets,
        validity=column.validity,
        limit=SUBJECT_CHARACTERS if clip else 0,
    )
