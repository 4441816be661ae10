"""JSON text: writing the values that applications put into events, and reading responses.

`to_json` never raises. The standard library's C encoder writes the usual values. A value that the
encoder refuses (NaN, cycles, odd keys, lone surrogates, deep nesting) is first converted to plain
JSON values.

Where orjson is installed, it writes the values that consist of JSON's own types alone; on whatever it
refuses, and on all other values, the standard library's encoder decides. Readers get the same values
from both; only the text of a number may differ (``1e+16``).

Values become what the engine takes them for in flags (`flagengine.to_json_value`): dates ISO 8601
text, models and dataclasses objects, and so on. An event also shows what flags take for not given:

========================================  ==============================================
given                                     becomes
========================================  ==============================================
an array or a series                      its ``tolist()``
bytes that are not UTF-8                  text, unreadable bytes replaced
deque                                     list
pandas' NA                                null
any other object, such as a Path          its ``str``, or null if that raises
a cycle, nesting deeper than 128          null
========================================  ==============================================

`read_json` accepts two values that the standard library would refuse or misread: an integer with
thousands of digits becomes a float, and NaN, which is not JSON, becomes null, as in the engine.
"""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from types import NoneType
from typing import Any

from flagengine import NOT_GIVEN, json_form

try:
    import orjson
except ImportError:
    orjson = None  # type: ignore[assignment] # optional

__all__ = ["decoded_to_json", "encode_plain", "is_plain", "members_of", "read_json", "to_json"]

MAX_DEPTH = 128
# Most JSON readers have no larger integers, and Python refuses to print integers of thousands of digits.
_MAX_INT_BITS = 64
# What `tolist()` of an array gives; that of a number wider than Python's gives the number again.
_OF_ARRAYS = frozenset({list, str, int, float, bool, NoneType})
_SCALARS = frozenset({str, int, float, bool, NoneType})


def to_json(value: object) -> bytes:
    """Return the compact UTF-8 JSON of ``value``.

    >>> to_json({"plan": b"pro", "share": float("nan"), "tags": {"b", "a"}})
    b'{"plan":"pro","share":null,"tags":["a","b"]}'
    """
    if _quickest is not None:
        # Whatever goes wrong, the other encoder decides what becomes of the value.
        with suppress(Exception):
            if is_plain(value):
                return _quickest(value)
    try:
        return _standard(value)
    except Exception:  # noqa: BLE001 - an application's object may raise anything
        return _PLAIN.encode(_plain(value, frozenset())).encode()


def is_plain(value: object, depth: int = MAX_DEPTH) -> bool:
    """Return whether a value consists of JSON's types alone, without a subclass; keys are not asked.

    A value that is nested deeper than ``depth`` is not plain.

    >>> is_plain({"seats": 3, "tags": ["a"]}), is_plain({"tags": {"a"}})
    (True, False)
    """
    kind = type(value)
    if kind in _SCALARS:
        return True
    if kind is dict:
        value = value.values()  # type: ignore[attr-defined]
    elif kind is not list:
        return False
    if _SCALARS.issuperset(map(type, value)):  # type: ignore[call-overload]
        return True
    for item in value:  # type: ignore[attr-defined]
        if type(item) in _SCALARS:
            continue
        if depth <= 1 or not is_plain(item, depth - 1):
            return False
    return True


def decoded_to_json(value: object) -> bytes:
    """Return what `to_json` returns, sooner, for a value that a JSON reader has made.

    Such a value consists of JSON's types alone, so nobody needs to look. It may be nested deeper.

    >>> decoded_to_json(read_json('{"plan": "pro", "seats": 1e400}'))
    b'{"plan":"pro","seats":null}'
    """
    if _quickest is not None:
        with suppress(Exception):
            return _quickest(value)
    return to_json(value)


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


