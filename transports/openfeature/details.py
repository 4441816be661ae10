"""A flag's result in OpenFeature's form: a value of the requested type, with its reason.

``flags.conversions`` has the rules of the types. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import FlagResolutionDetails, Reason

from ..flags.conversions import Conversion, FlagResult, is_format_2

__all__ = ["details_of", "failure"]

T = TypeVar("T")


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
        "targeting_match": Reason.TARGETING_MATCH,
        "experiment_split": Reason.SPLIT,
        "rollout_miss": Reason.DEFAULT,
        "experiment_paused": Reason.DEFAULT,
        "holdout": Reason.DEFAULT,
        "no_rule_match": Reason.DEFAULT,
    }
)
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
    code = getattr(result, "reason_code", None)
    reason = _REASONS.get(str(code), Reason.UNKNOWN)
    is_drawn = reason is Reason.TARGETING_MATCH and result.variant is not None
    return Reason.SPLIT if is_drawn and not is_format_2(result) else reason


def _metadata(result: FlagResult) -> dict[str, bool | int | float | str]:
    noted = {name: getattr(result, attribute, None) for name, attribute in _NOTED.items()}
    return {name: value for name, value in noted.items() if value is not None}
