"""The stream of results of ``evaluate_table``, and the statistics of the rows read so far."""

from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from flagengine.batch.inputs import numbered
from flagengine.batch.outputs import Output
from flagengine.batch.stream import in_order
from flagengine.batch.streams import Stream
from flagengine.columnar.engine import Engine
from flagengine.results.resolution import Resolution

__all__ = ["Stats", "TableEvaluation"]

_FEW: Final = 12
"""The number of answers up to which counting one after another is faster."""

_Work = tuple[int, pa.RecordBatch]
_Done = tuple[pa.RecordBatch, int, list[NDArray[Any]]]


@dataclass(slots=True)
class Stats:
    """Statistics of the rows evaluated so far.

    ``answers`` counts the rows of each flag by resolution. ``fallback_rows`` counts the rows of each
    flag that the scalar engine evaluated, one row for every new case: a number near ``rows`` means
    that the flag's rows have too little in common.
    """

    rows: int = 0
    batches: int = 0
    answers: dict[str, Counter[Resolution]] = field(default_factory=dict)
    fallback_rows: dict[str, int] = field(default_factory=dict)


class TableEvaluation(Stream):
    """A stream of results that can be read once; ``stats`` covers the results read so far.

    Iterate over record batches, pass the object to any reader of the Arrow C stream interface
    (polars, pandas, DuckDB, pyarrow), or call :meth:`read_all`, :meth:`to_pandas` or
    :meth:`to_polars`. Leaving the iteration, or calling :meth:`close`, stops the work.
    """

    def __init__(
        self, engine: Engine, batches: Iterable[pa.RecordBatch], output: Output, threads: int
    ) -> None:
        """Bind a stream without reading it."""
        self.stats: Stats = Stats(answers={key: Counter() for key in engine.keys})
        self._engine = engine
        self._output = output
        done = in_order(self._run, numbered(batches), threads)
        super().__init__(output.schema, self._counted(done))

    @property
    def keys(self) -> tuple[str, ...]:
        """The flags, in the order of the results."""
        return self._engine.keys

    def __repr__(self) -> str:
        """Return what was evaluated and how far it was read, without reading on."""
        done = f"{self.stats.rows:,} rows read{'' if self._is_over else ' so far'}"
        return f"<TableEvaluation of {len(self.keys)} flags, {done}>"

    def _repr_html_(self) -> str:
        """Return the answers of the rows read so far as a table, for a notebook."""
        from flagengine.batch.shown.streams import evaluation_html  # noqa: PLC0415 notebooks only

        return evaluation_html(self.stats.answers, self.stats.rows, is_over=self._is_over)

    def _run(self, work: _Work) -> _Done:
        first_row, batch = work
        codes = self._engine.run(self._engine.rows(batch, first_row))
        return self._output(batch, codes), batch.num_rows, codes

    def _counted(self, done: Generator[_Done, None, None]) -> Generator[pa.RecordBatch, None, None]:
        try:
            for result, rows, codes in done:
                self._count(rows, codes)
                yield result
        finally:
            done.close()

    def _count(self, rows: int, codes: list[NDArray[Any]]) -> None:
        self.stats.rows += rows
        self.stats.batches += 1
        for key, found in zip(self._engine.keys, codes, strict=True):
            answers = self._engine.answers(key)
            known = self.stats.answers[key]
            for position, count in _counts(found, len(answers.resolutions)):
                known[answers.resolutions[position]] += count
            self.stats.fallback_rows[key] = answers.cases


def _counts(codes: NDArray[Any], most: int) -> Iterator[tuple[int, int]]:
    """Return each code that occurs and its number of rows; codes are below ``most``."""
    if most <= _FEW:
        counts = [int(np.count_nonzero(codes == code)) for code in range(most)]
    else:
        counts = np.bincount(codes).tolist()
    return ((code, count) for code, count in enumerate(counts) if count)