def members_of(value: object) -> Mapping[Any, Any] | None:
    """Return a mapping, or the members of a model or a dataclass; None for other values.

    >>> members_of({"plan": "pro"}), members_of("plan")
    ({'plan': 'pro'}, None)
    """
    try:
        form = value if isinstance(value, Mapping) else json_form(value)
    except Exception:  # noqa: BLE001 - an application's object may raise anything
        return None
    return form if isinstance(form, Mapping) else None


def _convert(value: object) -> object:
    """Convert a value without a JSON type into a simpler value, which may need another conversion."""
    form = json_form(value)
    if form is NOT_GIVEN:
        return _beyond_flags(value)
    if isinstance(form, Mapping):
        return dict(form)
    if isinstance(form, Iterator):
        return sorted(form, key=to_json) if isinstance(value, AbstractSet) else list(form)
    return form


def _beyond_flags(value: Any) -> object:
    """Convert a value that flags take for not given: an event shows as much of it as possible."""
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(memoryview(value)).decode("utf-8", "replace")
    if isinstance(value, deque):
        return list(value)
    if type(value).__name__ == "NAType":  # pandas' missing value
        return None
    # Asked of the type: an object that has every attribute, such as a mock, is no array.
    found = value.tolist() if hasattr(type(value), "tolist") else value
    return found if type(found) in _OF_ARRAYS else str(value)


_FAST = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_convert
)
_PLAIN = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _with_orjson() -> Callable[[object], bytes] | None:
    """Return orjson's encoder; None without orjson, or with one that is too old.

    What it would write in a way of its own (subclasses, dataclasses, times) it is told to refuse: another
    thread may have put such a value there since `is_plain` has looked.
    """
    try:
        refused = (
            orjson.OPT_PASSTHROUGH_SUBCLASS
            | orjson.OPT_PASSTHROUGH_DATACLASS
            | orjson.OPT_PASSTHROUGH_DATETIME
        )
    except AttributeError:
        return None
    dumps = orjson.dumps
    return lambda value: dumps(value, None, refused)


def _standard(value: object) -> bytes:
    return _FAST.encode(value).encode()


_quickest: Callable[[object], bytes] | None = _with_orjson()

encode_plain: Callable[[object], bytes] = _quickest or _standard
"""Return the JSON of a value for which `is_plain` holds, or raise: then only `to_json` can write it."""


def _plain(value: object, ancestors: frozenset[int]) -> object:
    """Return ``value`` converted to dict, list, str, int, float, bool and None."""
    try:
        return _plain_or_error(value, ancestors)
    except Exception:  # noqa: BLE001 - an application's object may raise anything
        return None


def _plain_or_error(value: object, ancestors: frozenset[int]) -> object:
    if value is None or isinstance(value, bool):
        return value
    if issubclass(type(value), str):
        return _whole_text(str.__str__(value))
    if issubclass(type(value), int | float):
        return _number(value)  # type: ignore[arg-type]
    if id(value) in ancestors or len(ancestors) >= MAX_DEPTH:
        return None
    return _plain_container(value, ancestors | {id(value)})


def _plain_container(value: object, ancestors: frozenset[int]) -> object:
    if isinstance(value, Mapping):
        return {_key(key): _plain(item, ancestors) for key, item in list(value.items())}
    if isinstance(value, list | tuple):
        return [_plain(item, ancestors) for item in json_form(value)]
    return _plain(_convert(value), ancestors)


def _number(value: float) -> int | float | None:
    if issubclass(type(value), int):
        whole = int.__int__(value)  # type: ignore[arg-type]
        if whole.bit_length() <= _MAX_INT_BITS:
            return whole
        try:
            return float(whole)
        except OverflowError:
            return None
    number = float.__float__(value)
    return number if math.isfinite(number) else None


def _key(key: object) -> str:
    found = key if issubclass(type(key), str) else _convert(key)
    if issubclass(type(found), str):
        return _whole_text(str.__str__(found))
    is_constant = found is None or isinstance(found, bool)
    return _PLAIN.encode(found) if is_constant else _whole_text(str(found))


def _whole_text(text: str) -> str:
    """Return text that UTF-8 can encode: join surrogate pairs, replace lone surrogates."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
