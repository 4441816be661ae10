"""A flag's result in OpenFeature's form: a value of the requested type, with its reason.

``flags.conversions`` has the rules of the types. Pure.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, TypeVar

from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import FlagResolutionDetails, Reason

from ..flags.conversions import Conversion, FlagResult, is_format_2
from ..flags.reason_words import reason_word

__all__ = ["details_of", "failure"]

T = TypeVar("T")


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


def details_of(
    result: FlagResult | None, default: T, convert: Conversion[Any], *, is_stale: bool = False
) -> FlagResolutionDetails[T]:
    """Return the result in OpenFeature's form; a result of None means an unknown flag."""
    if result is None:
        return failure(default, ErrorCode.FLAG_NOT_FOUND, "unknown flag")
    is_default = convert.is_left_to_caller(result)
    value = default if is_default else convert.value(result)
    if value is None:
        return failure(default, ErrorCode.TYPE_MISMATCH, convert.mismatch(result), result)
    variant = getattr(result, "variant_key", None) if is_format_2(result) else result.variant
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


def _reason(result: FlagResult) -> Reason:
    code, format_ = getattr(result, "reason_code", None), getattr(result, "config_version", None)
    return Reason(reason_word(code, result.variant, format_))


def _metadata(result: FlagResult) -> dict[str, bool | int | float | str]:
    noted = {name: getattr(result, attribute, None) for name, attribute in _NOTED.items()}
    return {name: value for name, value in noted.items() if value is not None}
