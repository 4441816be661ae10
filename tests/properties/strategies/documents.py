"""Strategies for whole documents: flags, cohorts, dependencies and the switches at the top."""

from typing import Any

from hypothesis import strategies as st

from tests.properties.strategies.cohorts import cohort_definitions
from tests.properties.strategies.filters import group_filters, person_filters
from tests.properties.strategies.vocabulary import (
    KEYS,
    ODD_KEYS,
    PAYLOADS,
    PERCENTAGES,
    VARIANTS,
    WEIGHTS,
)

__all__ = ["Doc", "documents", "plain_documents"]

Doc = dict[str, Any]

_KEY_LISTS = [KEYS[:1], KEYS[:2], KEYS[:3], KEYS, KEYS[:2], ["a", *ODD_KEYS[:2]], ODD_KEYS]
_MAPPINGS = [{"0": "company", "1": "team"}] * 5 + [{"0": "company"}, {}, None, {"0": 5, "x": "y"}]
_TOP = [
    {},
    {},
    {"property_matching_version": 2},
    {"property_matching_version": 2.0},
    {"property_matching_version": "2", "minimal_flag_called_events": True},
    {"flagengine": {"hash": "murmur3"}},
    {"flagengine": {"hash": "sha1"}, "new": [1]},
    {"flagengine": {"hash": "md5"}},
]
_PAST = [
    {},
    {},
    {},
    {},
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
_ENROLLED = [{}] * 8 + [{"feature_enrollment": True}, {"feature_enrollment": None}]
_HELD_OUT = [{}] * 6 + [
    {"holdout": {"id": 7, "exclusion_percentage": 50}},
    {"holdout": {"id": 7, "exclusion_percentage": 100}},
    {"holdout": {"id": 8, "exclusion_percentage": 0.5}},
    {"holdout": {"id": 7, "exclusion_percentage": -5}},
    {"holdout": None, "holdout_groups": [{"properties": []}]},
]
_EARLY = [{}, {}, {"early_exit": True}, {"early_exit": False}, {"early_exit": None}]
_FLAG_LEVEL = [{}] * 4 + [
    {"aggregation_group_type_index": 0},
    {"aggregation_group_type_index": 0},
    {"aggregation_group_type_index": 1},
    {"aggregation_group_type_index": 7},
    {"aggregation_group_type_index": None},
]
_CONDITION_LEVEL = [{}] * 7 + _FLAG_LEVEL[4:]
_FORMATS = [{}] * 20 + [{"version": 1.0}, {"version": 2}, {"version": None}, {"version": True}]
_COUNTS = [0, 1, 1, 1, 2, 2, 3]
_FILTER_KINDS = ["person"] * 6 + ["group", "group", "cohort", "cohort", "flag", "flag"]
_CHAINS = ["right"] * 6 + ["empty", "absent", "stranger", "itself", "any flag"]


@st.composite
def documents(draw: st.DrawFn) -> Doc:
    """Draw a document of one to four flags, well formed but for what real data has too."""
    keys = draw(st.sampled_from(_KEY_LISTS))
    document: Doc = {"flags": [], **draw(st.sampled_from(_TOP))}
    mapping = draw(st.sampled_from(_MAPPINGS))
    if mapping is not None:
        document["group_type_mapping"] = mapping
    document["cohorts"] = draw(cohort_definitions(keys))
    chains: dict[str, list[str]] = {}
    for position, key in enumerate(keys):
        flag = draw(_flags(key, keys, chains))
        document["flags"].append({"id": position + 1, **flag})
    return document


@st.composite
def _flags(
    draw: st.DrawFn, key: str, keys: list[str], chains: dict[str, list[str]]
) -> dict[str, Any]:
    """Draw a flag; it may depend on those drawn before, which stand in ``chains``."""
    needed: list[str] = []
    conditions = [
        draw(_conditions(keys, chains, needed)) for _ in range(draw(st.sampled_from(_COUNTS)))
    ]
    chains[key] = [*dict.fromkeys(needed), key]
    filters: dict[str, Any] = {"groups": conditions}
    for pool in (_ENROLLED, _HELD_OUT, _EARLY, _FLAG_LEVEL, _FORMATS):
        filters |= draw(st.sampled_from(pool))
    filters |= draw(_variants())
    active = draw(st.sampled_from([True] * 9 + [False]))
    return {"key": key, "active": active, "filters": filters, **draw(st.sampled_from(_PAST))}


@st.composite
def _variants(draw: st.DrawFn) -> dict[str, Any]:
    if draw(st.booleans()):
        return draw(st.sampled_from([{}, {"multivariate": None}, {"payloads": {"true": "1"}}]))
    weights = draw(st.sampled_from(WEIGHTS))
    names = zip(VARIANTS, weights, strict=False)
    variants = [{"key": name, "rollout_percentage": weight} for name, weight in names]
    payload = draw(st.sampled_from(PAYLOADS))
    payloads = {name: payload for name in ["true", "false", *VARIANTS]}
    return {"multivariate": {"variants": variants}, "payloads": payloads}


@st.composite
def _conditions(
    draw: st.DrawFn, keys: list[str], chains: dict[str, list[str]], needed: list[str]
) -> dict[str, Any]:
    properties = []
    for _ in range(draw(st.sampled_from(_COUNTS))):
        kind = draw(st.sampled_from(_FILTER_KINDS))
        if kind == "person":
            properties.append(draw(person_filters()))
        elif kind == "group":
            properties.append(draw(group_filters()))
        elif kind == "cohort":
            properties.append(_cohort_filter(draw))
        else:
            properties.append(_flag_filter(draw, keys, chains, needed))
    condition: dict[str, Any] = {"properties": properties or draw(st.sampled_from([[], None]))}
    rollout = draw(st.sampled_from([*PERCENTAGES, 100, 100, "absent"]))
    if rollout != "absent":
        condition["rollout_percentage"] = rollout
    pinned = draw(st.sampled_from(["absent"] * 5 + [None, "control", "test", "gone"]))
    if pinned != "absent":
        condition["variant"] = pinned
    return condition | draw(st.sampled_from(_CONDITION_LEVEL))


def _cohort_filter(draw: st.DrawFn) -> dict[str, Any]:
    operator = draw(st.sampled_from([{}, {"operator": "in"}, {"operator": "not_in"}] * 3 + [
        {"operator": "exact"},
        {"operator": None, "negation": True},
    ]))
    value = draw(st.sampled_from([1, 2, 3, "1", "2", 2, 99, None]))
    return {"key": "id", "type": "cohort", "value": value, **operator}


def _flag_filter(
    draw: st.DrawFn, keys: list[str], chains: dict[str, list[str]], needed: list[str]
) -> dict[str, Any]:
    target = draw(st.sampled_from([*chains, "stranger"] if chains else ["stranger"]))
    how = draw(st.sampled_from(_CHAINS))
    if how == "any flag":
        target = draw(st.sampled_from(keys))
    one = {
        "key": target,
        "type": "flag",
        "operator": draw(st.sampled_from(["flag_evaluates_to"] * 8 + ["exact", None])),
        "value": draw(st.sampled_from([True, True, False, "control", "test", "holdout-7", 1, None])),
    }
    chain = chains.get(target, [target])
    if how == "right":
        needed.extend(chain)
    wrong = {"empty": [], "stranger": ["stranger", target], "itself": [target, target]}
    return one if how == "absent" else one | {"dependency_chain": wrong.get(how, chain)}


@st.composite
def plain_documents(draw: st.DrawFn) -> Doc:
    """Draw a document of one flag with conditions only: no parts that refer to others."""
    flag = draw(_flags("a", ["a"], {}))
    return {"flags": [flag], "group_type_mapping": {"0": "company", "1": "team"}}
