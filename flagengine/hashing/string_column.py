"""Bucket numbers of a whole Arrow string column, read from the format's buffers without Arrow.

The accelerator computes SHA-1 numbers if it is installed; otherwise the loop in this module does.
Both reject the same input with the same message.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Final

from flagengine.hashing.buckets import SUBJECT_CHARACTERS, Algorithm, hasher
from flagengine.native import accelerator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flagengine.native._accelerator import Buffer

__all__ = ["NULL_ROW", "StringColumn", "bucket_column"]

NULL_ROW: Final = (1 << 64) - 1
"""The number of a null row, which is greater than every bucket number."""

_PART: Final = 1 << 10
"""The number of rows hashed together in Python."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StringColumn:
    """The buffers of `count` rows from row `start` on.

    Attributes:
        offsets: The start of each row's text, and the end of the last row's text: 32-bit numbers,
            or 64-bit numbers with `large_offsets`. None for a column without rows.
        data: The UTF-8 text of all rows.
        start: The first row, as a position in `offsets` and `validity`.
        count: The number of rows.
        large_offsets: Whether the column is a `large_string` column.
        validity: The bitmap of the rows that are not null; None if no row is null.
    """

    offsets: "Buffer | None"
    data: "Buffer | None"
    start: int = 0
    count: int
    large_offsets: bool = False
    validity: "Buffer | None" = None


def _view(buffer: "Buffer | None") -> memoryview:
    return memoryview(b"" if buffer is None else buffer).cast("B")


def _offsets(column: StringColumn) -> "memoryview[int]":
    octets = _view(column.offsets)
    if column.large_offsets:
        return octets[: len(octets) // 8 * 8].cast("q")
    return octets[: len(octets) // 4 * 4].cast("i")


def _check(column: StringColumn, offsets: int, out: int) -> None:
    start, count = column.start, column.count
    if start < 0 or count < 0:
        raise ValueError("start and count must not be negative")
    if count > out:
        raise ValueError("out is too short for count numbers of 8 bytes")
    if count == 0:
        return  # Arrow lets the buffers of an empty array be missing.
    if start + count >= offsets:
        raise ValueError("offsets is too short for start and count")
    if column.validity is not None and (start + count - 1) // 8 >= len(_view(column.validity)):
        raise ValueError("validity is too short for start and count")


def _rows(column: StringColumn, out: memoryview) -> "Iterator[tuple[int, bytes]]":
    """Yield the place and the text of each row that is not null; write `NULL_ROW` for the others."""
    offsets, text, start = _offsets(column), _view(column.data), column.start
    _check(column, len(offsets), len(out))
    bits = None if column.validity is None else _view(column.validity)
    ends, size = offsets[start : start + column.count + 1].tolist(), len(text)
    # Wrong offsets may give wrong texts here, but then one row's are refused below.
    base = max(ends[0], 0) if ends else 0
    data = bytes(text[base : max(ends[-1], 0)] if ends else b"")
    for place, (begin, end) in enumerate(pairwise(ends)):
        row = start + place
        if not 0 <= begin <= end <= size:
            raise ValueError(f"the offsets of row {row} are not within the data")
        if bits is not None and not bits[row // 8] >> row % 8 & 1:
            out[place] = NULL_ROW
        else:
            yield place, data[begin - base : end - base]


def _fill(
    algorithm: Algorithm, prefix: str, salt: str, column: StringColumn, out: "Buffer", limit: int
) -> None:
    numbers = _view(out)
    numbers = numbers[: len(numbers) // 8 * 8].cast("Q")
    rows = _rows(column, numbers)
    while part := list(islice(rows, _PART)):
        subjects = [_clipped(subject, limit) for _, subject in part]
        if algorithm == Algorithm.SHA1:
            from flagengine.hashing import sha1  # noqa: PLC0415 (the import loads OpenSSL)

            found: Iterable[int] = sha1.numbers(prefix, salt, subjects)
        else:
            number = hasher(algorithm, prefix, salt)
            found = (number(str(subject, "utf-8")) for subject in subjects)
        for (place, _), value in zip(part, found, strict=True):
            numbers[place] = value


def _clipped(subject: bytes, limit: int) -> bytes:
    """Return the first `limit` characters; 0 means all."""
    if not 0 < limit < len(subject):
        return subject
    return str(subject, "utf-8")[:limit].encode()


def bucket_column(
    algorithm: Algorithm,
    prefix: str,
    salt: str,
    column: StringColumn,
    out: "Buffer",
    *,
    clip: bool = False,
) -> None:
    """Fill `out` with the bucket numbers of a column's rows.

    Args:
        algorithm: The hash.
        prefix: The text hashed before each row.
        salt: The text hashed after each row.
        column: The subjects. Text that is not UTF-8 gives an unspecified number or an exception.
        out: A writable buffer of native unsigned 64-bit numbers. A null row gives `NULL_ROW`.
        clip: Whether the rows are distinct ids, which are cut (`SUBJECT_CHARACTERS`).

    Raises:
        ValueError: A buffer is too short, or an offset is outside the data. `out` may be partly
            filled.
    """
    if not accelerator or algorithm != Algorithm.SHA1:
        limit = SUBJECT_CHARACTERS if clip else 0
        _fill(algorithm, prefix, salt, column, out, limit)
        return
    accelerator.bucket_column(
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
