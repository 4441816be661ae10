"""The JSON of foreign scalars: dates, numbers and texts of the standard library and others (SPEC R7.7).

A subclass of str, int, float or bytes counts for what it holds, whatever its methods say. What only
claims to be of a kind, such as a proxy, is asked. Code of the value may raise anything.
"""

from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from numbers import Integral, Real
from typing import Any, Final
from uuid import UUID

from flagengine.values.json_values import MAX_DEPTH, NOT_GIVEN, Json, plain_scalar

__all__ = ["scalar"]

_NO_TIME: Final = "NaT"
"""How pandas writes the time that is none; JSON has null for it, as for NaN (SPEC R7.6)."""
_FINE_UNITS: Final = ("ns]", "ps]", "fs]", "as]")
"""The ends of the names of numpy's dates that Python's dates are too coarse for."""
_LAZY: Final = ("django.utils.functional", "Promise")
"""Django's text, such as a translation, that is made when it is needed."""


def scalar(value: Any) -> Json:
    """Return the JSON of a value without members; NOT_GIVEN if it has none."""
    for _ in range(MAX_DEPTH):
        if getattr(value, "shape", None) != () or not callable(getattr(value, "item", None)):
            return _of_kind(value)
        kind = getattr(getattr(value, "dtype", None), "kind", None)
        is_masked = getattr(value, "mask", False)
        if kind == "m" or is_masked:  # a duration has no JSON form, and a masked value is missing
            return NOT_GIVEN
        if kind == "M":
            return _numpy_date(value)
        inner = value.item()
        if type(inner) is type(value):  # a number that is wider than Python's gives itself
            return _of_kind(inner)
        value = inner
    return NOT_GIVEN


def _numpy_date(value: Any) -> Json:
    """Return a numpy date as tables write it: no fraction, six digits, or nine (SPEC R19.2)."""
    plain = value.item()
    if plain is None or isinstance(plain, date):  # a datetime is a date
        return plain if plain is None else plain.isoformat()
    if not value.dtype.name.endswith(_FINE_UNITS):  # outside the years of Python's dates
        return NOT_GIVEN
    moment, _, fraction = str(value).partition(".")
    micros, nanos = fraction[:6], fraction[6:9]
    digits = micros + nanos if nanos.strip("0") else micros
    return f"{moment}.{digits}" if digits.strip("0") else moment


def _of_kind(value: Any) -> Json:
    found = plain_scalar(value)
    if found is not NOT_GIVEN:
        return found
    for kinds, conversion in _KINDS:
        if isinstance(value, kinds):
            return conversion(value)
    is_lazy = any((kind.__module__, kind.__name__) == _LAZY for kind in type(value).__mro__)
    return _text(value) if is_lazy else NOT_GIVEN


def _text(value: Any) -> str:
    return str.__str__(value if issubclass(type(value), str) else str(value))


def _date(value: Any) -> Json:
    written = str.__str__(value.isoformat())
    return None if written == _NO_TIME else written


def _decoded(value: Any) -> Json:
    is_held = issubclass(type(value), bytes | bytearray | memoryview)
    held = bytes(memoryview(value)) if is_held else bytes(value)
    try:
        return held.decode()
    except UnicodeDecodeError:
        return NOT_GIVEN


def _integer(value: Any) -> Json:
    return plain_scalar(int.__int__(value) if issubclass(type(value), int) else int(value))


def _decimal(value: Any) -> Json:
    is_held = issubclass(type(value), Decimal)
    number = Decimal(value if is_held else str(value))
    return None if number.is_nan() else plain_scalar(float(number))


def _real(value: Any) -> Json:
    try:
        number = float.__float__(value) if issubclass(type(value), float) else float(value)
    except OverflowError:  # a fraction beyond binary64
        return None
    return plain_scalar(number)


_KINDS: Final[tuple[tuple[Any, Callable[[Any], Json]], ...]] = (
    (str, _text),
    (bool, bool),  # a proxy: there is no subclass
    ((datetime, date, time), _date),
    (UUID, lambda value: str.__str__(UUID.__str__(value))),
    ((bytes, bytearray, memoryview), _decoded),
    (Integral, _integer),
    (Decimal, _decimal),
    (Real, _real),
)
"""The first kind that fits counts."""
