"""Rows sorted into cases: all rows of a case are alike, so the case is decided once.

A column of cases has a label per case and a small number per row. Property values, verdicts and
answers all are columns of cases. This module never loops over rows in Python.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = [
    "Cases",
    "Codes",
    "Renaming",
    "combined",
    "filled",
    "looked_up",
    "mixed",
    "smallest_type",
]

Codes = NDArray[Any]
"""An unsigned or signed integer for each row: its position among the labels."""

_FEW: Final = 64
"""The number of labels up to which labels without rows are kept, because finding them costs more."""

_MARKABLE: Final = 1 << 16
"""The number of combinations up to which an array marks those that occur; above, a hash table."""


@dataclass(frozen=True, slots=True, eq=False)
class Cases:
    """A column of cases: row ``i`` has the label ``labels[codes[i]]``.

    Without codes every row has the first label. A label may have no rows, and labels may be equal.
    """

    labels: Sequence[Any]
    codes: Codes | None = None

    @classmethod
    def constant(cls, label: Any) -> "Cases":
        """Return a column in which every row has the same label."""
        return cls((label,))

    def is_always(self, label: object) -> bool:
        """Tell whether every row has this label."""
        return self.codes is None and self.labels[0] is label

    def label_of(self, row: int) -> Any:
        """Return the label of one row."""
        return self.labels[0 if self.codes is None else self.codes[row]]

    def relabelled(
        self, rename: Callable[[Any], Hashable], first: Iterable[Hashable] = ()
    ) -> "Cases":
        """Rename every case and merge cases of the same name; ``first`` lists the first names."""
        return self.renamed([rename(label) for label in self.labels], first)

    def renamed(self, names: Sequence[Hashable], first: Iterable[Hashable] = ()) -> "Cases":
        """Give the cases new names, in the order of the labels."""
        return Renaming.of(names, first).applied(self)

    def where(self, holds: Callable[[Any], bool]) -> NDArray[np.bool_] | bool:
        """Tell for every row whether ``holds`` is true of its label; a bool if all rows agree."""
        table = [holds(label) for label in self.labels]
        if self.codes is None or all(table) or not any(table):
            return bool(table) and table[0]
        return looked_up(np.array(table), self.codes)


@dataclass(frozen=True, slots=True, eq=False)
class Renaming:
    """New names for the labels of a column, which can be applied to every column with these labels."""

    constant: tuple[Hashable, ...]
    """The name of the first label, for columns whose rows are all alike."""
    labels: tuple[Hashable, ...] = ()
    table: Codes | None = None
    """The position of each old label's name; None if all labels have the same name."""
    is_same: bool = False
    """Whether every label keeps its position."""

    @classmethod
    def of(cls, names: Sequence[Hashable], first: Iterable[Hashable] = ()) -> "Renaming":
        """Return a renaming that merges equal names; ``first`` lists the first names."""
        positions: dict[Hashable, int] = {name: place for place, name in enumerate(first)}
        table = [positions.setdefault(name, len(positions)) for name in names]
        if len(set(table)) == 1:
            return cls((names[0],))
        labels, codes = tuple(positions), np.array(table, smallest_type(len(positions)))
        return cls(tuple(names[:1]), labels, codes, table == list(range(len(labels))))

    def applied(self, cases: Cases) -> Cases:
        """Return a column with new names."""
        if self.table is None or cases.codes is None:
            return Cases(self.constant)
        return Cases(
            self.labels, cases.codes if self.is_same else looked_up(self.table, cases.codes)
        )


def looked_up(table: Codes, codes: Codes) -> Codes:
    """Return the entry of a table for each code: ``table[codes]``, which may be read-only.

    Indexing takes three times as long, because it turns the codes into wide integers.
    """
    if codes.dtype == np.uint8 and table.itemsize == 1 and len(table):
        entries = table[:256].tobytes().ljust(256, b"\0")
        return np.frombuffer(codes.tobytes().translate(entries), table.dtype)
    return table.take(codes)


def smallest_type(count: int) -> Any:
    """Return the smallest integer type for this number of cases."""
    if count <= 1 << 8:
        return np.uint8
    return np.uint16 if count <= 1 << 16 else np.int64


def combined(parts: Sequence[Cases]) -> Cases:
    """Return the combinations of several columns; a label is a tuple of one label per part."""
    found = Cases(((),))
    for part in parts:
        found = _product(found, part)
    return found


def _product(left: Cases, right: Cases) -> Cases:
    if right.codes is None:
        return Cases([(*label, right.labels[0]) for label in left.labels], left.codes)
    if left.codes is None:
        return Cases([(*left.labels[0], label) for label in right.labels], right.codes)
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
    """Return the numbers that occur, and the position of every row's number among them."""
    if count > _MARKABLE:
        encoded = pa.array(codes).dictionary_encode()
        return encoded.dictionary.to_pylist(), encoded.indices.to_numpy(zero_copy_only=False)
    marks = np.zeros(count, bool)
    marks[codes] = True
    numbers = np.flatnonzero(marks)
    positions = np.zeros(count, smallest_type(len(numbers)))
    positions[numbers] = np.arange(len(numbers))
    return numbers.tolist(), looked_up(positions, codes)


def filled(upper: Cases, lower: Cases, gap: object) -> Cases:
    """Lay a column over another: rows whose upper label is ``gap`` take their lower label."""
    hidden = upper.where(lambda label: label is gap)
    if isinstance(hidden, bool):
        return lower if hidden else upper
    return mixed(hidden, lower, upper)


def mixed(mask: NDArray[np.bool_], inside: Cases, outside: Cases) -> Cases:
    """Return ``inside`` in the rows of a mask and ``outside`` in all other rows."""
    rows = len(mask)
    codes = np.where(mask, _full(inside, rows) + len(outside.labels), _full(outside, rows))
    return Cases([*outside.labels, *inside.labels], codes)


def _full(cases: Cases, rows: int) -> NDArray[np.int32]:
    if cases.codes is None:
        return np.zeros(rows, np.int32)
    return cases.codes.astype(np.int32)
