"""JSON text: writing the values that applications put into events, and reading responses.

`to_json` never raises. The standard library's C encoder writes the usual values. A value that the
encoder refuses (NaN, cycles, odd keys, lone surrogates, deep nesting) is first converted to plain
JSON values.

========================================  ==============================================
given                                     becomes
========================================  ==============================================
datetime, date, time                      ISO 8601 text, as ``isoformat`` gives it
Decimal                                   number (a float)
UUID, Path, any other object              its ``str``
Enum                                      its value
tuple, set, frozenset, deque              list; sets sorted by their items' JSON text
bytes                                     text (UTF-8, unreadable bytes replaced)
dataclass instance, mapping               object
NumPy scalar or array                     its ``tolist()``
NaN, infinities                           null
a cycle, nesting deeper than 128          null
========================================  ==============================================

`read_json` accepts two values that the standard library would refuse or misread: an integer with
thousands of digits becomes a float, and NaN, which is not JSON, becomes null, as in the engine.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections import deque
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

__all__ = ["read_json", "to_json"]

MAX_DEPTH = 128
# Most JSON readers have no larger integers, and Python refuses to print integers of thousands of digits.
_MAX_INT_BITS = 64


def to_json(value: object) -> bytes:
    """Return the compact UTF-8 JSON of ``value``.

    >>> to_json({"at": date(2025, 1, 2), "share": float("nan"), "tags": {"b", "a"}})
    b'{"at":"2025-01-02","share":null,"tags":["a","b"]}'
    """
    try:
        return _FAST.encode(value).encode()
    except Exception:  # noqa: BLE001 - an application's object may raise anything
        return _PLAIN.encode(_plain(value, frozenset())).encode()


def read_json(text: bytes | str) -> Any:
    """Return the value of the JSON `text`.

    Raises:
        ValueError: `text` is not JSON, or is nested too deep for Python.

    >>> read_json('{"a": NaN}')
    {'a': None}
    """
    try:
        return _loads(text)
    except RecursionError:
        msg = "nested too deep"
        raise ValueError(msg) from None


def _loads(text: bytes | str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise
    except ValueError:
        return json.loads(text, parse_constant=_no_constant, parse_int=float)


def _no_constant(_: str) -> None:
    """Read NaN and the infinities, which are not JSON, as null."""


def _convert(value: object) -> object:
    """Convert a value without a JSON type into a simpler value, which may need another conversion."""
    for kinds, conversion in _CONVERSIONS:
        if isinstance(value, kinds):
            return conversion(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    to_list = getattr(value, "tolist", None)
    return to_list() if callable(to_list) else str(value)


def _decimal(value: Decimal) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None


def _sorted_items(value: AbstractSet[object]) -> list[object]:
    return sorted(value, key=to_json)


def _text(value: bytes | bytearray | memoryview) -> str:
    return bytes(value).decode("utf-8", "replace")


_Conversion = tuple[type | tuple[type, ...], Callable[[Any], object]]
# The first match wins; Enum is first, because an Enum may be a str or int as well.
_CONVERSIONS: tuple[_Conversion, ...] = (
    (Enum, lambda value: value.value),
    ((datetime, date, time), lambda value: value.isoformat()),
    (Decimal, _decimal),
    (UUID, str),
    ((set, frozenset), _sorted_items),
    ((list, tuple, deque), list),
    (Mapping, dict),
    ((bytes, bytearray, memoryview), _text),
)

_FAST = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_convert
)
_PLAIN = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _plain(value: object, ancestors: frozenset[int]) -> object:  # noqa: PLR0911 - a return for each kind
    """Return ``value`` converted to dict, list, str, int, float, bool and None."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _whole_text(value)
    if isinstance(value, int | float):
        return _number(value)
    if id(value) in ancestors or len(ancestors) >= MAX_DEPTH:
        return None
    inner = ancestors | {id(value)}
    if isinstance(value, Mapping):
        return {_key(key): _plain(item, inner) for key, item in list(value.items())}
    if isinstance(value, list | tuple):
        return [_plain(item, inner) for item in list(value)]
    try:
        return _plain(_convert(value), inner)
    except Exception:  # noqa: BLE001 - str() of an application's object may raise anything
        return None


def _number(value: float) -> int | float | None:
    if isinstance(value, int) and value.bit_length() <= _MAX_INT_BITS:
        return int(value)
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _key(key: object) -> str:
    if isinstance(key, str):
        return _whole_text(key)
    if key is None or isinstance(key, bool):
        return _PLAIN.encode(key)
    return _whole_text(str(_convert(key)))


def _whole_text(text: str) -> str:
    """Return text that UTF-8 can encode: join surrogate pairs, replace lone surrogates."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
