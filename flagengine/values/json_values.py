"""Property values as JSON, and the forms that operators read (SPEC R7).

There is one function per coercion. This module must not know operators or the clock.
"""

import json
import math
import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time
from enum import Enum
from typing import Any, Final

__all__ = [
    "NOT_GIVEN",
    "PLAIN",
    "NotGiven",
    "ascii_fold",
    "has_utf8",
    "is_true",
    "lower",
    "number",
    "text",
    "to_json_value",
]

Json = Any

PLAIN: Final = frozenset((str, int, float, bool, type(None)))
"""The types of the values that need no conversion, or hardly any."""

MAX_DEPTH: Final = 128
"""The depth to which a property value may nest, as in the server's JSON reader (SPEC R15)."""

MAX_PARTS: Final = 1_000_000
"""The maximum number of values inside a property value."""

_INT64_MIN: Final = -(2**63)
_UINT64_MAX: Final = 2**64 - 1
# Rust's float grammar: no blanks or underscores; a point may come first or last; inf, infinity, nan.
_NUMBER: Final = re.compile(
    r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|inf(?:inity)?|nan)",
    re.IGNORECASE | re.ASCII,
)
_NO_TIME: Final = "NaT"
"""How pandas writes the time that is none; JSON has null for it, as for NaN (SPEC R7.6)."""
_FINE_DATES: Final = {f"datetime64[{unit}]" for unit in ("ns", "ps", "fs", "as")}
"""The numpy dates that Python's dates are too coarse for."""
_FOLD: Final = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


class NotGiven(Enum):
    """The type of :data:`NOT_GIVEN`."""

    NOT_GIVEN = "not given"


NOT_GIVEN: Final = NotGiven.NOT_GIVEN
"""A value that cannot reach the server as JSON, so it counts as not given (SPEC R7)."""


def to_json_value(value: object) -> Json:
    """Return ``value`` as the JSON value that a client would send, or :data:`NOT_GIVEN`.

    datetime, date and time become ISO 8601 text, and so do numpy's dates; UUID and UTF-8 bytes become
    text; Decimal and integers beyond 64 bits become floats; NaN, infinities and NaT become null;
    tuples and sets become lists, sets in the order of their members' JSON text; dataclasses and
    pydantic models become objects; an Enum becomes its value, and a numpy scalar a Python scalar.
    Every other object is :data:`NOT_GIVEN`, and so is a value with more than 128 levels or a million
    parts, and one whose own code raises (SPEC R7.9).
    """
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is int:
        return value if _INT64_MIN <= value <= _UINT64_MAX else _finite(value)  # type: ignore[operator]
    if kind is float:
        return value if math.isfinite(value) else None  # type: ignore[arg-type]
    try:
        return _Conversion().convert(value, 0)
    except Exception:  # noqa: BLE001 the value's own methods may raise anything
        return NOT_GIVEN


class _Conversion:
    """One conversion, which counts parts because a value may contain itself."""

    def __init__(self) -> None:
        self._left = MAX_PARTS

    def convert(self, value: object, depth: int) -> Json:
        self._left -= 1
        if depth > MAX_DEPTH or self._left < 0:
            return NOT_GIVEN
        if isinstance(value, Mapping):
            return self._object(value, depth)
        if isinstance(value, list | tuple):
            return self._array(value, depth)
        if isinstance(value, AbstractSet):
            members = self._array(list(value), depth)
            return members if members is NOT_GIVEN else sorted(members, key=text)
        if isinstance(value, Enum):
            return self.convert(value.value, depth + 1)
        if (members := _members(value)) is not None:
            return self._object(members, depth)
        if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():
            return self._array_scalar(value, depth)
        return _scalar(value)

    def _array_scalar(self, value: Any, depth: int) -> Json:
        """Convert a numpy scalar, or an array without dimensions."""
        kind = value.dtype.kind
        if kind == "M":
            return _numpy_date(value)
        plain = value.item()
        if kind == "m":  # a duration has no JSON form
            return NOT_GIVEN
        if type(plain) is type(value):  # a number that is wider than Python's gives itself
            return _scalar(value)
        return self.convert(plain, depth + 1)

    def _object(self, value: Mapping[Any, Any], depth: int) -> Json:
        result = {}
        for key, member in value.items():
            name = _plain_text(key) if isinstance(key, str) else _key_text(key)
            converted = self.convert(member, depth + 1)
            if name is None or converted is NOT_GIVEN:
                return NOT_GIVEN
            result[name] = converted
        return result

    def _array(self, value: list[Any] | tuple[Any, ...], depth: int) -> Json:
        result = []
        for member in value:
            converted = self.convert(member, depth + 1)
            if converted is NOT_GIVEN:
                return NOT_GIVEN
            result.append(converted)
        return result


def _key_text(key: object) -> str | None:
    """Return an object key that is not text as JSON writes it; None if JSON cannot."""
    if key is None or isinstance(key, bool | int | float):
        return text(to_json_value(key))
    return None


