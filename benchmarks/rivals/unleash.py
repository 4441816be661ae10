"""Unleash: the yggdrasil engine of its client, in Rust behind ctypes and JSON.

The engine is called directly and without its metrics, because the client could only be slower.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from benchmarks.rivals.base import Bucketing, Question, imported, plain_context, translatable
from benchmarks.specs import Answer, Condition, Filter, Flag, Operator, Person, alternatives

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.workload import Workload

__all__ = ["Unleash", "features_of"]

_OPERATORS = {Operator.IN: "IN", Operator.CONTAINS: "STR_CONTAINS", Operator.OVER: "NUM_GT"}


class Unleash:
    """`check_enabled` and `check_variant`."""

    bucketing: Bucketing = "own"

    def __init__(self) -> None:
        # The client's package is required, so that its absence is reported.
        imported("UnleashClient")
        self._module = imported("yggdrasil_engine.engine")
        self._engine: Any = None

    def document(self, workload: Workload) -> str:
        """Return the client features in the format of Unleash's server."""
        translatable(workload)
        features = features_of(workload.flags)
        return json.dumps({"version": 2, "features": features, "segments": []})

    def load(self, document: str) -> Unleash:
        """Pass the JSON text to the engine."""
        self._engine = self._module.UnleashEngine()
        self._engine.take_state(document)
        return self

    def subject(self, person: Person) -> object:
        """Return Unleash's context as a dict, with properties as texts."""
        properties = {key: str(value) for key, value in person.properties.items()}
        return {"userId": person.id, "properties": properties}

    def question(self, workload: Workload) -> Question:
        """Return a call per flag, by the kind of the flag."""
        plain_context(workload)
        calls = [self._call(flag) for flag in workload.flags if flag.key in workload.asked]
        if len(calls) > 1:
            every = "[check(key, subject) for check, key in calls]"
            return Question(every, {"calls": calls}, lambda found: tuple(map(_read, found)))
        check, key = calls[0]
        names = {"check": check, "key": key}
        return Question("check(key, subject)", names, lambda found: (_read(found),))

    def _call(self, flag: Flag) -> tuple[Any, str]:
        engine = self._engine
        return (engine.check_variant if flag.variants else engine.check_enabled), flag.key


def _read(found: Any) -> Answer:
    variant = getattr(found, "variant", None)
    if variant is None:
        return bool(found.is_enabled)
    return str(variant.name) if variant.enabled else False


def features_of(flags: Iterable[Flag]) -> list[dict[str, object]]:
    """Return the flags as features in the format of Unleash's server."""
    return [_feature(flag) for flag in flags]


def _feature(flag: Flag) -> dict[str, object]:
    strategies = [
        _strategy(flag, condition, row)
        for condition in flag.conditions
        for row in alternatives(condition.criterion)
    ]
    return {"name": flag.key, "enabled": True, "type": "release", "strategies": strategies}


def _strategy(flag: Flag, condition: Condition, row: tuple[Filter, ...]) -> dict[str, object]:
    sticky = {"rollout": str(condition.rollout), "stickiness": "userId", "groupId": flag.key}
    return {
        "name": "flexibleRollout",
        "parameters": sticky,
        "constraints": [_constraint(test) for test in row],
        "variants": [
            {
                "name": variant.key,
                "weight": variant.weight * 10,
                "stickiness": "userId",
                "payload": {"type": "json", "value": variant.payload},
            }
            for variant in flag.variants
        ],
    }


def _constraint(test: Filter) -> dict[str, object]:
    constraint: dict[str, object] = {
        "contextName": test.property,
        "operator": _OPERATORS[test.operator],
    }
    if isinstance(test.operand, int):
        return constraint | {"value": str(test.operand)}
    operand = [test.operand] if isinstance(test.operand, str) else list(test.operand)
    return constraint | {"values": operand}
