"""A flag as it was read, with the reason for a missing value in OpenFeature's codes.

``get_feature_flag_result`` has no result for a flag that failed; this tells the failures apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from flagengine import Missing, Reason, Resolution, UnresolvedReason

from .answer import LOCAL, FeatureFlagResult, FlagAnswer, FlagFailure
from .local import EvaluatedFlags, Obstacle
from .needed_inputs import why_unresolved

__all__ = ["FlagError", "FlagReading", "answered", "error_of", "reading_of"]


class FlagError(StrEnum):
    """Why a caller gets its default; the names are OpenFeature's."""

    FLAG_NOT_FOUND = "FLAG_NOT_FOUND"
    """Neither the definitions nor the server have the flag, or an override hides it."""
    PARSE_ERROR = "PARSE_ERROR"
    """The flag's definition or the server's record of it cannot be read."""
    INVALID_CONTEXT = "INVALID_CONTEXT"
    """The flag needs inputs that the call does not give, such as a property or a group."""
    TARGETING_KEY_MISSING = "TARGETING_KEY_MISSING"
    """Neither the call nor the context has a distinct id."""
    PROVIDER_NOT_READY = "PROVIDER_NOT_READY"
    """No definitions are loaded and the server is not asked, or the client is disabled."""
    TYPE_MISMATCH = "TYPE_MISMATCH"
    """The value has another type than the caller asked for."""
    GENERAL = "GENERAL"
    """The evaluation failed, or the request to the server."""


_OBSTACLES: Final = {
    Obstacle.UNUSABLE: FlagError.PROVIDER_NOT_READY,
    Obstacle.NO_DISTINCT_ID: FlagError.TARGETING_KEY_MISSING,
    Obstacle.NOT_LOADED: FlagError.PROVIDER_NOT_READY,
}
_NOT_FOUND: Final = {
    Reason.OVERRIDDEN: "the flag is overridden to be missing",
    Reason.FILTERED_OUT: "the flag has other evaluation contexts than the client",
}


@dataclass(frozen=True, slots=True)
class FlagReading:
    """A flag as it was read.

    Attributes:
        key: the flag's key.
        result: the result, or what is known of a flag without a value; None for an unknown flag.
        error: why the caller gets its default; None if the flag is decided, also if it leaves its
            value to the caller's default.
        message: the error as text for people.
        missing: the inputs that would decide the flag; falsy if nothing is missing.
    """

    key: str
    result: FeatureFlagResult | None = None
    error: FlagError | None = None
    message: str = ""
    missing: Missing = field(default_factory=Missing)


def reading_of(key: str, found: EvaluatedFlags) -> FlagReading:
    """Return what an evaluation found of the flag ``key``."""
    if key in found.answers:
        return answered(key, found.answers[key])
    if key in found.failures:
        return _failed(key, found.failures[key])
    if key in found.unresolved:
        return _unresolved(key, found.unresolved[key], found.request_errors)
    error, message = _why_none(key, found)
    return FlagReading(key, error=error, message=message)


def _why_none(key: str, found: EvaluatedFlags) -> tuple[FlagError, str]:
    if key in found.withheld:
        return FlagError.FLAG_NOT_FOUND, _NOT_FOUND[found.withheld[key]]
    if found.request_errors:
        return FlagError.GENERAL, _request_failed(found.request_errors)
    if found.obstacle is not None:
        return _OBSTACLES[found.obstacle], str(found.obstacle)
    return FlagError.FLAG_NOT_FOUND, "unknown flag"


def _request_failed(errors: Iterable[str]) -> str:
    return f"the request for flags failed: {', '.join(errors)}"


def answered(key: str, answer: FlagAnswer) -> FlagReading:
    """Return the reading of a flag with an answer."""
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


def _unresolved(key: str, resolution: Resolution, errors: tuple[str, ...]) -> FlagReading:
    result, message = FlagAnswer(resolution, LOCAL).result(), why_unresolved(resolution)
    error = error_of(resolution)
    if errors:
        error = FlagError.GENERAL
        message = f"{_request_failed(errors)}; to be decided locally, {message}"
    return FlagReading(key, result, error, message, resolution.missing)


def error_of(resolution: Resolution) -> FlagError:
    """Return why a flag without a local value has none; whether there is a distinct id does not matter."""
    why = resolution.unresolved_reason
    if resolution.missing or why is UnresolvedReason.MISSING_CONTEXT:
        return FlagError.INVALID_CONTEXT
    is_unreadable = why is UnresolvedReason.UNSUPPORTED_DEFINITION
    return FlagError.PARSE_ERROR if is_unreadable else FlagError.GENERAL
