"""A flag's result in OpenFeature's form: a value of the requested type, with its reason.

======== ==========================================================================================
type     value
======== ==========================================================================================
boolean  whether the flag is on, as it is with every variant
text     the variant, or a payload that is text
number   a payload that is a number, or a variant that is the text of a number
object   a payload that is an object or a list
======== ==========================================================================================

For a flag that is off, all types but boolean get the caller's default.

A flag of configuration format 2 has a value of a fixed type, which no other type gets; a number or an
object is the value itself, not a payload. If the flag has no value, every type gets the caller's
default. Pure.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import FlagResolutionDetails, Reason

from ..flags import typed
from ..flags.reason_words import reason_word

__all__ = [
    "Conversion",
    "FlagResult",
    "as_boolean",
    "as_float",
    "as_integer",
    "as_object",
    "as_text",
    "details_of",
    "failure",
]

T = TypeVar("T")


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


# Returns the value of a type; None if the result has no such value.
Conversion = Callable[[FlagResult], Any]

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
# The names in the metadata. OpenFeature's telemetry reads ``version``; the others are those of
# ``FeatureFlagResult``.
_NOTED = MappingProxyType(
    {
        "id": "flag_id",
        "version": "flag_version",
        "reason": "reason",
        "reason_code": "reason_code",
        "condition_index": "condition_index",
        "locally_evaluated": "locally_evaluated",
        "flag_id": "flag_id",
        "flag_version": "flag_version",
        "config_version": "config_version",
        "rule_type": "rule_type",
        "rule_id": "rule_id",
        "experiment_id": "experiment_id",
        "variant_key": "variant_key",
        "holdout_id": "holdout_id",
    }
)


def as_boolean(result: FlagResult) -> bool:
    """Return whether the flag is on."""
    return bool(result.enabled)


def as_text(result: FlagResult) -> str | None:
    """Return the variant, or a payload that is text."""
    texts = (result.variant, result.payload)
    return next((text for text in texts if isinstance(text, str)), None)


def as_integer(result: FlagResult) -> int | None:
    """Return the number if it is whole."""
    return typed.integer(_number(result))


def as_float(result: FlagResult) -> float | None:
    """Return the number."""
    return typed.number(_number(result))


def as_object(result: FlagResult) -> Any:
    """Return a payload that is an object or a list."""
    return result.payload if isinstance(result.payload, dict | list) else None


def details_of(
    result: FlagResult | None, default: T, convert: Conversion, *, is_stale: bool = False
) -> FlagResolutionDetails[T]:
    """Return the result in OpenFeature's form; a result of None means an unknown flag."""
    if result is None:
        return failure(default, ErrorCode.FLAG_NOT_FOUND, "unknown flag")
    is_typed = _is_format_2(result)
    is_default = _is_left_to_caller(result, convert, is_typed=is_typed)
    value = default if is_default else _typed(result, convert) if is_typed else convert(result)
    if value is None:
        return failure(default, ErrorCode.TYPE_MISMATCH, _mismatch(result, convert), result)
    variant = getattr(result, "variant_key", None) if is_typed else result.variant
    return FlagResolutionDetails(
        value=value,
        reason=Reason.STALE if is_stale else _reason(result),
        variant=None if is_default else variant,
        flag_metadata=_metadata(result),
    )


def failure(
    default: T, code: ErrorCode, message: str, result: FlagResult | None = None
) -> FlagResolutionDetails[T]:
    """Return the default with an error, and what is known of the flag."""
    return FlagResolutionDetails(
        value=default,
        error_code=code,
        error_message=message,
        reason=Reason.ERROR,
        flag_metadata={} if result is None else _metadata(result),
    )


def _is_format_2(result: FlagResult) -> bool:
    return getattr(result, "config_version", None) == 2


def _is_left_to_caller(result: FlagResult, convert: Conversion, *, is_typed: bool) -> bool:
    """Return whether the caller's default is the value."""
    if is_typed and getattr(result, "value", None) is None:
        return True
    return not result.enabled and convert is not as_boolean


def _typed(result: FlagResult, convert: Conversion) -> Any:
    """Return the value of a format 2 flag if it has the requested type, else None."""
    types: dict[Conversion, Callable[[Any], Any]] = {
        as_boolean: typed.boolean,
        as_text: typed.text,
        as_integer: typed.integer,
        as_float: typed.number,
        as_object: typed.json_object,
    }
    return types[convert](getattr(result, "value", None))


def _mismatch(result: FlagResult, convert: Conversion) -> str:
    wanted = convert.__name__[3:]
    if _is_format_2(result):
        return f"value must be {wanted}, got {type(getattr(result, 'value', None)).__name__}"
    found = "no payload" if result.payload is None else type(result.payload).__name__
    return f"value must be {wanted}, got variant {result.variant!r} and {found}"


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


def _reason(result: FlagResult) -> Reason:
    code, format_ = getattr(result, "reason_code", None), getattr(result, "config_version", None)
    return Reason(reason_word(code, result.variant, format_))


def _metadata(result: FlagResult) -> dict[str, bool | int | float | str]:
    noted = {name: getattr(result, attribute, None) for name, attribute in _NOTED.items()}
    return {name: value for name, value in noted.items() if value is not None}
