"""Resolutions of every kind: the wording, the payload and the metadata (SPEC R12, R13)."""

from sys import intern
from typing import Any, Final

from flagengine.definitions.definitions import Restricted
from flagengine.plan.flag_plan import ConditionPlan, FlagPlan
from flagengine.plan.shares import Served
from flagengine.results.resolution import (
    Reason,
    Resolution,
    RuleReference,
    UnresolvedReason,
    Value,
)
from flagengine.results.verdicts import Gap
from flagengine.values.json_values import text

__all__ = [
    "decided",
    "disabled",
    "filtered_out",
    "is_filtered_out",
    "overridden",
    "served",
    "typed_payload",
    "unknown_flag",
    "unresolved",
]

_DESCRIPTIONS: Final = {
    Reason.SUPER_CONDITION_VALUE: "Super condition value",
    Reason.HOLDOUT_CONDITION_VALUE: "Holdout condition value",
    Reason.OUT_OF_ROLLOUT_BOUND: "Out of rollout bound",
    Reason.NO_CONDITION_MATCH: "No matching condition set",
    Reason.NO_GROUP_TYPE: "No group type",
    Reason.FLAG_DISABLED: "Feature flag is disabled",
    Reason.ROLLOUT_MISS: "Out of the rollout",
    Reason.EXPERIMENT_PAUSED: "The experiment is paused",
    Reason.HOLDOUT: "Held out of the experiment",
    Reason.NO_RULE_MATCH: "No matching rule",
}
_MATCHES: Final = {
    Reason.CONDITION_MATCH: "Matched condition set",
    Reason.TARGETING_MATCH: "Matched rule",
}
_UNRESOLVED: Final = {
    UnresolvedReason.EXPERIENCE_CONTINUITY: "The server may remember another answer",
    UnresolvedReason.UNSUPPORTED_DEFINITION: "The definition cannot be evaluated here",
    UnresolvedReason.UNRESOLVED_DEPENDENCY: "A flag it depends on is unresolved",
    UnresolvedReason.MISSING_CONTEXT: "Inputs are missing",
    UnresolvedReason.INVALID_REGEX: "A filter's pattern is not a regular expression",
    UnresolvedReason.INVALID_PROPERTY: "A filter compares as a number what is not a number",
}


def decided(
    plan: FlagPlan, value: bool | str, reason: Reason, index: int | None = None
) -> Resolution:
    """Return a definite answer; only an enabled flag has a payload (R12)."""
    return Resolution(
        plan.key,
        value,
        reason,
        index,
        _description(reason, index),
        raw_payload=_payload(plan, value),
        **_metadata(plan),
    )


def served(
    plan: FlagPlan, answer: Served, reason: Reason, condition: ConditionPlan | None
) -> Resolution:
    """Return the answer of a format 2 flag, which the rule of ``condition`` ended (R20)."""
    index = None if condition is None else condition.index
    return Resolution(
        plan.key,
        answer.value,
        reason,
        index,
        _description(reason, index),
        raw_payload=typed_payload(answer.value),
        rule=_reference(condition, answer),
        **_metadata(plan),
    )


def _description(reason: Reason, index: int | None) -> str:
    """Return the reason in words (R13.6); a match names its condition or rule, counted from 1."""
    if reason in _MATCHES and index is not None:
        return intern(f"{_MATCHES[reason]} {index + 1}")  # the flags share the text
    return _DESCRIPTIONS[reason]


def _reference(condition: ConditionPlan | None, answer: Served) -> RuleReference | None:
    if condition is None or condition.rule is None:
        return None
    rule = condition.rule
    return RuleReference(rule.id, rule.type, condition.index, answer.variant_key)


def disabled(plan: FlagPlan) -> Resolution:
    """Return the answer of an inactive flag: false, or no value in format 2 (R4.3, R20)."""
    if plan.config_version == 1:
        return decided(plan, False, Reason.FLAG_DISABLED)
    return served(plan, Served(None), Reason.FLAG_DISABLED, None)


def unresolved(plan: FlagPlan, gap: Gap, why: str | None = None) -> Resolution:
    """Return an unresolved answer: why it is unresolved, and which inputs are missing.

    An error of a format 2 flag, which the server has too, is the reason itself (R20).
    """
    description = _UNRESOLVED[gap.reason] if why is None else f"{_UNRESOLVED[gap.reason]}: {why}"
    return Resolution(
        plan.key,
        None,
        Reason.ERROR if gap.reason.is_error else Reason.UNRESOLVED,
        description=description,
        unresolved_reason=gap.reason,
        missing=gap.missing,
        **_metadata(plan),
    )


def overridden(key: str, value: Value, plan: FlagPlan | None) -> Resolution:
    """Return the caller's own answer, with the definition's payload for that value (R14)."""
    plan = plan or FlagPlan(key)
    payload = typed_payload(value)
    if payload is None and isinstance(value, bool | str):
        payload = _payload(plan, value)
    description = "Overridden by the caller"
    return Resolution(
        key,
        value,
        Reason.OVERRIDDEN,
        description=description,
        raw_payload=payload,
        **_metadata(plan),
    )


def unknown_flag(key: str) -> Resolution:
    """Return the answer for a key without a flag."""
    return Resolution(key, None, Reason.UNKNOWN_FLAG, description="No such flag in the definitions")


def filtered_out(plan: FlagPlan) -> Resolution:
    """Return the answer for a flag of another runtime or of other contexts (R17)."""
    description = "Not evaluated for this runtime or these evaluation contexts"
    return Resolution(
        plan.key, None, Reason.FILTERED_OUT, description=description, **_metadata(plan)
    )


def is_filtered_out(
    flag: Restricted | FlagPlan, runtime: str | None, contexts: frozenset[str] | None
) -> bool:
    """Tell whether the server leaves the flag out for this runtime and these contexts (R17)."""
    if runtime is not None and flag.evaluation_runtime not in ("all", runtime):
        return True
    tags = flag.evaluation_contexts
    return contexts is not None and bool(tags) and not tags & contexts


def typed_payload(value: Value) -> str | None:
    """Return the payload of a number or an object, which is its JSON; None for other values (R20)."""
    return None if value is None or isinstance(value, bool | str) else text(value)


def _payload(plan: FlagPlan, value: bool | str) -> str | None:
    if value is False:
        return None
    return plan.payloads.get("true" if value is True else value)


def _metadata(plan: FlagPlan) -> dict[str, Any]:
    return {
        "flag_id": plan.flag_id,
        "flag_version": plan.flag_version,
        "has_experiment": plan.has_experiment,
        "config_version": plan.config_version,
    }
