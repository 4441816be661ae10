"""A flag's value as the type that the caller wants, for flags of both formats. Pure.

The typed getters of the client and the provider for OpenFeature read a flag by these rules:

======== ==========================================================================================
type     value
======== ==========================================================================================
boolean  whether the flag is on, as it is with every variant
text     the variant, or a payload that is text
integer  a payload that is a whole number, or a variant that is the text of a whole number
number   a payload that is a number, or a variant that is the text of a number
object   a payload that is an object
list     a payload that is a list
======== ==========================================================================================

For a flag that is off, all types but boolean get the caller's default.

A flag of configuration format 2 has a value of a fixed type, which no other type gets; a number or an
object is the value itself, not a payload. If the flag has no value, every type gets the caller's
default. A boolean is no number.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

from . import typed
from .reading import FlagError, FlagReading
from .typed import FlagDetails, error_details, metadata_of, reason_of

__all__ = [
    "BOOLEAN",
    "INTEGER",
    "LIST",
    "NUMBER",
    "OBJECT",
    "OBJECT_OR_LIST",
    "TEXT",
    "Conversion",
    "FlagResult",
    "details_of",
    "is_format_2",
]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


class FlagResult(Protocol):
    """The result of ``get_feature_flag_result``, with the attributes that this module reads."""

    @property
    def enabled(self) -> bool:
        """Whether the flag is on."""
        ...

    @property
    def variant(self) -> str | None:
        """The variant's key."""
        ...

    @property
    def payload(self) -> Any:
        """The decoded payload."""
        ...


@dataclass(frozen=True, slots=True)
class Conversion(Generic[T_co]):
    """The rules of one type.

    Attributes:
        name: the type, as messages name it.
        of_result: returns the value of a flag of format 1; None if it has none of the type.
        of_value: does the same for the value of a flag of format 2.
        is_of_switch: whether a flag that is off has a value of the type.
    """

    name: str
    of_result: Callable[[FlagResult], T_co | None]
    of_value: Callable[[Any], T_co | None]
    is_of_switch: bool = False

    def value(self, result: FlagResult) -> T_co | None:
        """Return the flag's value; None if it has another type."""
        if is_format_2(result):
            return self.of_value(getattr(result, "value", None))
        return self.of_result(result)

    def is_left_to_caller(self, result: FlagResult) -> bool:
        """Return whether the caller's default is the value."""
        if is_format_2(result) and getattr(result, "value", None) is None:
            return True
        return not result.enabled and not self.is_of_switch

    def mismatch(self, result: FlagResult) -> str:
        """Return what is wrong with a value of another type, without the value of a payload."""
        if is_format_2(result):
            found = type(getattr(result, "value", None)).__name__
            return f"value must be {self.name}, got {found}"
        payload = "no payload" if result.payload is None else type(result.payload).__name__
        return f"value must be {self.name}, got variant {result.variant!r} and {payload}"


def is_format_2(result: FlagResult) -> bool:
    """Return whether the flag has a value of a fixed type."""
    return getattr(result, "config_version", None) == 2


def details_of(reading: FlagReading, convert: Conversion[T], default: T) -> FlagDetails[T]:
    """Return the value of a reading, converted, or the default and why."""
    key, result = reading.key, reading.result
    metadata = metadata_of(result)
    if reading.error is not None or result is None:
        return error_details(key, default, reading.error, reading.message, metadata)
    if convert.is_left_to_caller(result):
        return FlagDetails(key, default, reason_of(result), flag_metadata=metadata)
    value = convert.value(result)
    if value is None:
        code, message = FlagError.TYPE_MISMATCH, convert.mismatch(result)
        return error_details(key, default, code, message, metadata)
    variant = result.variant_key if is_format_2(result) else result.variant
    return FlagDetails(key, value, reason_of(result), variant, flag_metadata=metadata)


def _is_on(result: FlagResult) -> bool:
    return bool(result.enabled)


def _text(result: FlagResult) -> str | None:
    texts = (result.variant, result.payload)
    return next((text for text in texts if isinstance(text, str)), None)


def _integer(result: FlagResult) -> int | None:
    return typed.integer(_number(result))


def _float(result: FlagResult) -> float | None:
    return typed.number(_number(result))


def _object(result: FlagResult) -> dict[str, Any] | None:
    return typed.json_object(result.payload)


def _list(result: FlagResult) -> list[Any] | None:
    return result.payload if isinstance(result.payload, list) else None


def _object_or_list(result: FlagResult) -> Any:
    return result.payload if isinstance(result.payload, dict | list) else None


def _no_list(_value: object) -> None:
    """Return None: format 2 has no lists."""


def _number(result: FlagResult) -> float | None:
    payload = result.payload
    if isinstance(payload, int | float) and not isinstance(payload, bool):
        return _finite(payload)
    return _parsed(result.variant or "")


def _parsed(text: str) -> float | None:
    """Return the number in a variant's key, exactly if it is whole; None if there is no number.

    Python alone reads numbers in ``1_000``, in digits of other scripts, and between blanks.
    """
    if not _NUMBER.fullmatch(text):
        return None
    for kind in (int, float):
        try:
            number: float = kind(text)
        except ValueError:
            continue
        return _finite(number)
    return None


def _finite(number: float) -> float | None:
    return number if isinstance(number, int) or math.isfinite(number) else None


BOOLEAN: Final[Conversion[bool]] = Conversion("boolean", _is_on, typed.boolean, is_of_switch=True)
TEXT: Final[Conversion[str]] = Conversion("text", _text, typed.text)
INTEGER: Final[Conversion[int]] = Conversion("integer", _integer, typed.integer)
NUMBER: Final[Conversion[float]] = Conversion("float", _float, typed.number)
OBJECT: Final[Conversion[Mapping[str, Any]]] = Conversion("object", _object, typed.json_object)
LIST: Final[Conversion[list[Any]]] = Conversion("list", _list, _no_list)
OBJECT_OR_LIST: Final[Conversion[Any]] = Conversion("object", _object_or_list, typed.json_object)
