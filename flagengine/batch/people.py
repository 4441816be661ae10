"""A table of people and how to read it: the arguments that every function on tables takes."""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from operator import index
from typing import Any, Final, SupportsIndex, TypeVar, cast

import pyarrow as pa

from flagengine.batch.inputs import BATCH_ROWS, numbered, open_table
from flagengine.batch.progress import Progress, rows_of, shown
from flagengine.batch.stream import in_order
from flagengine.columnar.engine import BatchOptions, Engine
from flagengine.columnar.layout import Columns, Layout
from flagengine.inputs.environment import current_time
from flagengine.snapshot import Snapshot

__all__ = ["People", "PeopleOptions", "positive", "processors"]

R = TypeVar("R")


class PeopleOptions(BatchOptions, total=False):
    """The keyword arguments of every function on tables of people, as for ``evaluate_table``."""

    distinct_id: str
    """The column of distinct ids. Default "distinct_id"."""
    person_properties: Columns
    """Columns by property, or a list of columns; by default every column without another role."""
    person_json: str | None
    """A column that holds all person properties: JSON text, a struct or a map."""
    groups: Mapping[str, str] | None
    """Columns of group keys by group type."""
    group_properties: Mapping[str, Columns] | None
    """Columns by property, by group type."""
    group_json: Mapping[str, str] | None
    """Columns that hold all properties of a group, by group type."""
    device_id: str | None
    """The column of device ids."""
    json_nulls: bool | Collection[str]
    """The columns whose nulls are JSON's null, or True for all."""
    batch_rows: int
    """Rows per batch; memory is bounded by a few batches."""
    threads: int | None
    """The number of batches read at the same time. None: one per processor."""
    progress: Progress
    """True shows a bar (with tqdm, from the extra ``notebook``); a function is called with the rows
    done and the rows in all, or None if the table does not say. Default False."""


_COLUMNS: Final = (
    "person_properties",
    "person_json",
    "groups",
    "group_properties",
    "group_json",
    "device_id",
    "json_nulls",
)


class People:
    """An open table of people, which is read once, by as many engines as a function needs."""

    def __init__(self, table: Any, options: PeopleOptions) -> None:
        """Open the table and check the arguments; read no row.

        Raises:
            TableError: a column is missing, or a column of ids has floats.
            TypeError: an argument is of another type.
            ValueError: a number is below 1.
        """
        given: dict[str, Any] = dict(options)
        progress = given.pop("progress", False)
        batch_rows = positive("batch_rows", given.pop("batch_rows", BATCH_ROWS))
        threads = given.pop("threads", None)
        self._threads = processors() if threads is None else positive("threads", threads)
        columns = {name: given.pop(name) for name in _COLUMNS if name in given}
        rows = rows_of(table)
        batches = open_table(table)
        distinct_id = given.pop("distinct_id", "distinct_id")
        self.layout: Layout = Layout.of(batches.schema, distinct_id=distinct_id, **columns)
        # One moment for all engines, although each would read the clock.
        given["now"] = given.get("now") or current_time()
        self._options = cast("BatchOptions", given)
        self._batches = shown(batches.sized(batch_rows), rows, progress)

    def engine(self, snapshot: Snapshot, flag_keys: Iterable[str] | None) -> Engine:
        """Return the flags of a snapshot, bound to the columns and to the options of the call."""
        return Engine(snapshot, self.layout, flag_keys, **self._options)

    def each(self, work: Callable[[tuple[int, pa.RecordBatch]], R]) -> Iterator[R]:
        """Yield what ``work`` makes of each batch and the number of its first row, in order."""
        return in_order(work, numbered(self._batches), self._threads)

    @property
    def batches(self) -> Iterator[pa.RecordBatch]:
        """The batches, which can be read once."""
        return self._batches

    @property
    def threads(self) -> int:
        """The number of batches that are read at the same time."""
        return self._threads


def positive(name: str, given: SupportsIndex) -> int:
    """Return an argument that is an integer of at least 1."""
    try:
        number = index(given)
    except TypeError:
        message = f"{name} must be an integer, got {given!r}"
        raise TypeError(message) from None
    if number < 1:
        message = f"{name} must be at least 1, got {number}"
        raise ValueError(message)
    return number


def processors() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
