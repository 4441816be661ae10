"""Files to batches: the schema first, then batches on demand."""

import json
from codecs import BOM_UTF8
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.dataset
import pyarrow.ipc
import pyarrow.parquet

from flagengine.batch.files.formats import FileError, format_of
from flagengine.batch.inputs import Batches

__all__ = ["FileTable", "guarded", "open_file", "unreadable"]

_LINES: Final = 1 << 14
_BLOCK: Final = 1 << 22
_NOT_UTF8: Final = (
    "must be UTF-8, got bytes of another encoding; convert the file, for example with "
    "iconv -f latin1 -t utf-8"
)


@dataclass(frozen=True, slots=True)
class FileTable:
    """An open file; ``rows`` is its number of rows, if the format states it."""

    batches: Batches
    rows: int | None = None


def open_file(path: Path, batch_rows: int, *, ids: Collection[str] = ()) -> FileTable:
    """Open a table; raise :class:`FileError` for a missing or unreadable file.

    ``ids`` are the columns of ids, which CSV holds as text: 007 is not the id 7.
    Some unreadable files raise only while batches are read.
    """
    try:
        if not path.exists():
            raise FileError(f"{path}: no such file or folder")
        found = format_of(path)
        opened = _csv(path, ids) if found == "csv" else _READERS[found](path, batch_rows)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise unreadable(path, error) from None
    batches = Batches(opened.batches.schema, guarded(path, opened.batches))
    return FileTable(batches, opened.rows)


