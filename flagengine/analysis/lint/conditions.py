"""Conditions that can never match, and percentages outside 0 to 100."""

from collections.abc import Iterator, Sequence
from typing import Final

from flagengine.analysis.lint.finding import Finding, finding
from flagengine.analysis.lint.inspection import Inspection, aggregation_of
from flagengine.definitions.model import Condition, Filter, Flag
from flagengine.definitions.reading import pointer_to
from flagengine.values.json_values import text

__all__ = ["check_conditions", "check_percentages"]

_COMPARED: Final = 200
"""The number of conditions with which each later one is compared."""


def check_conditions(inspection: Inspection) -> Iterator[Finding]:
    """Yield conditions that nobody can match."""
    for flag in inspection.flags:
        is_empty = not flag.conditions and not flag.feature_enrollment and flag.rules is None
        if flag.active and is_empty:
            pointer = pointer_to(flag.pointer, "filters", "groups")
            message = "the flag is active but has no conditions, so it is always false"
            yield finding("no_conditions", pointer, message)
        required = [frozenset(map(_written, condition.filters)) for condition in flag.conditions]
        for index, condition in enumerate(flag.conditions):
            yield from _condition(flag, index, condition, required)


def _written(filter_: Filter) -> str:
    """Return text that equal filters share; equal texts are compared fast."""
    return repr((filter_.key, filter_.type, filter_.operator, filter_.group_type_index)) + text(
        [filter_.value, filter_.negation, list(filter_.dependency_chain or ())]
    )


def _condition(
    flag: Flag, index: int, condition: Condition, required: Sequence[frozenset[str]]
) -> Iterator[Finding]:
    """Yield what is wrong with a condition; ``required`` holds the filters of all conditions."""
    pointer = pointer_to(flag.pointer, "filters", "groups", index)
    for earlier in range(min(index, _COMPARED)):
        other = flag.conditions[earlier]
        if required[earlier] <= required[index] and _covers(flag, other, condition):
            message = f"unreachable: condition {earlier + 1} already decides for everyone this condition could match"
            yield finding("unreachable_condition", pointer, message)
            return
    # With early exit, a rollout of 0 % is a way to give matching people false.
    if condition.rollout_percentage <= 0 and not flag.early_exit:
        pointer = pointer_to(pointer, "rollout_percentage")
        yield finding(
            "zero_rollout", pointer, "rollout_percentage is 0, so the condition matches nobody"
        )


def _covers(flag: Flag, earlier: Condition, later: Condition) -> bool:
    """Tell whether ``later`` cannot match anyone whom ``earlier``, with fewer filters, does not decide.

    Conditions with the same subject share a hash, so a smaller rollout lies within a larger one.
    """
    is_same_subject = aggregation_of(flag, earlier) == aggregation_of(flag, later)
    if not is_same_subject and (earlier.filters or aggregation_of(flag, earlier) is not None):
        return False
    share = earlier.rollout_percentage
    return (
        flag.early_exit
        or share >= 100.0
        or (is_same_subject and 0 < later.rollout_percentage <= share)
    )


def check_percentages(inspection: Inspection) -> Iterator[Finding]:
    """Yield rollouts, weights and shares outside 0 to 100."""
    for flag in inspection.flags:
        for pointer, share in _percentages(flag):
            if not 0.0 <= share <= 100.0:
                message = f"percentage must be from 0 to 100, got {text(share)}"
                yield finding("percentage_out_of_range", pointer, message)


def _percentages(flag: Flag) -> Iterator[tuple[str, float]]:
    root = pointer_to(flag.pointer, "filters")
    for index, condition in enumerate(flag.conditions):
        pointer = pointer_to(root, "groups", index, "rollout_percentage")
        yield pointer, condition.rollout_percentage
    for index, variant in enumerate(flag.variants):
        pointer = pointer_to(root, "multivariate", "variants", index, "rollout_percentage")
        yield pointer, variant.rollout_percentage
    if flag.holdout is not None:
        pointer = pointer_to(root, "holdout", "exclusion_percentage")
        yield pointer, flag.holdout.exclusion_percentage
