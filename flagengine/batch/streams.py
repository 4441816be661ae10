"""Results that are streams of record batches: read once, in bounded memory."""

from collections.abc import Generator, Iterator
from typing import Any, Self

import pyarrow as pa

from flagengine.batch.tabular import Tabular

__all__ = ["Stream"]


class Stream(Tabular):
    """A stream of results that can be read once, in the order of the input.

    Iterate over record batches, pass the object to any reader of the Arrow C stream interface
    (polars, pandas, DuckDB, pyarrow), or call :meth:`read_all`, :meth:`to_pandas` or
    :meth:`to_polars`. Leaving the iteration, or calling :meth:`close`, stops the work.
    """

    def __init__(self, schema: pa.Schema, batches: Generator[pa.RecordBatch, None, None]) -> None:
        """Bind a stream without reading it."""
        self._schema = schema
        self._is_over = False
        self._batches = batches
        self._results = self._watched(batches)

    @property
    def schema(self) -> pa.Schema:
        """The schema of the results, known before any row is read."""
        return self._schema

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches of results, in the order of the input."""
        return self._results

    def read_all(self) -> pa.Table:
        """Return all results that are not yet read as one table.

        Raises:
            RuntimeError: all results were read before, or the stream was closed.
        """
        self._check_unread()
        return pa.Table.from_batches(list(self), self.schema)

    def to_arrow(self) -> pa.Table:
        """Return all results that are not yet read as one table, as :meth:`read_all` does."""
        return self.read_all()

    def to_reader(self) -> pa.RecordBatchReader:
        """Return the results that are not yet read as an Arrow reader.

        Raises:
            RuntimeError: all results were read before, or the stream was closed.
        """
        self._check_unread()
        return pa.RecordBatchReader.from_batches(self.schema, self)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return the results by the Arrow C stream interface."""
        return self.to_reader().__arrow_c_stream__(requested_schema)

    def close(self) -> None:
        """Stop the work: finish the batches in progress, and start no others."""
        self._is_over = True
        self._results.close()
        self._batches.close()

    def __enter__(self) -> Self:
        """Return the stream, which the end of a ``with`` block closes."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the work."""
        self.close()

    def _check_unread(self) -> None:
        if self._is_over:
            message = (
                "the results were read before, and a stream can be read once; keep the table that "
                "the first reading returned, or call again"
            )
            raise RuntimeError(message)

    def _watched(
        self, batches: Generator[Any, None, None]
    ) -> Generator[pa.RecordBatch, None, None]:
        try:
            yield from batches
        finally:
            self._is_over = True
            batches.close()
