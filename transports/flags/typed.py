"""Typed reads: the flag's value if it has the requested JSON type, else the caller's default. Pure.

No type is converted into another. These are the rules of PostHog's proposed contract
``typed-flag-values``, for flags of both formats; the names of reasons and errors are OpenFeature's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar

from .answer import FeatureFlagResult
from .reading import FlagError, FlagReading
from .reason_words import reason_word
from .records import integer

__all__ = [
    "FlagDetails",
    "boolean",
    "details_of",
    "error_details",
    "integer",
    "json_object",
    "metadata_of",
    "number",
    "reason_of",
    "text",
]

T = TypeVar("T")
OfType = Callable[[Any], T | None]

_EMPTY: Final[Mapping[str, Any]] = MappingProxyType({})
# The names of the server's records, which are the same in every language.
_METADATA: Final = {
    "id": "flag_id",
    "version": "flag_version",
    "config_version": "config_version",
    "reason_code": "reason_code",
    "condition_index": "condition_index",
    "rule_type": "rule_type",
    "rule_id": "rule_id",
    "experiment_id": "experiment_id",
    "variant_key": "variant_key",
    "holdout_id": "holdout_id",
}


@dataclass(frozen=True, slots=True)
class FlagDetails(Generic[T]):
    """The result of a typed read.

    Attributes:
        key: the flag's key.
        value: the flag's value, or the caller's default.
        reason: ``TARGETING_MATCH``, ``SPLIT``, ``DEFAULT``, ``DISABLED``, ``ERROR``, ``UNKNOWN``, or
            ``override``.
        variant: the key of the assigned variant, if the value is the flag's.
        error_code: why the caller's default was returned; None also if the flag has no value.
        error_message: the error as text for people.
        flag_metadata: what the flag's record says, without its payload.
    """

    key: str
    value: T
    reason: str
    variant: str | None = None
    error_code: FlagError | None = None
    error_message: str | None = None
    flag_metadata: Mapping[str, Any] = field(default_factory=lambda: _EMPTY)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the metadata as a plain dict, because read-only views cannot be pickled."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return _restored, ({**fields, "flag_metadata": dict(self.flag_metadata)},)


def _restored(fields: dict[str, Any]) -> FlagDetails[Any]:
    metadata = MappingProxyType(fields.pop("flag_metadata"))
    return FlagDetails(**fields, flag_metadata=metadata)


def boolean(value: Any) -> bool | None:
    """Return a boolean, else None."""
    return value if isinstance(value, bool) else None


def text(value: Any) -> str | None:
    """Return text, else None."""
    return value if isinstance(value, str) else None


def number(value: Any) -> float | None:
    """Return a number as a float, else None; None also for an integer too large for a float."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def json_object(value: Any) -> dict[str, Any] | None:
    """Return an object, else None."""
    return value if isinstance(value, dict) else None


_TYPES: Final[Mapping[OfType[Any], str]] = {
    boolean: "boolean",
    text: "string",
    integer: "integer",
    number: "number",
    json_object: "object",
}
"""The names of the types, as the accessors have them."""


def details_of(reading: FlagReading, of_type: OfType[T], default: T) -> FlagDetails[T]:
    """Return the details of a reading, as the type that ``of_type`` accepts."""
    result = reading.result
    metadata = metadata_of(result)
    if reading.error is not None or result is None:
        return error_details(reading.key, default, reading.error, reading.message, metadata)
    value = of_type(result.value)
    if value is not None:
        variant = metadata.get("variant_key")
        return FlagDetails(reading.key, value, reason_of(result), variant, flag_metadata=metadata)
    # A flag that is off has no value of another type.
    if result.value is None or result.value is False:
        return FlagDetails(reading.key, default, reason_of(result), flag_metadata=metadata)
    message = f"value must be {_TYPES[of_type]}, got {type(result.value).__name__}"
    if result.config_version == 1 and of_type in (integer, number, json_object):
        message += "; numbers and objects need a server that sends typed values"
    return error_details(reading.key, default, FlagError.TYPE_MISMATCH, message, metadata)


def error_details(
    key: str, default: T, code: FlagError | None, message: str, metadata: Mapping[str, Any]
) -> FlagDetails[T]:
    """Return the details of a read that gives the default, with an error."""
    return FlagDetails(key, default, "ERROR", None, code, message, metadata)


def reason_of(result: FeatureFlagResult) -> str:
    """Return the reason for the flag's value, by the names of ``FlagDetails``."""
    code = result.reason_code or ""
    if code == "overridden":
        return "override"
    if code == "flag_disabled":
        return "DISABLED"
    if result.config_version == 2:
        return reason_word(code, None, 2)
    is_match = result.value is True or isinstance(result.value, str)
    return "TARGETING_MATCH" if is_match else "DEFAULT"


def metadata_of(result: FeatureFlagResult | None) -> Mapping[str, Any]:
    """Return what the flag's record says, by the names of the server's records."""
    if result is None:
        return _EMPTY
    if result.reason_code == "overridden":
        return _EMPTY
    known = {name: getattr(result, attribute) for name, attribute in _METADATA.items()}
    return MappingProxyType({name: part for name, part in known.items() if part is not None})
