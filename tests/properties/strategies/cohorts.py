"""Strategies for cohorts: nested, negated, missing, circular, behavioral, empty."""

from typing import Any

from hypothesis import strategies as st

from tests.properties.strategies.filters import person_filters

__all__ = ["cohort_definitions"]

_IDS = ["1", "2", "3"]
_LEAVES = ["person"] * 6 + ["cohort", "cohort", "group", "behavioral", "flag", "empty"]
_NEGATIONS = [{}] * 4 + [{"negation": True}, {"negation": False}]


@st.composite
def cohort_definitions(draw: st.DrawFn, keys: list[str]) -> dict[str, Any]:
    """Draw the ``cohorts`` of a document; most refer only to those before them."""
    cohorts: dict[str, Any] = {}
    for cohort_id in _IDS[: draw(st.sampled_from([0, 1, 1, 2, 3]))]:
        if draw(st.sampled_from([False] * 15 + [True])):
            cohorts[cohort_id] = draw(st.sampled_from([{}, {"type": "AND", "values": []}, None]))
        else:
            cohorts[cohort_id] = _group(draw, cohort_id, keys, 0)
    return cohorts


def _group(draw: st.DrawFn, cohort_id: str, keys: list[str], depth: int) -> dict[str, Any]:
    members = [
        _member(draw, cohort_id, keys, depth) for _ in range(draw(st.sampled_from([1, 1, 2, 2, 3])))
    ]
    return {"type": draw(st.sampled_from(["AND", "OR"])), "values": members}


def _member(draw: st.DrawFn, cohort_id: str, keys: list[str], depth: int) -> dict[str, Any]:
    kind = draw(st.sampled_from(_LEAVES))
    if kind == "person":
        return draw(person_filters()) | draw(st.sampled_from(_NEGATIONS))
    if kind == "cohort":
        before = [one for one in _IDS if one < cohort_id]
        target = draw(st.sampled_from([*before * 4, "99", cohort_id, "3"]))
        operator = draw(st.sampled_from([{}, {"operator": "in"}, {"operator": "not_in"}]))
        negation = draw(st.sampled_from(_NEGATIONS))
        return {"key": "id", "type": "cohort", "value": target, **operator, **negation}
    if kind == "behavioral":
        return {"key": "plan", "type": "behavioral", "value": "performed_event"}
    if kind == "flag":
        target = draw(st.sampled_from(keys))
        chain = {"dependency_chain": [target]}
        return {"key": target, "type": "flag", "operator": "flag_evaluates_to", "value": True} | chain
    if kind == "empty" or depth == 2:
        return draw(st.sampled_from([{}, {"type": "OR", "values": []}]))
    return _group(draw, cohort_id, keys, depth + 1)
