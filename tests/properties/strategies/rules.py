"""Strategies for flags of configuration format 2: well-formed rules of every kind."""

from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from tests.properties.strategies.choice import pick
from tests.properties.strategies.vocabulary import PERSON

__all__ = ["rule_filters"]

_VALUES: dict[str, list[Any]] = {
    "boolean": [True, False, True],
    "string": ["blue", "green", "false", "ключ"],
    "number": [1, 0, 2.5, -7],
    "object": [{"a": 1}, {}, {"b": [True, None, {"c": "é"}]}],
}
_OPERANDS: dict[str, dict[str, list[Any]]] = {
    "text": {
        "exact": ["pro", ["pro", "free"], True, "", None],
        "is_not": ["pro", ["free"], "False", None],
        "icontains": ["PR", ""],
        "not_icontains": ["ro"],
        "icontains_multi": [["pr", "x"]],
        "starts_with": ["p"],
        "not_ends_with": ["o"],
        "regex": ["^p", "(", r"\d", "(?=p)pro"],
        "not_regex": ["e$", "["],
        "is_set": [None],
        "is_not_set": [None, "x"],
    },
    "number": {"gt": [5, "1", "x"], "gte": [5.0], "lt": ["1e1"], "lte": [5]},
    "version": {
        "semver_gte": ["1.2"],
        "semver_neq": ["v1.2.3"],
        "semver_wildcard": ["1.2.*", "1.*"],
        "semver_caret": ["1.2.3"],
    },
    "date": {
        "is_date_before": ["2024-06-01", "7d"],
        "is_date_after": ["-1m", "2024-02-29T12:00:00Z"],
        "is_date_exact": ["2024-02-29"],
    },
    "boolean": {"exact": [True, ["true"], "FALSE"], "is_not": [True]},
    "list": {"exact": [["pro"], []], "is_not": [["free"]]},
}
_PREDICATES = [
    {"key": key, "type": "person", "operator": operator, "value": value}
    for key, kind in PERSON.items()
    for operator, values in _OPERANDS[kind].items()
    for value in values
]
_NEGATIONS: list[dict[str, Any]] = [{}] * 4 + [{"negation": True}, {"negation": False}]
_PERCENTAGES = [0, 50, 33.33, 10, 100, 100, 90.5]
_WEIGHTS = [[50, 50], [33.33, 33.33, 33.34], [0, 100], [100, 0], [10, 20, 70]]
_SEEDS = ["s", "s", "t", "a", "é"]


def rule_filters(draw: st.DrawFn) -> dict[str, Any]:
    """Draw the ``filters`` of a format 2 flag."""
    kind = pick(draw, list(_VALUES))
    return {
        "version": pick(draw, [2, 2.0]),
        "return_type": kind,
        "default_value": pick(draw, [None, *_VALUES[kind]]),
        "rules": [_rule(draw, kind, place) for place in range(pick(draw, [1, 2, 2, 3, 4, 0]))],
    }


def _rule(draw: st.DrawFn, kind: str, place: int) -> dict[str, Any]:
    predicates = [
        pick(draw, _PREDICATES) | pick(draw, _NEGATIONS) for _ in range(pick(draw, [0, 1, 1, 2]))
    ]
    rule = {"id": str(UUID(int=place + 1)), "targeting": {"properties": predicates}}
    rule_type = pick(draw, ["targeted_release", "percentage_rollout", "experiment"])
    rule["rule_type"] = rule_type
    if rule_type != "experiment":
        rule["value"] = pick(draw, _VALUES[kind])
    if rule_type == "targeted_release":
        return rule
    rule |= {
        "rollout_percentage": pick(draw, _PERCENTAGES),
        "on_rollout_miss": pick(draw, ["continue", "return_default"]),
        "assignment_algorithm": "sha1_60_v1",
        "seed": pick(draw, _SEEDS),
    }
    return rule if rule_type == "percentage_rollout" else rule | _experiment(draw, kind)


def _experiment(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    weights = pick(draw, _WEIGHTS)
    experiment: dict[str, Any] = {
        "experiment_id": None,
        "paused": pick(draw, [False, False, False, True]),
        "variants": [
            {"key": key, "weight": weight, "value": pick(draw, _VALUES[kind])}
            for key, weight in zip(("control", "test", "x"), weights, strict=False)
        ],
    }
    share = pick(draw, [None, None, 50, 100, 0])
    if share is not None:
        seed = pick(draw, ["h", "s."])
        experiment["holdout"] = {"id": None, "seed": seed, "exclusion_percentage": share}
    return experiment
