"""Any table as record batches of bounded size, read one at a time."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import pyarrow as pa

from flagengine.columnar.errors import TableError

__all__ = ["BATCH_ROWS", "Batches", "numbered", "open_table"]

BATCH_ROWS: Final = 1 << 16
"""The default number of rows per batch: a batch's columns fit into the CPU's caches, and the fixed
cost of a batch is negligible."""


class Batches:
    """A schema, and batches that are read on demand."""

    def __init__(self, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
        """Bind an iterator."""
        self.schema = schema
        self._batches = batches

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches unchanged."""
        return iter(self._batches)

    def sized(self, rows: int) -> Iterator[pa.RecordBatch]:
        """Yield batches of exactly ``rows`` rows, except for the last batch."""
        waiting: list[pa.RecordBatch] = []
        count = 0
        for batch in self._batches:
            start = 0
            while start < batch.num_rows:
                part = batch.slice(start, rows - count)
                waiting.append(part)
                start += part.num_rows
                count += part.num_rows
                if count == rows:
                    yield _joined(waiting)
                    waiting, count = [], 0
        if waiting:
            yield _joined(waiting)


def numbered(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yield each batch with the position of its first row in the table."""
    first = 0
    for batch in batches:
        yield first, batch
        first += batch.num_rows


def _joined(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    if len(batches) == 1:
        return batches[0]
    table = pa.Table.from_batches(batches).combine_chunks()
    return pa.RecordBatch.from_arrays(
        [
            column.chunk(0) if column.num_chunks else pa.array([], column.type)
            for column in table.columns
        ],
        schema=table.schema,
    )


def open_table(table: Any) -> Batches:
    """Open any object with the Arrow C stream interface, or an iterable of record batches.

    Raise TypeError for other objects.
    """
    if isinstance(table, Batches):
        return table
    if isinstance(table, pa.RecordBatch):
        return Batches(table.schema, [table])
    if isinstance(table, pa.Table):
        return Batches(table.schema, table.to_batches())
    if hasattr(table, "__arrow_c_stream__"):
        try:
            reader = pa.RecordBatchReader.from_stream(table)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            message = (
                f"a column of the table has a type that pyarrow lacks ({error}); cast integers of 128 "
                "bits to 64 bits or to text"
            )
            raise TableError(message) from None
        return Batches(reader.schema, reader)
    if hasattr(table, "__arrow_c_array__"):
        return open_table(pa.record_batch(table))
    if isinstance(table, Iterable) and not isinstance(table, str | bytes | dict):
        return _of_iterable(iter(table))
    message = (
        "a table must have __arrow_c_stream__ (pyarrow, polars, pandas, DuckDB) or be an iterable "
        f"of record batches, got {type(table).__name__}"
    )
    raise TypeError(message)


def _of_iterable(batches: Iterator[Any]) -> Batches:
    first = next(batches, None)
    if first is None:
        message = "table must not be an empty iterable, which has no schema; pass an empty table"
        raise TypeError(message)
    first = _batch(first)
    return Batches(first.schema, _checked(first, batches))


def _checked(first: pa.RecordBatch, rest: Iterator[Any]) -> Iterator[pa.RecordBatch]:
    yield first
    for given in rest:
        batch = _batch(given)
        if batch.schema != first.schema:
            message = f"all batches must have the schema {first.schema}, got {batch.schema}"
            raise TypeError(message)
        yield batch


def _batch(batch: Any) -> pa.RecordBatch:
    if isinstance(batch, pa.RecordBatch):
        return batch
    if hasattr(batch, "__arrow_c_array__"):
        return pa.record_batch(batch)
    message = (
        f"a table must be an iterable of record batches, got an item of type {type(batch).__name__}"
    )
    raise TypeError(message)
