"""JSON lines to batches: one object per line, read once, because a file may be a pipe."""

import json
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from flagengine.batch.files.formats import NOT_UTF8, FileError
from flagengine.batch.inputs import Batches
from flagengine.values.conversion import to_json_value
from flagengine.values.json_reading import read_json
from flagengine.values.json_values import NOT_GIVEN, has_utf8

__all__ = ["json_lines"]

_LINES: Final = 1 << 14
"""The number of lines that decide the columns."""


def json_lines(path: Path, batch_rows: int) -> Batches:
    """Open a file; each member of the objects in the first lines is a column.

    Members that are objects or lists become columns of JSON text, and members of different types
    become columns of text. A member that only later lines have is an error.
    """
    lines = _objects(path)
    first = list(islice(lines, _LINES))
    names = list(dict.fromkeys(name for row in first for name in row))
    for name in names:
        if not has_utf8(name):
            raise FileError(f"{path}: names must be text without lone surrogates, got {name!r}")
    kinds = [_kind(name, first) for name in names]
    schema = pa.schema(list(zip(names, kinds, strict=True)))
    size = min(batch_rows, _LINES)
    rows = chain(first, _of_columns(lines, frozenset(names), path))
    return Batches(schema, _in_batches(rows, schema, size, path))


def _of_columns(
    rows: Iterable[dict[str, Any]], names: frozenset[str], path: Path
) -> Iterator[dict[str, Any]]:
    for place, row in enumerate(rows, _LINES):
        if not row.keys() <= names:
            late = next(name for name in row if name not in names)
            if row[late] is not None:
                raise FileError(
                    f"{path}, row {place}: the member {late!r} is in none of the first {_LINES:,} "
                    f"rows, which decide the columns; name it in the first row, if only as null"
                )
        yield row


def _objects(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.removeprefix(BOM_UTF8).strip():
                continue
            try:
                value = read_json(line.decode())
            except UnicodeDecodeError:
                raise FileError(f"{path}, line {number}: {NOT_UTF8}") from None
            except ValueError as error:
                raise FileError(f"{path}, line {number}: invalid JSON: {error}") from None
            if not isinstance(value, dict):
                found = type(value).__name__
                raise FileError(f"{path}, line {number}: must be a JSON object, got {found}")
            yield {name: _cell(member) for name, member in value.items()}


def _cell(member: Any) -> Any:
    """Return a member as a client would send it (SPEC R7.2, R7.8); None if it cannot be sent."""
    found = to_json_value(member)
    return None if found is NOT_GIVEN else found


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
