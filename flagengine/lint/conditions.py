"""Conditions that never match, and percentages that are none."""

from collections.abc import Iterator

from flagengine.definitions.model import Condition, Flag
from flagengine.definitions.reading import pointer_to
from flagengine.lint.finding import Finding, finding
from flagengine.lint.inspection import Inspection, aggregation_of
from flagengine.values.json_values import text

__all__ = ["check_conditions", "check_percentages"]


def check_conditions(inspection: Inspection) -> Iterator[Finding]:
    """Yield conditions that cannot match anybody."""
    for flag in inspection.flags:
        if flag.active and not flag.conditions and not flag.feature_enrollment:
            pointer = pointer_to(flag.pointer, "filters", "groups")
            message = "an active flag without conditions is always false"
            yield finding("no_conditions", pointer, message)
        for index, condition in enumerate(flag.conditions):
            yield from _condition(flag, index, condition)


def _condition(flag: Flag, index: int, condition: Condition) -> Iterator[Finding]:
    pointer = pointer_to(flag.pointer, "filters", "groups", index)
    for earlier, other in enumerate(flag.conditions[:index]):
        if _covers(flag, other, condition):
            message = f"condition {earlier} decides for everybody whom this one could match"
            yield finding("unreachable_condition", pointer, message)
            return
    # Under early exit a rollout of 0 % is a list of those who get false.
    if condition.rollout_percentage <= 0 and not flag.early_exit:
        pointer = pointer_to(pointer, "rollout_percentage")
        yield finding("zero_rollout", pointer, "a rollout of 0 % matches nobody")


def _covers(flag: Flag, earlier: Condition, later: Condition) -> bool:
    """Tell whether nobody who gets past ``earlier`` can match ``later``.

    Both hash the same subject with the same salt, so that a smaller share lies within a larger.
    """
    is_same_subject = aggregation_of(flag, earlier) == aggregation_of(flag, later)
    if not is_same_subject and (earlier.filters or aggregation_of(flag, earlier) is not None):
        return False
    if any(one not in later.filters for one in earlier.filters):
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
                message = f"{text(share)} is not within 0 to 100"
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
