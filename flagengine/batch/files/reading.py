"""Files to batches: the schema first, then batches on demand."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.dataset
import pyarrow.ipc
import pyarrow.parquet

from flagengine.batch.files.formats import NOT_UTF8, FileError, format_of
from flagengine.batch.files.json_lines import json_lines
from flagengine.batch.inputs import Batches

__all__ = ["FileTable", "guarded", "open_file", "parquet_files", "unreadable"]

_BLOCK: Final = 1 << 22
_SMALL_DICTIONARY: Final = 1 << 16
"""The size in bytes, compressed, of the dictionary of a column of few texts. Writers give up on a
dictionary of about a megabyte and continue without one, so a column of many texts has a large one."""


@dataclass(frozen=True, slots=True)
class FileTable:
    """An open file; ``rows`` is its number of rows, if the format states it."""

    batches: Batches
    rows: int | None = None


def open_file(
    path: Path, batch_rows: int, *, ids: Collection[str] = (), encoded: bool = False
) -> FileTable:
    """Open a table; raise :class:`FileError` for a missing or unreadable file.

    ``ids`` are the columns of ids, which CSV holds as text: 007 is not the id 7. With ``encoded``,
    columns of text may come as dictionaries, contrary to the schema: ``evaluate_table`` reads them
    faster, and gives its results the types of the schema.
    Some unreadable files raise only while batches are read.
    """
    try:
        if not path.exists():
            raise FileError(f"{path}: no such file or folder")
        found = format_of(path)
        if found == "csv":
            opened = _csv(path, ids)
        elif found == "parquet" and encoded:
            opened = _encoded_parquet(path, batch_rows)
        else:
            opened = _READERS[found](path, batch_rows)
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
        return FileError(f"{path}: {NOT_UTF8}")
    what = str(error).splitlines()[0] if str(error) else type(error).__name__
    return FileError(f"{path}: cannot be read: {what}")


def _parquet(path: Path, batch_rows: int) -> FileTable:
    file = pyarrow.parquet.ParquetFile(path, memory_map=False, pre_buffer=False)
    batches = file.iter_batches(batch_size=batch_rows)
    return FileTable(Batches(file.schema_arrow, batches), file.metadata.num_rows)


def _encoded_parquet(path: Path, batch_rows: int) -> FileTable:
    plain = pyarrow.parquet.ParquetFile(path, memory_map=False, pre_buffer=False)
    names = list(_few_texts(plain))
    if not names:
        return _parquet(path, batch_rows)
    file = pyarrow.parquet.ParquetFile(
        path, metadata=plain.metadata, read_dictionary=names, memory_map=False, pre_buffer=False
    )
    batches = file.iter_batches(batch_size=batch_rows)
    return FileTable(Batches(plain.schema_arrow, batches), file.metadata.num_rows)


def _few_texts(file: pyarrow.parquet.ParquetFile) -> Iterator[str]:
    """Yield the columns of texts that have small dictionaries in the first and the last row group."""
    metadata = file.metadata
    ends = {0, metadata.num_row_groups - 1} if metadata.num_row_groups else set()
    kinds = {field.name: field.type for field in file.schema_arrow}
    for place in range(metadata.num_columns if ends else 0):
        name = metadata.schema.column(place).path
        kind = kinds.get(name)
        chunks = [metadata.row_group(end).column(place) for end in ends]
        if kind == pa.string() and all(map(_has_small_dictionary, chunks)):
            yield name


def _has_small_dictionary(chunk: pyarrow.parquet.ColumnChunkMetaData) -> bool:
    start = chunk.dictionary_page_offset
    return start is not None and 0 < chunk.data_page_offset - start <= _SMALL_DICTIONARY


def _dataset(path: Path, batch_rows: int) -> FileTable:
    dataset = parquet_files(path)
    if not dataset.files:
        raise FileError(f"{path}: the folder holds no Parquet files")
    scanner = dataset.scanner(
        batch_size=batch_rows, batch_readahead=2, fragment_readahead=1, use_threads=True
    )
    batches = (batch for batch in scanner.to_batches() if batch.num_rows)
    return FileTable(Batches(dataset.schema, batches), dataset.count_rows())


def parquet_files(path: Path) -> pyarrow.dataset.FileSystemDataset:
    """Open a Parquet file, or a folder of Parquet files, with the columns of all of them.

    A column that is integers in one file and floats in another is one of floats. Raise
    :class:`FileError` for a column whose types have none in common.
    """
    found = pyarrow.dataset.dataset(path, format="parquet", partitioning="hive")
    schema = found.schema
    for fragment in found.get_fragments():
        try:
            schema = pa.unify_schemas(
                [schema, fragment.physical_schema], promote_options="permissive"
            )
        except (pa.ArrowTypeError, pa.ArrowInvalid) as error:
            raise FileError(f"{fragment.path}: differs from the files before it: {error}") from None
    return pyarrow.dataset.dataset(path, schema=schema, format="parquet", partitioning="hive")


def _csv(path: Path, ids: Collection[str]) -> FileTable:
    reader = _csv_reader(path)
    # Arrow takes a column that is not UTF-8 for bytes, and decodes a name when asked for it.
    for name, kind in [(field.name, field.type) for field in reader.schema]:
        if pa.types.is_binary(kind):
            raise FileError(f"{path}, column {name!r}: {NOT_UTF8}")
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
            strings_can_be_null=True,
            null_values=[""],
            column_types=dict.fromkeys(texts, pa.string()),
        ),
    )


def _has_points(batch: pa.RecordBatch | None, name: str) -> bool:
    """Tell whether a column of numbers was one of floats where it was written: 7.0 was probably 7."""
    return batch is not None and bool(pc.any(pc.match_substring(batch.column(name), ".")).as_py())


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
    return FileTable(json_lines(path, batch_rows))


_READERS: Final[dict[str, Callable[[Path, int], FileTable]]] = {
    "parquet": _parquet,
    "dataset": _dataset,
    "ipc": _ipc,
    "ipc stream": _ipc_stream,
    "jsonl": _jsonl,
}
