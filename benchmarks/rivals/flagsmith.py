"""Flagsmith's engine: each condition is a segment that overrides the feature.

The engine evaluates all features of its context in a call; it has no call for a single feature.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from benchmarks.rivals.base import Bucketing, Question, imported, plain_context, translatable
from benchmarks.specs import (
    EVERYONE,
    AllOf,
    Answer,
    AnyOf,
    Criterion,
    Filter,
    Flag,
    Operator,
    Person,
)

if TYPE_CHECKING:
    from benchmarks.workload import Workload

__all__ = ["Flagsmith"]

_OPERATORS = {
    Operator.IN: "IN",
    Operator.CONTAINS: "CONTAINS",
    Operator.OVER: "GREATER_THAN",
}


class Flagsmith:
    """`get_evaluation_result(context)`, with an identity made before the timing."""

    bucketing: Bucketing = "own"

    def __init__(self) -> None:
        self._evaluate = imported("flag_engine.engine").get_evaluation_result
        self._environment: dict[str, Any] = {}

    def document(self, workload: Workload) -> str:
        """Return Flagsmith's evaluation context without the identity."""
        translatable(workload)
        features = {
            flag.key: {"key": flag.key, "name": flag.key, "enabled": False, "value": None}
            for flag in workload.flags
        }
        segments: dict[str, object] = {}
        for flag in workload.flags:
            _add_segments(flag, segments)
        environment = {"key": "benchmark", "name": "benchmark"}
        return json.dumps({"environment": environment, "features": features, "segments": segments})

    def load(self, document: str) -> Flagsmith:
        """Return the parsed JSON, which the engine evaluates."""
        self._environment = json.loads(document)
        return self

    def subject(self, person: Person) -> object:
        """Return the identity context with its key, so that the engine need not add the key."""
        return {"identifier": person.id, "key": person.id, "traits": dict(person.properties)}

    def question(self, workload: Workload) -> Question:
        """Return the call, which evaluates all features."""
        plain_context(workload)
        names = {"evaluate": self._evaluate, "environment": self._environment}
        call = "evaluate({**environment, 'identity': subject})['flags']"

        def read(found: dict[str, Any]) -> tuple[Answer, ...]:
            return tuple(_read(found[key]) for key in workload.asked)

        return Question(call, names, read)


def _read(result: dict[str, Any]) -> Answer:
    if not result["enabled"]:
        return False
    return str(result["variant"]) if result["variant"] else True


def _add_segments(flag: Flag, segments: dict[str, object]) -> None:
    variants = [
        {"key": v.key, "value": v.payload, "weight": float(v.weight), "priority": number}
        for number, v in enumerate(flag.variants)
    ]
    for number, condition in enumerate(flag.conditions):
        name, rule = f"{flag.key}-{number}", _rule(condition.criterion)
        # A segment without rules contains nobody, so everyone is a share of 100 %.
        if condition.rollout < EVERYONE or not (rule["conditions"] or rule["rules"]):
            rule["conditions"].append(_share(condition.rollout))
        override = {
            "key": flag.key,
            "name": flag.key,
            "enabled": True,
            "value": None,
            "variants": variants,
            "priority": float(number),
        }
        segments[name] = {"key": name, "name": name, "rules": [rule], "overrides": [override]}


def _share(percent: int) -> dict[str, object]:
    return {"property": "", "operator": "PERCENTAGE_SPLIT", "value": str(percent)}


def _rule(criterion: Criterion) -> dict[str, Any]:
    match criterion:
        case Filter():
            return {"type": "ALL", "conditions": [_condition(criterion)], "rules": []}
        case AllOf(parts):
            kind = "ALL"
        case AnyOf(parts):
            kind = "ANY"
    tests = [_condition(part) for part in parts if isinstance(part, Filter)]
    groups = [_rule(part) for part in parts if not isinstance(part, Filter)]
    return {"type": kind, "conditions": tests, "rules": groups}


def _condition(test: Filter) -> dict[str, object]:
    operand = list(test.operand) if isinstance(test.operand, tuple) else str(test.operand)
    return {
        "property": test.property,
        "operator": _OPERATORS[test.operator],
        "value": operand,
    }
