"""Batches to files: written under a temporary name and moved into place when complete."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import repeat
from pathlib import Path
from typing import Any, Final, Protocol

import pyarrow as pa
import pyarrow.csv
import pyarrow.ipc
import pyarrow.parquet

from flagengine.batch.files.formats import FileError, written_format_of
from flagengine.batch.files.placing import guarded_writing, placed
from flagengine.columnar.json_values import GONE, json_cases
from flagengine.columnar.readable import readable
from flagengine.values.json_values import NOT_GIVEN

__all__ = ["write_file", "write_lines"]

_ROWS_PER_FILE: Final = 1 << 22
_ROWS_PER_GROUP: Final = 1 << 18


def write_file(
    path: Path,
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    *,
    inputs: Iterable[Path] = (),
) -> int:
    """Write a table; return the number of rows.

    After a failure or an interrupt, an earlier file is unchanged and no temporary file is left.
    ``inputs`` are the files and folders that the table is made from, which the output must not be.
    """
    kind = written_format_of(path)
    rows = 0
    with placed(path, inputs) as draft, _sink(kind, draft, schema, path) as sink:
        for batch in batches:
            guarded_writing(path, sink.write, batch)
            rows += batch.num_rows
    return rows


def write_lines(path: Path, parts: Iterable[list[str]], *, inputs: Iterable[Path] = ()) -> int:
    """Write all lines or none; return the number of lines."""
    if written_format_of(path) != "jsonl":
        raise FileError(
            f"{path}: events are written as JSON lines; the file name must end in .jsonl"
        )
    lines = 0
    with placed(path, inputs) as draft, guarded_writing(path, draft.open, "w", -1, "utf-8") as file:
        for part in parts:
            guarded_writing(path, file.writelines, (f"{line}\n" for line in part))
            lines += len(part)
    return lines


class _Sink(Protocol):
    def write(self, batch: pa.RecordBatch) -> None: ...
    def close(self) -> None: ...


@contextmanager
def _sink(kind: str, draft: Path, schema: pa.Schema, path: Path) -> Iterator[_Sink]:
    sink: _Sink = guarded_writing(path, _SINKS[kind], draft, schema)
    try:
        yield sink
    except BaseException:
        with suppress(pa.ArrowException, OSError, ValueError):  # report only the first error
            sink.close()
        raise
    guarded_writing(path, sink.close)


class _Parquet:
    """One Parquet file, in which batches are joined to row groups."""

    def __init__(self, draft: Path, schema: pa.Schema) -> None:
        self._writer = pyarrow.parquet.ParquetWriter(draft, schema, compression="zstd")
        self._waiting: list[pa.RecordBatch] = []
        self._rows = 0

    def write(self, batch: pa.RecordBatch) -> None:
        self._waiting.append(batch)
        self._rows += batch.num_rows
        if self._rows >= _ROWS_PER_GROUP:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._waiting:
            table = pa.Table.from_batches(self._waiting)
            self._writer.write_table(table, row_group_size=max(self._rows, 1))
        self._waiting, self._rows = [], 0


class _Dataset:
    """A folder of Parquet files of a few million rows each."""

    def __init__(self, draft: Path, schema: pa.Schema) -> None:
        draft.mkdir()
        self._draft, self._schema = draft, schema
        self._files = self._rows = 0
        self._open = self._next()

    def _next(self) -> _Parquet:
        self._files += 1
        self._rows = 0
        return _Parquet(self._draft / f"part-{self._files:05}.parquet", self._schema)

    def write(self, batch: pa.RecordBatch) -> None:
        if self._rows >= _ROWS_PER_FILE:
            self._open.close()
            self._open = self._next()
        self._open.write(batch)
        self._rows += batch.num_rows

    def close(self) -> None:
        self._open.close()


class _Csv:
    def __init__(self, draft: Path, schema: pa.Schema) -> None:
        plain = [pa.field(field.name, _plain(field.type)) for field in schema]
        self._schema = pa.schema(plain)
        self._writer = pyarrow.csv.CSVWriter(draft, self._schema)

    def write(self, batch: pa.RecordBatch) -> None:
        columns = [readable(column).cast(_plain(column.type)) for column in batch.columns]
        self._writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=self._schema))

    def close(self) -> None:
        self._writer.close()


def _plain(kind: pa.DataType) -> pa.DataType:
    is_encoded = pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind)
    return _plain(kind.value_type) if is_encoded else kind


class _Jsonl:
    """One object per row, whose members are the JSON values of the cells (SPEC R19.2), or null."""

    def __init__(self, draft: Path, schema: pa.Schema) -> None:
        self._names = schema.names
        self._file = draft.open("w", encoding="utf-8")

    def write(self, batch: pa.RecordBatch) -> None:
        rows = zip(*map(_cells, batch.columns), strict=True)
        self._file.writelines(
            json.dumps(dict(zip(self._names, row, strict=True)), ensure_ascii=False) + "\n"
            for row in rows
        )

    def close(self) -> None:
        self._file.close()


def _cells(column: pa.Array) -> Iterable[Any]:
    found = json_cases(column)
    labels = [None if label is GONE or label is NOT_GIVEN else label for label in found.labels]
    codes = repeat(0, len(column)) if found.codes is None else found.codes.tolist()
    return map(labels.__getitem__, codes)


class _Ipc:
    def __init__(self, draft: Path, schema: pa.Schema, *, stream: bool = False) -> None:
        new_writer = pyarrow.ipc.new_stream if stream else pyarrow.ipc.new_file
        self._file = pa.OSFile(str(draft), "wb")
        self._writer = new_writer(self._file, schema)

    def write(self, batch: pa.RecordBatch) -> None:
        self._writer.write_batch(batch)

    def close(self) -> None:
        self._writer.close()
        self._file.close()


def _ipc_stream(draft: Path, schema: pa.Schema) -> _Ipc:
    return _Ipc(draft, schema, stream=True)


_SINKS: Final[dict[str, Callable[[Path, pa.Schema], _Sink]]] = {
    "parquet": _Parquet,
    "dataset": _Dataset,
    "csv": _Csv,
    "jsonl": _Jsonl,
    "ipc": _Ipc,
    "ipc stream": _ipc_stream,
}