def guarded(path: Path, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield batches; name the file in the error if a batch cannot be read."""
    try:
        yield from batches
    except (pa.ArrowException, OSError, ValueError) as error:
        raise unreadable(path, error) from None


def unreadable(path: Path, error: Exception) -> FileError:
    """Return the error for a file: its name and the first line of the reason."""
    if isinstance(error, FileError):
        return error
    if isinstance(error, UnicodeDecodeError):
        return FileError(f"{path}: {_NOT_UTF8}")
    what = str(error).splitlines()[0] if str(error) else type(error).__name__
    return FileError(f"{path}: cannot be read: {what}")


def _parquet(path: Path, batch_rows: int) -> FileTable:
    file = pyarrow.parquet.ParquetFile(path, memory_map=False, pre_buffer=False)
    batches = file.iter_batches(batch_size=batch_rows)
    return FileTable(Batches(file.schema_arrow, batches), file.metadata.num_rows)


def _dataset(path: Path, batch_rows: int) -> FileTable:
    dataset = pyarrow.dataset.dataset(path, format="parquet", partitioning="hive")
    if not dataset.files:
        raise FileError(f"{path}: the folder holds no Parquet files")
    scanner = dataset.scanner(
        batch_size=batch_rows, batch_readahead=2, fragment_readahead=1, use_threads=True
    )
    batches = (batch for batch in scanner.to_batches() if batch.num_rows)
    return FileTable(Batches(dataset.schema, batches), dataset.count_rows())


def _csv(path: Path, ids: Collection[str]) -> FileTable:
    reader = _csv_reader(path)
    # Arrow takes a column that is not UTF-8 for bytes, and decodes a name when asked for it.
    for name, kind in [(field.name, field.type) for field in reader.schema]:
        if pa.types.is_binary(kind):
            raise FileError(f"{path}, column {name!r}: {_NOT_UTF8}")
    texts = [name for name in reader.schema.names if name in ids]
    if texts:
        inexact = {field.name for field in reader.schema if pa.types.is_floating(field.type)}
        first = next(iter(_csv_reader(path, texts)), None)
        texts = [name for name in texts if name not in inexact or not _has_points(first, name)]
        reader = _csv_reader(path, texts)
    return FileTable(Batches(reader.schema, reader))


def _csv_reader(path: Path, texts: Iterable[str] = ()) -> pyarrow.csv.CSVStreamingReader:
    """Open a file of CSV; ``texts`` are the columns that are read as they are written.

    Arrow infers the other columns' types from the first block; a later value that does not fit raises
    an error that names the row.
    """
    return pyarrow.csv.open_csv(
        path,
        read_options=pyarrow.csv.ReadOptions(block_size=_BLOCK),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            strings_can_be_null=True, null_values=[""], column_types=dict.fromkeys(texts, pa.string())
        ),
    )


def _has_points(batch: pa.RecordBatch | None, name: str) -> bool:
    """Tell whether a column of numbers was one of floats where it was written: 7.0 was probably 7."""
    return batch is not None and bool(
        pc.any(pc.match_substring(batch.column(name), ".")).as_py()
    )


def _ipc(path: Path, batch_rows: int) -> FileTable:
    del batch_rows
    reader = pyarrow.ipc.open_file(pa.memory_map(str(path)))
    batches = (reader.get_batch(place) for place in range(reader.num_record_batches))
    return FileTable(Batches(reader.schema, batches))


def _ipc_stream(path: Path, batch_rows: int) -> FileTable:
    del batch_rows
    reader = pyarrow.ipc.open_stream(pa.memory_map(str(path)))
    return FileTable(Batches(reader.schema, reader))


def _jsonl(path: Path, batch_rows: int) -> FileTable:
    """Read one object per line; each member of the first lines is a column.

    Members that are objects or lists become columns of JSON text, and members of different types
    become columns of text. Members that only later lines have are ignored.
    """
    lines = _objects(path)
    first = list(islice(lines, _LINES))
    names = list(dict.fromkeys(name for row in first for name in row))
    kinds = [_kind(name, first) for name in names]
    schema = pa.schema(list(zip(names, kinds, strict=True)))
    size = min(batch_rows, _LINES)
    batches = _in_batches(chain(first, lines), schema, size, path)
    return FileTable(Batches(schema, batches))


def _objects(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            content = line.removeprefix(BOM_UTF8) if number == 1 else line
            if not content.strip():
                continue
            try:
                value = json.loads(content.decode())
            except UnicodeDecodeError:
                raise FileError(f"{path}, line {number}: {_NOT_UTF8}") from None
            except (ValueError, RecursionError) as error:
                raise FileError(f"{path}, line {number}: invalid JSON: {error}") from None
            if not isinstance(value, dict):
                found = type(value).__name__
                raise FileError(f"{path}, line {number}: must be a JSON object, got {found}")
            yield value


def _kind(name: str, rows: list[dict[str, Any]]) -> pa.DataType:
    found = {type(row[name]) for row in rows if row.get(name) is not None}
    if len(found) == 1:
        return _KINDS.get(found.pop(), pa.large_string())
    return pa.float64() if found == {int, float} else pa.large_string()


_KINDS: Final = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: pa.large_string()}


def _in_batches(
    rows: Iterator[dict[str, Any]], schema: pa.Schema, size: int, path: Path
) -> Iterator[pa.RecordBatch]:
    first = 1
    while part := list(islice(rows, size)):
        columns = [_column(part, field, path, first) for field in schema]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)
        first += len(part)


def _column(rows: list[dict[str, Any]], field: pa.Field, path: Path, first: int) -> pa.Array:
    cells = [row.get(field.name) for row in rows]
    if pa.types.is_large_string(field.type):
        cells = [
            cell if cell is None or isinstance(cell, str) else json.dumps(cell) for cell in cells
        ]
    try:
        return pa.array(cells, field.type)
    except (pa.ArrowException, TypeError, OverflowError, UnicodeEncodeError):
        row = next(place for place, cell in enumerate(cells) if not _fits(cell, field.type))
        is_text = pa.types.is_large_string(field.type)
        must = "text without lone surrogates" if is_text else f"{field.type} as in earlier rows"
        raise FileError(
            f"{path}, column {field.name!r}, row {first + row - 1}: must be {must}, "
            f"got {json.dumps(cells[row])[:40]}"
        ) from None


def _fits(cell: Any, kind: pa.DataType) -> bool:
    try:
        pa.array([cell], kind)
    except (pa.ArrowException, TypeError, OverflowError, UnicodeEncodeError):
        return False
    return True


_READERS: Final[dict[str, Callable[[Path, int], FileTable]]] = {
    "parquet": _parquet,
    "dataset": _dataset,
    "ipc": _ipc,
    "ipc stream": _ipc_stream,
    "jsonl": _jsonl,
}
