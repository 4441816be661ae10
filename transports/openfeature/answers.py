"""A flag's answer in OpenFeature's terms: a value of the type that was asked for, and why.

======== ==========================================================================================
asked    comes from
======== ==========================================================================================
boolean  whether the flag is on; every variant is on
text     the variant, or a payload that is text
number   a payload that is a number, or a variant that reads as one
object   a payload that is an object or a list
======== ==========================================================================================

A flag that is off gives the caller's default for everything but a boolean. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import FlagResolutionDetails, Reason

__all__ = [
    "FlagAnswer",
    "Reading",
    "as_boolean",
    "as_float",
    "as_integer",
    "as_object",
    "as_text",
    "details_of",
    "failure",
]

T = TypeVar("T")


class FlagAnswer(Protocol):
    """What is read of ``get_feature_flag_result``'s result."""

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
        """The payload, decoded."""
        ...


# Returns the value, or None where the answer has none of that type.
Reading = Callable[[FlagAnswer], Any]

_REASONS: Mapping[str, Reason] = MappingProxyType(
    {
        "condition_match": Reason.TARGETING_MATCH,
        "super_condition_value": Reason.TARGETING_MATCH,
        "holdout_condition_value": Reason.SPLIT,
        "out_of_rollout_bound": Reason.SPLIT,
        "no_condition_match": Reason.DEFAULT,
        "no_group_type": Reason.DEFAULT,
        "missing_dependency": Reason.DEFAULT,
        "flag_disabled": Reason.DISABLED,
        "overridden": Reason.STATIC,
    }
)
_NOTED = ("reason", "reason_code", "locally_evaluated", "flag_id", "flag_version")


def as_boolean(answer: FlagAnswer) -> bool:
    """Whether it is on."""
    return bool(answer.enabled)


def as_text(answer: FlagAnswer) -> str | None:
    """Return the variant, or a payload that is text."""
    texts = (answer.variant, answer.payload)
    return next((text for text in texts if isinstance(text, str)), None)


def as_integer(answer: FlagAnswer) -> int | None:
    """Return a whole number."""
    number = _number(answer)
    return int(number) if number is not None and number == int(number) else None


def as_float(answer: FlagAnswer) -> float | None:
    """Return any number."""
    number = _number(answer)
    try:
        return None if number is None else float(number)
    except OverflowError:  # JSON knows integers that no float can hold
        return None


def as_object(answer: FlagAnswer) -> Any:
    """Return a payload that is an object or a list."""
    return answer.payload if isinstance(answer.payload, dict | list) else None


def details_of(
    answer: FlagAnswer | None, default: T, reading: Reading, *, is_stale: bool = False
) -> FlagResolutionDetails[T]:
    """Return what OpenFeature wants to know; None as answer: there is no such flag."""
    if answer is None:
        return failure(default, ErrorCode.FLAG_NOT_FOUND, "the flag has no answer")
    is_default = not answer.enabled and reading is not as_boolean
    value = default if is_default else reading(answer)
    if value is None:
        found = "no payload" if answer.payload is None else type(answer.payload).__name__
        message = f"expected {reading.__name__[3:]}, found variant {answer.variant!r} and {found}"
        return failure(default, ErrorCode.TYPE_MISMATCH, message)
    return FlagResolutionDetails(
        value=value,
        reason=Reason.STALE if is_stale else _reason(answer),
        variant=None if is_default else answer.variant,
        flag_metadata=_metadata(answer),
    )


def failure(default: T, code: ErrorCode, message: str) -> FlagResolutionDetails[T]:
    """Return the default with an error."""
    return FlagResolutionDetails(
        value=default, error_code=code, error_message=message, reason=Reason.ERROR
    )


def _number(answer: FlagAnswer) -> float | None:
    payload = answer.payload
    if isinstance(payload, int | float) and not isinstance(payload, bool):
        return _finite(payload)
    return _parsed(answer.variant or "")


def _parsed(text: str) -> float | None:
    """Read a variant's key; whole numbers exactly."""
    for kind in (int, float):
        try:
            number: float = kind(text)
        except ValueError:
            continue
        return _finite(number)
    return None


def _finite(number: float) -> float | None:
    return number if isinstance(number, int) or math.isfinite(number) else None


def _reason(answer: FlagAnswer) -> Reason:
    code = getattr(answer, "reason_code", None)
    reason = _REASONS.get(str(code), Reason.UNKNOWN)
    is_drawn = reason is Reason.TARGETING_MATCH and answer.variant is not None
    return Reason.SPLIT if is_drawn else reason


def _metadata(answer: FlagAnswer) -> dict[str, bool | int | float | str]:
    noted = {name: getattr(answer, name, None) for name in _NOTED}
    return {name: value for name, value in noted.items() if value is not None}
