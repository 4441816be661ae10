"""Strategies for whole documents: flags, cohorts, dependencies and the switches at the top."""

from typing import Any

from hypothesis import strategies as st

from tests.properties.strategies.choice import pick
from tests.properties.strategies.cohorts import cohort_definitions
from tests.properties.strategies.filters import group_filter, person_filter
from tests.properties.strategies.rules import rule_filters
from tests.properties.strategies.vocabulary import (
    KEYS,
    ODD_KEYS,
    PAYLOADS,
    PERCENTAGES,
    VARIANTS,
    WEIGHTS,
)

__all__ = ["Doc", "documents", "small_documents"]

Doc = dict[str, Any]

_KEY_LISTS = [
    KEYS[:1],
    KEYS[:2],
    KEYS[:3],
    KEYS[:2],
    KEYS[:3],
    KEYS,
    ["a", *ODD_KEYS[:2]],
    ODD_KEYS,
]
_MAPPINGS = [{"0": "company", "1": "team"}] * 20 + [
    {"0": "company"},
    {},
    None,
    {"0": 5, "x": "y"},
    {"0": "company", "1": "team"},
]
_TOP = [{}] * 12 + [
    {"property_matching_version": 2},
    {"property_matching_version": 2.0},
    {"property_matching_version": "2", "minimal_flag_called_events": True},
    {"flagengine": {"hash": "murmur3"}},
    {"flagengine": {"hash": "sha1"}, "new": [1]},
    {"flagengine": {"hash": "md5"}},
    {},
]
_PAST = [{}] * 16 + [
    {"ensure_experience_continuity": True},
    {"ensure_experience_continuity": None},
    {"bucketing_identifier": "device_id"},
    {"bucketing_identifier": "device_id", "ensure_experience_continuity": True},
    {"bucketing_identifier": "cookie"},
    {"flagengine": {"hash": "murmur3"}},
    {"flagengine": {"hash": "md5"}},
    {"deleted": True},
    {"evaluation_runtime": "client"},
    {"evaluation_runtime": "server", "evaluation_contexts": ["web"]},
    {"evaluation_tags": ["web", "mobile"]},
    {"has_experiment": True, "version": 3, "team_id": "x"},
]
_OF_RULES = [{}] * 8 + [{"active": False}, {"evaluation_runtime": "client"}, {"deleted": True}]
_ENROLLED = [{}] * 14 + [{"feature_enrollment": True}, {"feature_enrollment": None}]
_HELD_OUT = [{}] * 12 + [
    {"holdout": {"id": 7, "exclusion_percentage": 50}},
    {"holdout": {"id": 7, "exclusion_percentage": 100}},
    {"holdout": {"id": 8, "exclusion_percentage": 0.5}},
    {"holdout": {"id": 7, "exclusion_percentage": -5}},
    {"holdout": None, "holdout_groups": [{"properties": []}]},
]
_EARLY = [{}, {}, {"early_exit": True}, {"early_exit": False}, {"early_exit": None}]
_FLAG_LEVEL = [{}] * 20 + [
    {"aggregation_group_type_index": 0},
    {"aggregation_group_type_index": 0},
    {"aggregation_group_type_index": 1},
    {"aggregation_group_type_index": 7},
    {"aggregation_group_type_index": None},
]
_CONDITION_LEVEL = [{}] * 30 + _FLAG_LEVEL[20:]
_FORMATS = [{}] * 60 + [{"version": 3}, {"version": None}, {"version": True}, {"version": 1.0}]
_CONDITION_COUNTS = [1, 1, 2, 2, 2, 3, 0]
_FILTER_COUNTS = [1, 1, 1, 2, 2, 3, 0]
_FILTER_KINDS = ["person"] * 12 + ["group"] * 2 + ["cohort"] * 3 + ["flag"] * 5
_CHAINS = ["right"] * 40 + ["empty", "absent", "stranger", "itself", "any flag"]


@st.composite
def documents(draw: st.DrawFn) -> Doc:
    """Draw a document of one to four flags, as well formed as real data."""
    keys = pick(draw, _KEY_LISTS)
    document: Doc = {"flags": [], **pick(draw, _TOP)}
    mapping = pick(draw, _MAPPINGS)
    if mapping is not None:
        document["group_type_mapping"] = mapping
    document["cohorts"] = cohort_definitions(draw, keys)
    chains: dict[str, list[str]] = {}
    for position, key in enumerate(keys):
        flag = _flag(draw, key, keys, chains)
        document["flags"].append({"id": position + 1, **flag})
    return document


