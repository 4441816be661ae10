"""Arrow columns to the JSON values that a client would send (SPEC R19.2).

Each distinct value of a batch is converted once. :mod:`~flagengine.columnar.readable` knows what is not
a plain type.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time, timedelta
from enum import Enum
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flagengine.columnar.cases import Cases
from flagengine.columnar.readable import readable
from flagengine.values.conversion import to_json_value
from flagengine.values.json_values import NOT_GIVEN, NotGiven, text

__all__ = ["GONE", "Gone", "by_value", "json_cases", "python_values"]


class Gone(Enum):
    """The type of :data:`GONE`."""

    GONE = "gone"


GONE: Final = Gone.GONE
"""The label of rows without a value: the property is not passed."""

_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 naive ones stay naive
_NS_PER_US: Final = 1_000
_MANY: Final = 1 << 12
_FEW_INTEGERS: Final = 1 << 8
"""The width of a range whose integers are all labels, in columns of many rows: positions in a range
cost less than a hash table."""
_EXACT: Final = 1 << 62
_UNSENDABLE: Final = object()
"""A value that no client can send, such as a date outside the years that Python's dates have."""


def json_cases(array: pa.Array, *, null: Any = GONE) -> Cases:
    """Return a column as cases of JSON values; ``null`` is the label of Arrow's nulls."""
    array = readable(array)
    if array.null_count == len(array):
        return Cases.constant(null)
    if _is_unsendable(array.type):
        return Cases([NOT_GIVEN, null], array.is_null().to_numpy(zero_copy_only=False).view("u1"))
    if pa.types.is_nested(array.type):
        return by_value(
            [null if value is None else to_json_value(value) for value in python_values(array)]
        )
    found = _few_values(array, null) if len(array) >= _MANY else None
    return _hashed(array, null) if found is None else found


def _hashed(array: pa.Array, null: Any) -> Cases:
    """Return a column as cases, with a hash table."""
    indices, distinct = _encoded(array)
    labels = _converted(distinct)
    if distinct.null_count:  # the dictionary of a dictionary column may itself hold nulls
        labels = [null if label is None else label for label in labels]
    if indices.null_count:
        return Cases([*labels, null], indices.fill_null(len(labels)).to_numpy())
    return Cases(labels, indices.to_numpy(zero_copy_only=False))


def _few_values(array: pa.Array, null: Any) -> Cases | None:
    """Return a column of truth values or near integers as cases; None for other columns."""
    labels: tuple[Any, ...] = (False, True)
    if pa.types.is_boolean(array.type):
        codes = array.fill_null(False).to_numpy(zero_copy_only=False).astype(np.uint8)
    elif pa.types.is_integer(array.type):
        ends = pc.min_max(array)
        least, most = ends["min"].as_py(), ends["max"].as_py()
        if most - least >= _FEW_INTEGERS or least < -_EXACT or most > _EXACT:
            return None
        labels = _integers(least, most)
        codes = (array.fill_null(least).to_numpy().astype(np.int64) - least).astype(np.uint16)
    else:
        return None
    if not array.null_count:
        return Cases(labels, codes)
    codes[array.is_null().to_numpy(zero_copy_only=False)] = len(labels)
    return Cases((*labels, null), codes)


@lru_cache(64)
def _integers(least: int, most: int) -> tuple[int, ...]:
    """Return the integers of a range; batches with equal ends have the same tuple."""
    return tuple(range(least, most + 1))


def _is_unsendable(kind: pa.DataType) -> bool:
    """Tell whether no value of a readable type has a JSON form."""
    is_extension = isinstance(kind, pa.BaseExtensionType)
    return bool(is_extension or pa.types.is_duration(kind) or pa.types.is_interval(kind))


def _encoded(array: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return positions among distinct values, and the distinct values."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        return array.indices.cast(pa.int64()), array.dictionary
    if pa.types.is_floating(kind):
        # Compare the bits, because 0.0 and -0.0 have different texts.
        bits = array.cast(pa.float64()).view(pa.int64())
        encoded = bits.dictionary_encode()
        return encoded.indices, encoded.dictionary.view(pa.float64())
    encoded = array.dictionary_encode()
    return encoded.indices, encoded.dictionary


def _converted(distinct: pa.Array) -> list[Any]:
    kind = distinct.type
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind) or _is_text(kind):
        try:
            return list(distinct.to_pylist())
        except UnicodeDecodeError:
            pass  # some text is not UTF-8: convert the values separately
    return [to_json_value(value) for value in python_values(distinct)]


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def python_values(array: pa.Array) -> list[Any]:  # noqa: PLR0911 one line per type
    """Return values that the engine converts to JSON; those that Python lacks become text or unsendable."""
    array = readable(array)
    kind = array.type
    if pa.types.is_timestamp(kind):
        return _timestamps(array)
    if pa.types.is_time64(kind) and kind.unit == "ns":
        return [_optional(_time_text, value) for value in array.cast(pa.int64()).to_pylist()]
    if _is_unsendable(kind):
        return [_UNSENDABLE if value else None for value in array.is_valid().to_pylist()]
    if pa.types.is_dictionary(kind):
        return [*map([*python_values(array.dictionary), None].__getitem__, _places(array))]
    if pa.types.is_nested(kind) and not pa.types.is_union(kind):
        return _nested(array)
    try:
        return list(array.to_pylist())
    except (OverflowError, ValueError):
        return [_python_value(value) for value in array]


