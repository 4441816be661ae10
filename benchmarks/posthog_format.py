"""Flags in the format of PostHog's definitions endpoint, which flagengine and posthog read.

They have the endpoint's metadata fields, which no engine reads but each must load.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.specs import AllOf, AnyOf, Condition, Criterion, Filter, Flag, Operator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["definitions", "definitions_of", "flag_of", "person_filter"]

_OPERATORS = {Operator.IN: "exact", Operator.CONTAINS: "icontains", Operator.OVER: "gt"}


def definitions(flags: Sequence[Flag]) -> dict[str, object]:
    """Return the definitions document with these flags and the cohorts that they use."""
    cohorts: dict[str, object] = {}
    return definitions_of(
        [_flag(number, flag, cohorts) for number, flag in enumerate(flags, 1)], cohorts
    )


def definitions_of(
    flags: Sequence[Mapping[str, object]], cohorts: Mapping[str, object] | None = None
) -> dict[str, object]:
    """Return the document with flags that are already in PostHog's format."""
    return {
        "flags": list(flags),
        "group_type_mapping": {"0": "company"},
        "cohorts": dict(cohorts or {}),
    }


def flag_of(number: int, key: str, filters: Mapping[str, object]) -> dict[str, object]:
    """Return a flag with these filters."""
    return {
        "id": number,
        "team_id": 1,
        "name": f"Flag number {number}",
        "key": key,
        "filters": dict(filters),
        "deleted": False,
        "active": True,
        "ensure_experience_continuity": False,
        "has_encrypted_payloads": False,
        "has_experiment": False,
        "version": 3,
    }


def person_filter(test: Filter) -> dict[str, object]:
    """Return a property filter."""
    operand = list(test.operand) if isinstance(test.operand, tuple) else test.operand
    return {
        "key": test.property,
        "type": "person",
        "value": operand,
        "operator": _OPERATORS[test.operator],
    }


def _flag(number: int, flag: Flag, cohorts: dict[str, object]) -> dict[str, object]:
    variants = [{"key": v.key, "name": "", "rollout_percentage": v.weight} for v in flag.variants]
    filters = {
        "groups": [_condition(condition, cohorts) for condition in flag.conditions],
        "payloads": {variant.key: variant.payload for variant in flag.variants},
        "multivariate": {"variants": variants} if variants else None,
    }
    return flag_of(number, flag.key, filters)


def _condition(condition: Condition, cohorts: dict[str, object]) -> dict[str, object]:
    properties = [person_filter(test) for test in condition.filters]
    if condition.cohort is not None:
        number = len(cohorts) + 1
        cohorts[str(number)] = _cohort(condition.cohort)
        properties.append({"key": "id", "type": "cohort", "value": number, "operator": "in"})
    return {"variant": None, "properties": properties, "rollout_percentage": condition.rollout}


def _cohort(criterion: Criterion) -> dict[str, object]:
    match criterion:
        case AllOf(parts):
            return {"type": "AND", "values": [_cohort(part) for part in parts]}
        case AnyOf(parts):
            return {"type": "OR", "values": [_cohort(part) for part in parts]}
        case Filter():
            return person_filter(criterion)
