"""Columns of whole property maps: JSON text, as in an export of persons, or structs and maps."""

from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa

from flagengine.columnar.cases import Cases
from flagengine.columnar.errors import TableError
from flagengine.columnar.json_values import GONE, by_value, json_cases, python_values
from flagengine.columnar.readable import readable, taken
from flagengine.values.conversion import key_text, to_json_value
from flagengine.values.json_reading import read_json

__all__ = ["properties_of"]

Properties = Callable[[str], Cases]
"""A function from a property's name to its column."""


def properties_of(array: pa.Array, name: str, first_row: int, null: Any) -> Properties:
    """Return a reader of the properties in one column; ``null`` is the label of null members.

    Messages use ``name`` and ``first_row``. A null row has no properties.
    """
    array = readable(array)
    if pa.types.is_dictionary(array.type):
        array = readable(taken(array.dictionary, array.indices))
    kind = array.type
    if pa.types.is_struct(kind):
        return _Struct(array, null)
    if pa.types.is_map(kind):
        return _Documents([_by_name(properties) for properties in python_values(array)])
    if pa.types.is_null(kind):
        return _Documents([{}] * len(array))
    if not any(is_of_kind(kind) for is_of_kind in _TEXTS):
        message = f"must be JSON text, a struct or a map, got the type {kind}"
        raise TableError(message, column=name)
    texts = array.cast(pa.large_binary()).to_pylist()
    return _Documents([_object(text, name, first_row + row) for row, text in enumerate(texts)])


_TEXTS = (
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_fixed_size_binary,
)


def _by_name(properties: Mapping[Any, Any] | None) -> Mapping[str | None, Any]:
    """Return a map's properties by the names that their keys have in JSON (SPEC R19.2)."""
    return {key_text(key): value for key, value in (properties or {}).items()}


def _object(written: bytes | None, name: str, row: int) -> Mapping[str, Any]:
    if written is None:
        return {}
    try:
        value = read_json(written.decode())
    except ValueError as error:
        raise TableError(f"invalid JSON: {error}", column=name, row=row) from None
    if isinstance(value, dict):
        return value
    if value is None:
        return {}
    message = f"must be a JSON object, got {type(value).__name__}"
    raise TableError(message, column=name, row=row)


class _Struct:
    """The fields of a struct column."""

    def __init__(self, array: pa.StructArray, null: Any) -> None:
        self._null = null
        self._known = array.is_valid()
        self._any_null = bool(array.null_count)
        # `flatten` would make the members of absent structs null, but they are absent.
        self._fields = {field.name: array.field(i) for i, field in enumerate(array.type)}
        self._rows = len(array)

    def __call__(self, key: str) -> Cases:
        if key not in self._fields:
            return Cases.constant(GONE)
        found = json_cases(self._fields[key], null=self._null)
        if not self._any_null:
            return found
        codes = found.codes
        if codes is None:
            labels, codes = [found.labels[0], GONE], (~self._valid()).astype("u1")
            return Cases(labels, codes)
        codes = codes.astype("i4")
        codes[~self._valid()] = len(found.labels)
        return Cases([*found.labels, GONE], codes)

    def _valid(self) -> Any:
        return self._known.to_numpy(zero_copy_only=False)


class _Documents:
    """Rows as Python mappings, read one property at a time."""

    def __init__(self, documents: list[Mapping[Any, Any]]) -> None:
        self._documents = documents

    def __call__(self, key: str) -> Cases:
        values = [
            to_json_value(document[key]) if key in document else GONE
            for document in self._documents
        ]
        return by_value(values)
