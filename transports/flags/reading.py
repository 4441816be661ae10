"""A flag as it was read, with the reason for a missing value in OpenFeature's codes.

``get_feature_flag_result`` has no result for a flag that failed; this tells the failures apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from flagengine import Resolution, UnresolvedReason

from .answer import FeatureFlagResult, FlagAnswer, FlagFailure
from .local import EvaluatedFlags

__all__ = ["FlagError", "FlagReading", "reading_of"]


class FlagError(StrEnum):
    """Why a caller gets its default; the names are OpenFeature's."""

    FLAG_NOT_FOUND = "FLAG_NOT_FOUND"
    """Neither the definitions nor the server have the flag."""
    PARSE_ERROR = "PARSE_ERROR"
    """The flag's definition or the server's record of it cannot be read."""
    INVALID_CONTEXT = "INVALID_CONTEXT"
    """The flag is of a group, and the person's group is missing."""
    TYPE_MISMATCH = "TYPE_MISMATCH"
    """The value has another type than the caller asked for."""
    GENERAL = "GENERAL"
    """The evaluation failed."""


@dataclass(frozen=True, slots=True)
class FlagReading:
    """A flag as it was read.

    Attributes:
        key: the flag's key.
        result: the result, or what is known of a flag without a value; None for an unknown flag.
        error: why the caller gets its default; None if the flag is decided, also if it leaves its
            value to the caller's default.
        message: the error as text for people.
    """

    key: str
    result: FeatureFlagResult | None = None
    error: FlagError | None = None
    message: str = ""


def reading_of(key: str, found: EvaluatedFlags) -> FlagReading:
    """Return what an evaluation found of the flag ``key``."""
    if key in found.answers:
        return _answered(key, found.answers[key])
    if key in found.failures:
        return _failed(key, found.failures[key])
    if key in found.unresolved:
        return _unresolved(key, found.unresolved[key])
    if found.request_errors:
        message = f"the request for flags failed: {', '.join(found.request_errors)}"
        return FlagReading(key, error=FlagError.GENERAL, message=message)
    return FlagReading(key, error=FlagError.FLAG_NOT_FOUND, message="unknown flag")


def _answered(key: str, answer: FlagAnswer) -> FlagReading:
    if answer.value is None and answer.reason_code == "missing_group_key":
        message = answer.reason or "the person's group is missing"
        return FlagReading(key, answer.result(), FlagError.INVALID_CONTEXT, message)
    return FlagReading(key, answer.result())


def _failed(key: str, failure: FlagFailure) -> FlagReading:
    if failure.wrong_field is not None:
        message = f"the server's record cannot be read: wrong {failure.wrong_field}"
        return FlagReading(key, None, FlagError.PARSE_ERROR, message)
    answer = failure.answer
    result = None if answer is None else answer.result()
    reason = None if result is None else result.reason
    return FlagReading(key, result, FlagError.GENERAL, reason or "the evaluation failed")


def _unresolved(key: str, resolution: Resolution) -> FlagReading:
    why = resolution.unresolved_reason
    is_unreadable = why is UnresolvedReason.UNSUPPORTED_DEFINITION
    error = FlagError.PARSE_ERROR if is_unreadable else FlagError.GENERAL
    message = f"the flag cannot be decided locally: {why}"
    return FlagReading(key, None, error, message)
