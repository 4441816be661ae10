"""Any Arrow column in a type that Arrow's functions and Python can read (SPEC R19.2).

Whatever reads a column passes it through :func:`readable`, which knows the encodings, the views and the
extension types, also within one another. Columns of plain types pass unchanged.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import numpy as np
import pyarrow as pa

__all__ = ["KNOWN_EXTENSIONS", "is_utf8", "readable", "taken"]


def readable(array: pa.Array) -> pa.Array:
    """Return a column without the encodings that some functions cannot read.

    Members of lists, structs and maps are left as they are. A column of an unknown extension type is
    returned unchanged, because what its values mean is unknown.
    """
    convert = _CONVERSIONS.get(array.type.id)
    return array if convert is None else convert(array)


def taken(array: pa.Array, positions: Any) -> pa.Array:
    """Return the values at these positions.

    Views become plain text and bytes, also in lists, structs and maps; runs are decoded.
    """
    if pa.types.is_run_end_encoded(array.type):
        return taken(array.values, _runs(array).take(positions))
    kind = _without_views(array.type)
    return (array if kind == array.type else array.cast(kind)).take(positions)


def is_utf8(texts: pa.Array) -> bool:
    """Tell whether all texts of a column are UTF-8, which Arrow assumes of what it is given."""
    _, offsets, data = texts.buffers()
    if data is None:
        return True
    width = np.int64 if pa.types.is_large_string(texts.type) else np.int32
    places = np.frombuffer(offsets, width)
    used = np.frombuffer(data, np.int8)
    used = used[places[texts.offset] : places[texts.offset + len(texts)]]
    if not used.size or used.min() >= 0:
        return True
    try:
        texts.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _dictionary(array: pa.DictionaryArray) -> pa.Array:
    given = array.dictionary
    values = readable(given)
    if pa.types.is_dictionary(values.type) or len(values) > len(array):
        return taken(values, array.indices)
    if values is given:
        return array
    return pa.DictionaryArray.from_arrays(array.indices, values)


def _run_ends(array: pa.RunEndEncodedArray) -> pa.Array:
    return readable(taken(array.values, _runs(array)))


def _runs(array: pa.RunEndEncodedArray) -> pa.Array:
    """Return the position of each row's run."""
    rows = np.arange(array.offset, array.offset + len(array))
    return pa.array(np.searchsorted(array.run_ends.to_numpy(), rows, side="right"))


def _extension(array: pa.ExtensionArray) -> pa.Array:
    convert = KNOWN_EXTENSIONS.get(array.type.extension_name)
    return array if convert is None else convert(array.storage)


def _uuids(storage: pa.Array) -> pa.Array:
    encoded = storage.dictionary_encode()
    texts = [value and str(UUID(bytes=value)) for value in encoded.dictionary.to_pylist()]
    return pa.DictionaryArray.from_arrays(encoded.indices, pa.array(texts, pa.string()))


def _larger(storage: pa.Array) -> pa.Array:
    kind = storage.type
    return storage.cast(pa.decimal128(kind.precision, kind.scale))


KNOWN_EXTENSIONS: Final[dict[str, Callable[[pa.Array], pa.Array]]] = {
    "arrow.bool8": lambda storage: storage.cast(pa.bool_()),
    "arrow.json": readable,
    "arrow.uuid": _uuids,
}
"""What the values of an extension type are, by its name."""

_CONVERSIONS: Final[dict[int | None, Callable[[Any], pa.Array]]] = {
    pa.lib.Type_STRING_VIEW: lambda array: array.cast(pa.large_string()),
    pa.lib.Type_BINARY_VIEW: lambda array: array.cast(pa.large_binary()),
    pa.lib.Type_DICTIONARY: _dictionary,
    pa.lib.Type_RUN_END_ENCODED: _run_ends,
    pa.uuid().id: _extension,  # as all extension types
    getattr(pa.lib, "Type_DECIMAL32", None): _larger,  # since Arrow 19
    getattr(pa.lib, "Type_DECIMAL64", None): _larger,
}


@lru_cache(256)
def _without_views(kind: pa.DataType) -> pa.DataType:  # noqa: PLR0911 one line per type
    if kind == pa.string_view():
        return pa.large_string()
    if kind == pa.binary_view():
        return pa.large_binary()
    if pa.types.is_struct(kind):
        return pa.struct([_plain(field) for field in kind])
    if pa.types.is_map(kind):
        return pa.map_(_plain(kind.key_field), _plain(kind.item_field))
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(_plain(kind.value_field), kind.list_size)
    if pa.types.is_large_list(kind):
        return pa.large_list(_plain(kind.value_field))
    return pa.list_(_plain(kind.value_field)) if pa.types.is_list(kind) else kind


def _plain(field: pa.Field) -> pa.Field:
    return field.with_type(_without_views(field.type))
