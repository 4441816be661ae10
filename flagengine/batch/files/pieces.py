"""A Parquet table in pieces that workers can process independently."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from flagengine.batch.files.reading import guarded, parquet_files

__all__ = ["Piece", "pieces_of"]

_ROWS: Final = 1 << 20
"""The number of rows at which a piece ends: the row group that reaches it is the last."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some row groups of one file, not yet read; a piece can be pickled."""

    fragment: Any
    schema: pa.Schema

    def batches(self, columns: Sequence[str], batch_rows: int) -> Iterator[pa.RecordBatch]:
        """Return the piece's batches, which are read in this thread only."""
        scanner = self.fragment.scanner(
            schema=self.schema, columns=list(columns), batch_size=batch_rows, use_threads=False
        )
        batches = (batch for batch in scanner.to_batches() if batch.num_rows)
        return guarded(Path(self.fragment.path), batches)


def pieces_of(path: Path) -> tuple[pa.Schema, list[Piece]]:
    """Return the schema and the pieces of a Parquet file, or of a folder of Parquet files."""
    dataset = parquet_files(path)
    schema = dataset.schema
    return schema, [
        Piece(fragment.subset(row_group_ids=ids), schema)
        for fragment in dataset.get_fragments()
        for ids in _gathered(fragment)
    ]


def _gathered(fragment: Any) -> Iterator[list[int]]:
    """Yield the ids of the row groups of each piece."""
    ids: list[int] = []
    rows = 0
    for group in fragment.row_groups:
        ids.append(group.id)
        rows += group.num_rows
        if rows >= _ROWS:
            yield ids
            ids, rows = [], 0
    if ids:
        yield ids
