"""Documents of format 2 flags, in few words; for tests."""

from typing import Any
from uuid import UUID

__all__ = ["document", "experiment", "having", "rollout", "rule_id", "targeted"]

Rule = dict[str, Any]


def rule_id(place: int) -> str:
    """Return the id of the rule at a place."""
    return str(UUID(int=place))


def having(key: str, value: Any = "pro", operator: str = "exact", **more: Any) -> Rule:
    """Return a predicate."""
    return {"key": key, "type": "person", "operator": operator, "value": value, **more}


def _rule(kind: str, predicates: tuple[Rule, ...]) -> Rule:
    return {"rule_type": kind, "targeting": {"properties": list(predicates)}}


def targeted(*predicates: Rule, value: Any = True) -> Rule:
    """Return a targeted release."""
    return {**_rule("targeted_release", predicates), "value": value}


def _drawn(share: float, *, stops: bool, seed: str) -> Rule:
    return {
        "rollout_percentage": share,
        "on_rollout_miss": "return_default" if stops else "continue",
        "assignment_algorithm": "sha1_60_v1",
        "seed": seed,
    }


def rollout(
    *predicates: Rule, share: float = 50, value: Any = True, stops: bool = False, seed: str = "s"
) -> Rule:
    """Return a percentage rollout."""
    found = _rule("percentage_rollout", predicates) | _drawn(share, stops=stops, seed=seed)
    return {**found, "value": value}


def experiment(
    *predicates: Rule,
    share: float = 100,
    values: tuple[Any, Any] = (False, True),
    paused: bool = False,
    stops: bool = False,
    held_out: float | None = None,
) -> Rule:
    """Return an experiment with two variants of equal weight."""
    found = _rule("experiment", predicates) | _drawn(share, stops=stops, seed="s")
    variants = [
        {"key": key, "weight": 50, "value": value}
        for key, value in zip(("control", "test"), values, strict=True)
    ]
    found |= {"experiment_id": None, "paused": paused, "variants": variants}
    if held_out is not None:
        found["holdout"] = {"id": None, "seed": "h", "exclusion_percentage": held_out}
    return found


def document(
    *rules: Rule, default: Any = False, kind: str = "boolean", key: str = "f", **row: Any
) -> dict[str, Any]:
    """Return a document of one flag."""
    numbered = [{"id": rule_id(place), **rule} for place, rule in enumerate(rules)]
    filters = {"version": 2, "return_type": kind, "default_value": default, "rules": numbered}
    return {"flags": [{"key": key, "active": True, "filters": filters, **row}]}
