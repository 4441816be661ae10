"""The progress of reading a table: a bar in a notebook or on a terminal, or a function of the caller."""

import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, TypeAlias

import pyarrow as pa

from flagengine.extras import extra_for

__all__ = ["Progress", "rows_of", "shown"]

Progress: TypeAlias = bool | Callable[[int, int | None], object]
"""True for a bar, or a function of the rows done and of all rows, which are None if unknown."""


def rows_of(table: Any) -> int | None:
    """Return the number of rows of a table that is in memory; None for any other, without reading."""
    for name in ("num_rows", "height"):  # pyarrow and polars
        found = getattr(table, name, None)
        if isinstance(found, int):
            return found
    index: Any = getattr(table, "index", None)  # of pandas; a list has a method of this name
    return len(index) if hasattr(index, "__len__") else None


def shown(
    batches: Iterable[pa.RecordBatch], rows: int | None, progress: Progress
) -> Iterator[pa.RecordBatch]:
    """Yield batches, and show how many rows were asked for so far.

    Raises:
        ModuleNotFoundError: ``progress`` is True and tqdm is not installed.
        TypeError: ``progress`` is no bool and cannot be called.
    """
    if progress is False:
        return iter(batches)
    if progress is True:
        bar = partial(_tqdm(), total=rows, unit=" rows", unit_scale=True, leave=False)
        return _barred(batches, bar)
    if not callable(progress):
        message = f"progress must be a bool or a function of two numbers, got {progress!r}"
        raise TypeError(message)
    return _reported(batches, rows, progress)


def _tqdm() -> Any:
    """Return the bar for a notebook with ipywidgets, else the one of text, without a warning that says so."""
    with extra_for("progress=True"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from tqdm.auto import tqdm  # noqa: PLC0415 an extra
    return tqdm


def _barred(
    batches: Iterable[pa.RecordBatch], new_bar: Callable[[], Any]
) -> Iterator[pa.RecordBatch]:
    with new_bar() as bar:
        for batch in batches:
            yield batch
            bar.update(batch.num_rows)


def _reported(
    batches: Iterable[pa.RecordBatch],
    rows: int | None,
    progress: Callable[[int, int | None], object],
) -> Iterator[pa.RecordBatch]:
    done = 0
    for batch in batches:
        yield batch
        done += batch.num_rows
        progress(done, rows)