def _members(value: object) -> Mapping[Any, Any] | None:
    """Return the members of a dataclass instance or a pydantic model; None for other objects."""
    kind = type(value)
    if hasattr(kind, "__dataclass_fields__"):
        return {name: getattr(value, name) for name in kind.__dataclass_fields__}
    if hasattr(kind, "model_dump"):
        return value.model_dump()  # type: ignore[attr-defined, no-any-return]
    return None


def _scalar(value: object) -> Json:  # noqa: PLR0911 one line per type
    """Convert a value that is not a container; subclasses are tested first."""
    # These imports take 5 ms, and few callers have such values.
    from decimal import Decimal  # noqa: PLC0415
    from numbers import Integral, Real  # noqa: PLC0415
    from uuid import UUID  # noqa: PLC0415

    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _plain_text(value)
    if isinstance(value, datetime | date | time):
        written = value.isoformat()
        return None if written == _NO_TIME else written
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bytes | bytearray):
        return _decoded(bytes(value))
    if isinstance(value, Integral):
        return to_json_value(int(value))
    if isinstance(value, Real | Decimal):
        return _finite(value)
    return NOT_GIVEN


def _plain_text(value: str) -> str:
    """Return the text that a subclass of str holds, or that a proxy of text stands for."""
    return str.__str__(value) if issubclass(type(value), str) else str(value)


def _numpy_date(value: Any) -> Json:
    """Return a numpy date as tables write it: no fraction, six digits, or nine (SPEC R19.2)."""
    plain = value.item()
    if plain is None or isinstance(plain, date):  # a datetime is a date
        return plain if plain is None else plain.isoformat()
    if value.dtype.name not in _FINE_DATES:  # outside the years of Python's dates
        return NOT_GIVEN
    moment, _, fraction = str(value).partition(".")
    micros, nanos = fraction[:6], fraction[6:9]
    digits = micros + nanos if nanos.strip("0") else micros
    return f"{moment}.{digits}" if digits.strip("0") else moment


def _decoded(value: bytes) -> Json:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return NOT_GIVEN


def _finite(value: Any) -> float | None:
    """Return a number as binary64, or None: JSON has no infinities and no NaN (SPEC R7.6)."""
    try:
        number = float(value)
    except (OverflowError, ValueError):
        return None
    return number if math.isfinite(number) else None


def text(value: Json) -> str:  # noqa: PLR0911 one line per type
    """Render a JSON value as the server does: text unchanged, other values as compact JSON (R7)."""
    if type(value) is str:
        return value
    if value is True:
        return "true"
    if value is False:
        return "false"
    if value is None:
        return "null"
    if isinstance(value, int):
        return str(value) if _INT64_MIN <= value <= _UINT64_MAX else _float_text(_to_float(value))
    if isinstance(value, float):
        return _float_text(value)
    return _container_text(value)


def _to_float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _float_text(value: float) -> str:
    """Return the shortest round-trip digits, without exponent from 1e-5 up to 1e16, as the server.

    The exponent has its sign but no padding, which only the one digit of 1e-6 to 1e-9 has in Python.
    """
    if not math.isfinite(value):
        return "null"
    shortest = repr(value)
    if "e" not in shortest:
        return shortest
    mantissa, _, exponent = shortest.partition("e")
    if int(exponent) == -5:
        return f"{value:.{len(mantissa.lstrip('-').replace('.', '')) + 4}f}"
    return f"{mantissa}e{int(exponent):+d}"


def _container_text(value: Json) -> str:
    if isinstance(value, list):
        return "[" + ",".join(_nested_text(member) for member in value) + "]"
    members = (f"{_quoted(key)}:{_nested_text(value[key])}" for key in sorted(value))
    return "{" + ",".join(members) + "}"


def _nested_text(value: Json) -> str:
    return _quoted(value) if isinstance(value, str) else text(value)


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def lower(value: Json) -> str:
    """Render and lower-case all of Unicode, final sigma included, without casefolding (R7)."""
    return text(value).lower()


def has_utf8(value: str) -> bool:
    """Tell whether text has a UTF-8 form, so it can be hashed and sent; a lone surrogate has none."""
    try:
        return value.isascii() or bool(value.encode())
    except UnicodeEncodeError:
        return False


def ascii_fold(value: Json) -> str:
    """Render and lower-case only A to Z (R7)."""
    rendered = text(value)
    return rendered.lower() if rendered.isascii() else rendered.translate(_FOLD)


def is_true(value: Json) -> bool:
    """Tell whether a value counts as true: true, the text ``true``, or a list of such values (R8.1)."""
    if isinstance(value, list):
        return all(map(is_true, value))
    return value is True or (isinstance(value, str) and value.lower() == "true")


def number(value: Json) -> float | None:
    """Return a number, or text in the server's float grammar, as binary64; None otherwise (R8.5).

    Booleans, null, lists and objects are not numbers.
    """
    if type(value) is str:
        return float(value) if _NUMBER.fullmatch(value) else None
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return _to_float(value) if value >= 0 else -_to_float(-value)
    return value if isinstance(value, float) else None
