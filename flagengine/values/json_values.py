"""Property values as JSON, and the forms in which operators read them (SPEC R7).

One function per coercion. Nothing here knows of operators or of the clock.
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
    "NotGiven",
    "ascii_fold",
    "has_utf8",
    "lower",
    "number",
    "text",
    "to_json_value",
]

Json = Any

MAX_DEPTH: Final = 128
"""How deep a property value may nest: the server's JSON reader stops there too (SPEC R15)."""

MAX_PARTS: Final = 1_000_000
"""How many values a property value may be made of."""

_INT64_MIN: Final = -(2**63)
_UINT64_MAX: Final = 2**64 - 1
# Rust's float grammar: no blanks, no underscores, a point at either end, inf/infinity/nan.
_NUMBER: Final = re.compile(
    r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|inf(?:inity)?|nan)",
    re.IGNORECASE | re.ASCII,
)
_FOLD: Final = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


class NotGiven(Enum):
    """The type of :data:`NOT_GIVEN`."""

    NOT_GIVEN = "not given"


NOT_GIVEN: Final = NotGiven.NOT_GIVEN
"""A value that cannot reach the server as JSON, and so counts as not given (SPEC R7)."""


def to_json_value(value: object) -> Json:
    """Return ``value`` as the JSON value a client would send, or :data:`NOT_GIVEN`.

    datetime, date and time become ISO 8601 text, Decimal and integers beyond 64 bits floats,
    UUID text, Enum its value, tuples and sets lists (sets in the order of their members' JSON
    text), bytes UTF-8 text, NaN and infinities null, numpy scalars Python ones. Any other object is :data:`NOT_GIVEN`, and so
    is what is nested deeper than 128 levels or has more than a million parts.
    """
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is int:
        return value if _INT64_MIN <= value <= _UINT64_MAX else _finite(value)  # type: ignore[operator]
    if kind is float:
        return value if math.isfinite(value) else None  # type: ignore[arg-type]
    return _Conversion().convert(value, 0)


class _Conversion:
    """One conversion; counts the parts, since what refers to itself has no end."""

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
        return _scalar(value)

    def _object(self, value: Mapping[Any, Any], depth: int) -> Json:
        result = {}
        for key, member in value.items():
            name = key if isinstance(key, str) else _key_text(key)
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
    """Object keys that are not text are written as JSON writes them."""
    if key is None or isinstance(key, bool | int | float):
        return text(to_json_value(key))
    return None


def _scalar(value: object) -> Json:  # noqa: PLR0911 one line per type
    """Convert what is no container; the order puts subclasses first."""
    # Imported here: together 5 ms, for values that few callers have.
    from decimal import Decimal  # noqa: PLC0415
    from numbers import Integral, Real  # noqa: PLC0415
    from uuid import UUID  # noqa: PLC0415

    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bytes | bytearray):
        return _decoded(bytes(value))
    if isinstance(value, Integral):
        return to_json_value(int(value))
    if isinstance(value, Real | Decimal):
        return _finite(value)
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():
        return to_json_value(value.item())  # type: ignore[attr-defined]
    return NOT_GIVEN


def _decoded(value: bytes) -> Json:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return NOT_GIVEN


def _finite(value: Any) -> float | None:
    """Return a number as binary64, or null: infinities and NaN are no JSON (SPEC R7.6)."""
    try:
        number = float(value)
    except (OverflowError, ValueError):
        return None
    return number if math.isfinite(number) else None


def text(value: Json) -> str:  # noqa: PLR0911 one line per type
    """Render a JSON value as the server does: text as it is, all else as compact JSON (R7)."""
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
    """Shortest round-trip digits with the server's thresholds: plain from 1e-5 up to 1e16."""
    if not math.isfinite(value):
        return "null"
    shortest = repr(value)
    if "e" not in shortest:
        return shortest
    mantissa, _, exponent = shortest.partition("e")
    if int(exponent) == -5:
        return f"{value:.{len(mantissa.lstrip('-').replace('.', '')) + 4}f}"
    return f"{mantissa}e{int(exponent)}"


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
    """Render and lower-case over all of Unicode, final sigma included; never casefold (R7)."""
    return text(value).lower()


def has_utf8(value: str) -> bool:
    """Tell whether text can be hashed and sent: a lone surrogate has no UTF-8 form."""
    try:
        return value.isascii() or bool(value.encode())
    except UnicodeEncodeError:
        return False


def ascii_fold(value: Json) -> str:
    """Render and lower-case A to Z only (R7)."""
    rendered = text(value)
    return rendered.lower() if rendered.isascii() else rendered.translate(_FOLD)


def number(value: Json) -> float | None:
    """Read a number, or text in the server's float grammar, as binary64; else None (R8.5).

    Booleans, null, lists and objects are no numbers.
    """
    if type(value) is str:
        return float(value) if _NUMBER.fullmatch(value) else None
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return _to_float(value) if value >= 0 else -_to_float(-value)
    return value if isinstance(value, float) else None