def _places(array: pa.DictionaryArray) -> list[int]:
    """Return the positions of values in a dictionary; -1 for null."""
    return list(array.indices.cast(pa.int64()).fill_null(-1).to_pylist())


def _python_value(scalar: pa.Scalar) -> Any:
    try:
        return scalar.as_py()
    except (OverflowError, ValueError):
        return _UNSENDABLE


def _timestamps(array: pa.Array) -> list[Any]:
    """Return timestamps as ISO 8601 text, with the offset of their zone at that time."""
    scale = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}[array.type.unit]
    numbers = array.cast(pa.int64()).to_pylist()
    try:
        zone = pa.lib.string_to_tzinfo(array.type.tz) if array.type.tz else None
    except (pa.ArrowException, LookupError, ValueError):  # no zone of that name
        return [_optional(lambda _: _UNSENDABLE, value) for value in numbers]
    return [_optional(lambda n: _instant_text(n * scale, zone), value) for value in numbers]


def _instant_text(nanoseconds: int, zone: Any) -> Any:
    micros, rest = divmod(nanoseconds, _NS_PER_US)
    try:
        moment = _EPOCH + timedelta(microseconds=micros)
        if zone is not None:
            moment = moment.replace(tzinfo=UTC).astimezone(zone)
    except OverflowError:
        return _UNSENDABLE
    return _with_nanoseconds(moment, rest)


def _time_text(nanoseconds: int) -> str:
    micros, rest = divmod(nanoseconds, _NS_PER_US)
    return _with_nanoseconds((_EPOCH + timedelta(microseconds=micros)).time(), rest)


def _with_nanoseconds(moment: datetime | time, rest: int) -> str:
    if not rest:
        return moment.isoformat()
    whole = moment.isoformat(timespec="microseconds")
    return f"{whole[:26]}{rest:03}{whole[26:]}" if len(whole) >= 26 else f"{whole}{rest:03}"


def _optional(write: Callable[[int], Any], number: int | None) -> Any:
    return None if number is None else write(number)


def _nested(array: pa.Array) -> list[Any]:
    """Return lists, structs and maps, whose members are converted as columns."""
    kind = array.type
    if pa.types.is_struct(kind):
        names = [field.name for field in kind]
        members = [python_values(field) for field in array.flatten()]
        found: list[Any] = [
            dict(zip(names, row, strict=True)) for row in zip(*members, strict=True)
        ]
        return _with_nulls(array, found or [{} for _ in range(len(array))])
    if pa.types.is_map(kind):
        keys, values = (_cut(array, part) for part in (array.keys, array.items))
        return _with_nulls(
            array, [dict(zip(*row, strict=True)) for row in zip(keys, values, strict=True)]
        )
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _with_nulls(array, _cut(array, array.values))
    return [python_values(item.values) if item.is_valid else None for item in array]


def _cut(array: pa.Array, members: pa.Array) -> list[list[Any]]:
    """Return the members of each row of a column of lists or maps."""
    ends = array.offsets.to_pylist()
    first = ends[0]
    values = python_values(members.slice(first, ends[-1] - first))
    return [values[start - first : end - first] for start, end in pairwise(ends)]


def _with_nulls(array: pa.Array, values: list[Any]) -> list[Any]:
    if not array.null_count:
        return values
    known = array.is_valid().to_pylist()
    return [value if valid else None for value, valid in zip(values, known, strict=True)]


def by_value(values: Sequence[Any]) -> Cases:
    """Sort JSON values into cases; 1, 1.0, true and "1" are four cases."""
    positions: dict[Any, int] = {}
    labels: list[Any] = []
    codes = np.empty(len(values), np.int32)
    for row, value in enumerate(values):
        key = _identity(value)
        place = positions.get(key)
        if place is None:
            place = positions[key] = len(labels)
            labels.append(value)
        codes[row] = place
    return Cases(labels, codes)


def _identity(value: Any) -> Any:
    """Return a key that is equal for equal JSON values only."""
    kind = type(value)
    if kind is str or kind is Gone or kind is NotGiven:
        return value
    return (kind, value if kind is int else text(value))
