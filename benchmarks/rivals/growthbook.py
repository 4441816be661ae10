"""GrowthBook: pure Python, evaluated through its public core without its client."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from benchmarks.rivals.base import Bucketing, Question, imported, plain_context, translatable
from benchmarks.specs import (
    EVERYONE,
    AllOf,
    Answer,
    AnyOf,
    Condition,
    Criterion,
    Filter,
    Flag,
    Operator,
    Person,
)

if TYPE_CHECKING:
    from benchmarks.workload import Workload

__all__ = ["GrowthBook"]

_OPERATORS = {Operator.IN: "$in", Operator.CONTAINS: "$regex", Operator.OVER: "$gt"}


class GrowthBook:
    """`eval_feature(key, context)`, with a context made per call, as its client does."""

    bucketing: Bucketing = "own"

    def __init__(self) -> None:
        self._core = imported("growthbook.core")
        self._types = imported("growthbook.common_types")
        self._everyone: Any = None

    def document(self, workload: Workload) -> str:
        """Return GrowthBook's SDK payload, which has features with rules."""
        translatable(workload)
        features = {flag.key: _feature(flag, payload=workload.payload) for flag in workload.flags}
        return json.dumps({"features": features})

    def load(self, document: str) -> GrowthBook:
        """Return the context that all persons share."""
        features = self._types.features_from_dict(json.loads(document)["features"])
        self._everyone = self._types.GlobalContext(options=self._types.Options(), features=features)
        return self

    def subject(self, person: Person) -> object:
        """Return GrowthBook's user context, made before the timing."""
        return self._types.UserContext(attributes={"id": person.id, **person.properties})

    def question(self, workload: Workload) -> Question:
        """Return an evaluation per flag."""
        plain_context(workload)
        names = {
            "evaluate": self._core.eval_feature,
            "Context": self._types.EvaluationContext,
            "Stack": self._types.StackContext,
            "everyone": self._everyone,
        }
        call = "evaluate(key, Context(subject, everyone, Stack())).value"
        if len(workload.asked) > 1:
            names["keys"] = workload.asked
            return Question(
                f"[{call} for key in keys]", names, lambda all_: tuple(map(_read, all_))
            )
        names["key"] = workload.asked[0]
        return Question(call, names, lambda found: (_read(found),))


def _read(found: Any) -> Answer:
    return str(found["layout"]) if isinstance(found, Mapping) else found


def _feature(flag: Flag, *, payload: bool) -> dict[str, object]:
    rules = [_rule(flag, condition, payload=payload) for condition in flag.conditions]
    return {"defaultValue": False, "rules": rules}


def _rule(flag: Flag, condition: Condition, *, payload: bool) -> dict[str, object]:
    rule: dict[str, object] = {"condition": _criterion(condition.criterion), "hashAttribute": "id"}
    if not flag.variants:
        rule["force"] = True
        # Full coverage is left out, as GrowthBook's editor does, so that no hash is computed.
        return (
            rule if condition.rollout == EVERYONE else rule | {"coverage": condition.rollout / 100}
        )
    return rule | {
        "key": flag.key,
        "variations": [json.loads(v.payload) if payload else v.key for v in flag.variants],
        "weights": [variant.weight / 100 for variant in flag.variants],
        "meta": [{"key": variant.key} for variant in flag.variants],
        "coverage": condition.rollout / 100,
    }


def _criterion(criterion: Criterion) -> dict[str, object]:
    match criterion:
        case AllOf(parts) if _flat(parts):
            return {key: test for part in parts for key, test in _criterion(part).items()}
        case AllOf(parts):
            return {"$and": [_criterion(part) for part in parts]}
        case AnyOf(parts):
            return {"$or": [_criterion(part) for part in parts]}
        case Filter(key, operator, operand):
            value = list(operand) if isinstance(operand, tuple) else operand
            return {key: {_OPERATORS[operator]: value}}


def _flat(parts: tuple[Criterion, ...]) -> bool:
    """Return the tests without `$and` if their properties differ, which is shorter and faster."""
    keys = [part.property for part in parts if isinstance(part, Filter)]
    return len(keys) == len(parts) == len(set(keys))
