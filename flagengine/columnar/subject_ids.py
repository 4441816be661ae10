"""The subjects that are hashed: columns of ids as text, and the bucket numbers of chosen rows.

A row without a usable id (SPEC R6) is null. The native loop over the column computes numbers for
the requested rows only. The empty distinct id has no number but a rule of its own (SPEC R3.16): its
rows form a case of their own, which the scalar engine answers.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from flagengine.columnar.cases import Cases, looked_up
from flagengine.columnar.json_values import GONE, json_cases
from flagengine.columnar.readable import is_utf8, readable
from flagengine.hashing.buckets import Algorithm
from flagengine.hashing.string_column import StringColumn, bucket_column
from flagengine.inputs.subject import usable_id
from flagengine.values.json_values import NOT_GIVEN

__all__ = ["EMPTY", "Mask", "SubjectIds", "ids_of_cases", "ids_of_column"]

EMPTY: Final = "empty"
"""The label of rows whose id is empty."""

Mask = NDArray[np.bool_] | bool
"""A mask of rows, or True for all rows and False for none."""


@dataclass(frozen=True, slots=True, eq=False)
class SubjectIds:
    """One id per row, null where it is not usable.

    With ``codes`` a row's id is the text at the position of its code. ``empty`` marks the empty
    texts, and is None when there are none.
    """

    texts: pa.Array
    codes: NDArray[Any] | None = None
    empty: NDArray[np.bool_] | None = None

    @property
    def presence(self) -> Cases:
        """Whether each row has an id: True, False or :data:`EMPTY`."""
        if self.texts.null_count == len(self.texts):
            return Cases.constant(False)
        if not self.texts.null_count and self.empty is None:
            return Cases.constant(True)
        labels: tuple[bool | str, ...] = (False, True)
        found = self.texts.is_valid().to_numpy(zero_copy_only=False).view(np.uint8)
        if self.empty is not None:
            labels, found = (False, True, EMPTY), found + self.empty
        return Cases(labels, found if self.codes is None else looked_up(found, self.codes))

    def numbers(
        self, algorithm: str, prefix: str, salt: str, wanted: Mask, *, clip: bool
    ) -> NDArray[np.uint64]:
        """Return bucket numbers; rows that are not wanted or have no id get the greatest number.

        The number of an empty id is the hash of the prefix and the salt alone.
        """
        mask = wanted if self.codes is None else True
        found = _hashed(self.texts, Algorithm(algorithm), prefix, salt, mask, clip=clip)
        if self.codes is None:
            return found
        numbers: NDArray[np.uint64] = looked_up(found, self.codes)
        if not isinstance(wanted, bool):
            numbers[~wanted] = _NONE
        return numbers


def ids_of_column(array: pa.Array, *, may_be_empty: bool = False) -> SubjectIds:
    """Return the ids in a column; numbers are read as their JSON text."""
    array = readable(array)
    kind = array.type
    if pa.types.is_integer(kind):
        return SubjectIds(array.cast(pa.large_string()))
    if (pa.types.is_string(kind) or pa.types.is_large_string(kind)) and is_utf8(array):
        return _ids_of_texts(array, may_be_empty=may_be_empty)
    return ids_of_cases(json_cases(array), len(array), may_be_empty=may_be_empty)


def _ids_of_texts(array: pa.Array, *, may_be_empty: bool) -> SubjectIds:
    lengths = pc.binary_length(array)
    least = pc.min(lengths).as_py()
    if least is None or least > 0:
        return SubjectIds(array)
    if may_be_empty:
        empty = pc.equal(lengths, 0).fill_null(False).to_numpy(zero_copy_only=False)
        return SubjectIds(array, empty=empty)
    return SubjectIds(pc.if_else(pc.greater(lengths, 0), array, pa.scalar(None, array.type)))


def ids_of_cases(cases: Cases, rows: int, *, may_be_empty: bool = False) -> SubjectIds:
    """Return the ids among JSON values."""
    texts = [
        None if label is GONE or label is NOT_GIVEN else usable_id(label) for label in cases.labels
    ]
    codes = np.zeros(rows, np.uint8) if cases.codes is None else cases.codes
    if not may_be_empty:
        return SubjectIds(pa.array([text or None for text in texts], pa.large_string()), codes)
    empty = np.array([text == "" for text in texts], bool)
    return SubjectIds(pa.array(texts, pa.large_string()), codes, empty if empty.any() else None)


def _hashed(
    texts: pa.Array, algorithm: Algorithm, prefix: str, salt: str, wanted: Mask, *, clip: bool
) -> NDArray[np.uint64]:
    out = np.empty(len(texts), np.uint64)
    if wanted is False:
        out.fill(_NONE)
        return out
    _, offsets, data = texts.buffers()
    large = bool(pa.types.is_large_string(texts.type))
    width = 8 if large else 4
    column = StringColumn(
        offsets=offsets and memoryview(offsets)[texts.offset * width :],
        data=data,
        count=len(texts),
        large_offsets=large,
        validity=_bitmap(texts, wanted),
    )
    bucket_column(algorithm, prefix, salt, column, out.data, clip=clip)
    return out


_NONE: Final = (1 << 64) - 1


def _bitmap(texts: pa.Array, wanted: Mask) -> Any:
    """Return the rows to hash as an Arrow validity bitmap; None for all rows."""
    if not isinstance(wanted, bool):
        if texts.null_count:
            wanted = wanted & texts.is_valid().to_numpy(zero_copy_only=False)
        return np.packbits(wanted, bitorder="little")
    if not texts.null_count:
        return None
    valid = texts.is_valid().to_numpy(zero_copy_only=False)
    return np.packbits(valid, bitorder="little")
