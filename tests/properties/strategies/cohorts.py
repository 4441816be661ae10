"""Strategies for cohorts: nested, negated, missing, circular, behavioral, empty."""

from typing import Any

from hypothesis import strategies as st

from tests.properties.strategies.choice import pick
from tests.properties.strategies.filters import person_filter

__all__ = ["cohort_definitions"]

_IDS = ["1", "2", "3"]
_LEAVES = ["person"] * 40 + [
    "cohort",
    "cohort",
    "cohort",
    "group",
    "group",
    "behavioral",
    "flag",
    "empty",
]
_NEGATIONS = [{}] * 4 + [{"negation": True}, {"negation": False}]


def cohort_definitions(draw: st.DrawFn, keys: list[str]) -> dict[str, Any]:
    """Draw the ``cohorts`` of a document, most of which refer only to earlier cohorts."""
    cohorts: dict[str, Any] = {}
    for cohort_id in _IDS[: pick(draw, [2, 2, 3, 1, 0])]:
        if pick(draw, [False] * 30 + [True]):
            cohorts[cohort_id] = pick(draw, [{}, {"type": "AND", "values": []}, None])
        else:
            cohorts[cohort_id] = _group(draw, cohort_id, keys, 0)
    return cohorts


def _group(draw: st.DrawFn, cohort_id: str, keys: list[str], depth: int) -> dict[str, Any]:
    members = [_member(draw, cohort_id, keys, depth) for _ in range(pick(draw, [1, 1, 2, 2, 3]))]
    kinds = ["AND", "OR"] if depth == 0 else ["AND", "OR", "AND", "OR", "property"]
    return {"type": pick(draw, kinds), "values": members}


def _member(draw: st.DrawFn, cohort_id: str, keys: list[str], depth: int) -> dict[str, Any]:
    kind = pick(draw, _LEAVES)
    if kind == "person":
        return person_filter(draw) | pick(draw, _NEGATIONS)
    if kind == "cohort":
        before = [earlier for earlier in _IDS if earlier < cohort_id]
        target = pick(draw, [*before * 12, "99", cohort_id, "3", None])
        operator = pick(draw, [{}, {"operator": "in"}, {"operator": "not_in"}])
        negation = pick(draw, _NEGATIONS)
        return {"key": "id", "type": "cohort", "value": target, **operator, **negation}
    if kind == "behavioral":
        return {"key": "plan", "type": "behavioral", "value": "performed_event"}
    if kind == "flag":
        target = pick(draw, keys)
        chain = {"dependency_chain": [target]}
        return {
            "key": target,
            "type": "flag",
            "operator": "flag_evaluates_to",
            "value": True,
        } | chain
    if kind == "empty" or depth == 2:
        return pick(draw, [{}, {"type": "OR", "values": []}])
    return _group(draw, cohort_id, keys, depth + 1)
