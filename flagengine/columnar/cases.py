"""Rows sorted into cases: whatever can be said of a case is said once, for all its rows.

A column of cases is a label per case and a small number per row. Everything in this package is one:
property values, verdicts, answers. Nothing here loops over rows in Python.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["Cases", "Codes", "combined", "filled", "mixed", "smallest_type"]

Codes = NDArray[Any]
"""Unsigned or signed integers, one per row: positions among labels."""

_FEW: Final = 64
"""So many labels may be kept although no row has them: finding out costs more."""

_MARKABLE: Final = 1 << 16
"""Up to this number of combinations, a table marks those that occur; above it, a hash table does."""


@dataclass(frozen=True, slots=True, eq=False)
class Cases:
    """Row ``i`` is the case ``labels[codes[i]]``; without codes every row is the only case.

    A label may have no rows. Two labels may be equal.
    """

    labels: Sequence[Any]
    codes: Codes | None = None

    @classmethod
    def constant(cls, label: Any) -> "Cases":
        """Return the same case for every row."""
        return cls((label,))

    def is_always(self, label: object) -> bool:
        """Tell whether every row is the case of that label."""
        return self.codes is None and self.labels[0] is label

    def label_of(self, row: int) -> Any:
        """Return the label of one row."""
        return self.labels[0 if self.codes is None else self.codes[row]]

    def relabelled(
        self, rename: Callable[[Any], Hashable], first: Iterable[Hashable] = ()
    ) -> "Cases":
        """Rename every case; cases of one name become one. ``first`` are names to begin with."""
        return self.renamed([rename(label) for label in self.labels], first)

    def renamed(self, names: Sequence[Hashable], first: Iterable[Hashable] = ()) -> "Cases":
        """Give the cases other names, in the order of the labels."""
        positions: dict[Hashable, int] = {name: place for place, name in enumerate(first)}
        table = [positions.setdefault(name, len(positions)) for name in names]
        if self.codes is None or len(set(table)) == 1:
            return Cases((names[0],)) if names else Cases(())
        labels = tuple(positions)
        if table == list(range(len(labels))):
            return Cases(labels, self.codes)
        return Cases(labels, np.array(table, smallest_type(len(labels)))[self.codes])

    def where(self, holds: Callable[[Any], bool]) -> NDArray[np.bool_] | bool:
        """Tell for every row whether its case is such; one answer when it is that of all rows."""
        table = [holds(label) for label in self.labels]
        if self.codes is None or all(table) or not any(table):
            return bool(table) and table[0]
        return np.array(table)[self.codes]


def smallest_type(count: int) -> Any:
    """Return the smallest integer type for this number of cases."""
    if count <= 1 << 8:
        return np.uint8
    return np.uint16 if count <= 1 << 16 else np.int64


def combined(parts: Sequence[Cases]) -> Cases:
    """Return the combinations that rows have; a label is a tuple with one label of each part."""
    found = Cases(((),))
    for part in parts:
        found = _product(found, part)
    return found


def _product(left: Cases, right: Cases) -> Cases:
    if right.codes is None:
        return Cases([(*one, right.labels[0]) for one in left.labels], left.codes)
    if left.codes is None:
        return Cases([(*left.labels[0], one) for one in right.labels], right.codes)
    width = len(right.labels)
    count = len(left.labels) * width
    codes = left.codes.astype(smallest_type(count))
    codes *= width
    codes += right.codes.astype(codes.dtype, copy=False)
    numbers: Sequence[int] = range(count)
    if count > _FEW:
        numbers, codes = _occurring(count, codes)
    pairs = (divmod(number, width) for number in numbers)
    return Cases([(*left.labels[i], right.labels[j]) for i, j in pairs], codes)


def _occurring(count: int, codes: Codes) -> tuple[Sequence[int], Codes]:
    """Return the numbers that occur, and for every row the position of its number among them."""
    if count > _MARKABLE:
        encoded = pa.array(codes).dictionary_encode()
        return encoded.dictionary.to_pylist(), encoded.indices.to_numpy(zero_copy_only=False)
    marks = np.zeros(count, bool)
    marks[codes] = True
    numbers = np.flatnonzero(marks)
    positions = np.zeros(count, smallest_type(len(numbers)))
    positions[numbers] = np.arange(len(numbers))
    return numbers.tolist(), positions[codes]


def filled(upper: Cases, lower: Cases, gap: object) -> Cases:
    """Lay one column over another: rows whose upper case is ``gap`` take their lower case."""
    hidden = upper.where(lambda label: label is gap)
    if isinstance(hidden, bool):
        return lower if hidden else upper
    return mixed(hidden, lower, upper)


def mixed(mask: NDArray[np.bool_], inside: Cases, outside: Cases) -> Cases:
    """Return the first cases in the rows of a mask, the others elsewhere."""
    rows = len(mask)
    codes = np.where(mask, _full(inside, rows) + len(outside.labels), _full(outside, rows))
    return Cases([*outside.labels, *inside.labels], codes)


def _full(cases: Cases, rows: int) -> NDArray[np.int32]:
    if cases.codes is None:
        return np.zeros(rows, np.int32)
    return cases.codes.astype(np.int32)