def _flag(
    draw: st.DrawFn, key: str, keys: list[str], chains: dict[str, list[str]]
) -> dict[str, Any]:
    """Draw a flag, which may depend on the flags in ``chains``, drawn before."""
    if pick(draw, [False] * 6 + [True]):
        chains[key] = [key]
        return {"key": key, "active": True, "filters": rule_filters(draw)} | pick(draw, _OF_RULES)
    needed: list[str] = []
    conditions = [
        _condition(draw, keys, chains, needed) for _ in range(pick(draw, _CONDITION_COUNTS))
    ]
    chains[key] = [*dict.fromkeys(needed), key]
    filters: dict[str, Any] = {"groups": conditions}
    for pool in (_ENROLLED, _HELD_OUT, _EARLY, _FLAG_LEVEL, _FORMATS):
        filters |= pick(draw, pool)
    filters |= _variants(draw)
    active = pick(draw, [True] * 9 + [False])
    return {"key": key, "active": active, "filters": filters, **pick(draw, _PAST)}


def _variants(draw: st.DrawFn) -> dict[str, Any]:
    if draw(st.booleans()):
        return pick(draw, [{}, {"multivariate": None}, {"payloads": {"true": "1"}}])
    weights = pick(draw, WEIGHTS)
    names = zip(VARIANTS, weights, strict=False)
    variants = [{"key": name, "rollout_percentage": weight} for name, weight in names]
    payload = pick(draw, PAYLOADS)
    payloads = dict.fromkeys(["true", "false", *VARIANTS], payload)
    return {"multivariate": {"variants": variants}, "payloads": payloads}


def _condition(
    draw: st.DrawFn, keys: list[str], chains: dict[str, list[str]], needed: list[str]
) -> dict[str, Any]:
    properties = []
    for _ in range(pick(draw, _FILTER_COUNTS)):
        kind = pick(draw, _FILTER_KINDS)
        if kind == "person":
            properties.append(person_filter(draw))
        elif kind == "group":
            properties.append(group_filter(draw))
        elif kind == "cohort":
            properties.append(_cohort_filter(draw))
        else:
            properties.append(_flag_filter(draw, keys, chains, needed))
    condition: dict[str, Any] = {"properties": properties or pick(draw, [[], None])}
    rollout = pick(draw, [*PERCENTAGES, 100, 100, "absent"])
    if rollout != "absent":
        condition["rollout_percentage"] = rollout
    pinned = pick(draw, ["absent"] * 5 + [None, "control", "test", "gone"])
    if pinned != "absent":
        condition["variant"] = pinned
    return condition | pick(draw, _CONDITION_LEVEL)


def _cohort_filter(draw: st.DrawFn) -> dict[str, Any]:
    operator = pick(
        draw,
        [{}, {"operator": "in"}, {"operator": "not_in"}] * 3
        + [
            {"operator": "exact"},
            {"operator": None, "negation": True},
        ],
    )
    value = pick(draw, [1, 2, "1", "2", 1, 2, 1, 2, 1, "1", 3, 99, None, "all"])
    return {"key": "id", "type": "cohort", "value": value, **operator}


def _flag_filter(
    draw: st.DrawFn, keys: list[str], chains: dict[str, list[str]], needed: list[str]
) -> dict[str, Any]:
    if not chains:
        return person_filter(draw)
    target = pick(draw, [*list(chains) * 8, "stranger"])
    how = pick(draw, _CHAINS)
    if how == "any flag":
        target = pick(draw, keys)
    filter_ = {
        "key": target,
        "type": "flag",
        "operator": pick(draw, ["flag_evaluates_to"] * 16 + ["exact", None]),
        "value": pick(draw, [True, True, False, "control", "test", "holdout-7", 1, None]),
    }
    chain = chains.get(target, [target])
    if how == "right" and target in chains:
        needed.extend(chain)
    wrong = {"empty": [], "stranger": ["stranger", target], "itself": [target, target]}
    return filter_ if how == "absent" else filter_ | {"dependency_chain": wrong.get(how, chain)}


@st.composite
def small_documents(draw: st.DrawFn) -> Doc:
    """Draw a document of a flag with a condition of a property filter at 100 %."""
    of_group = pick(draw, [False, False, True])
    filter_ = group_filter(draw) if of_group else person_filter(draw)
    filters: Doc = {"groups": [{"properties": [filter_], "rollout_percentage": 100}]}
    if of_group:
        filters["aggregation_group_type_index"] = 0
    flag = {"key": "a", "active": True, "filters": filters}
    top = pick(draw, [{}, {"property_matching_version": 2}])
    return {"flags": [flag], "group_type_mapping": {"0": "company", "1": "team"}, **top}
