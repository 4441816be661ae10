"""Strategies for plain definitions and calls, on which SDK and server agree.

The call gives all properties that filters read, every operand fits its operator, and persons and
groups are not mixed.
"""

from typing import Any, Final

from hypothesis import strategies as st

from tests.properties.strategies.choice import pick

__all__ = ["plain_cases"]

_WORDS: Final = ["pro", "Pro", "free", "enterprise plan", "", "straße", "ÉTÉ", "été", "a.b"]
_NUMBERS: Final = [0, 1, -3, 2.5, 1e15, "7", "0.5", "1e2", 2**53]
_VERSIONS: Final = ["0.0.1", "0.9.0", "1.2.3", "1.2.4", "1.10.0", "2.0.0", "10.0.0"]
_DATES: Final = [
    "2024-01-31",
    "2024-02-29T12:00:00Z",
    "2024-02-29T13:00:00+01:00",
    "2023-12-31T23:59:59.5Z",
    "2030-01-01",
]
_KINDS: Final = {"plan": _WORDS, "age": _NUMBERS, "version": _VERSIONS, "joined": _DATES}
_EQUAL: Final = ["exact", "is_not"]
_OPERATORS: Final = {
    "plan": [
        *_EQUAL,
        *(f"{negated}{name}" for negated in ("", "not_") for name in ("icontains", "regex")),
        *(f"{negated}{name}" for negated in ("", "not_") for name in ("starts_with", "ends_with")),
        "is_set",
        "is_not_set",
    ],
    "age": [*_EQUAL, "gt", "gte", "lt", "lte"],
    "version": [
        *(f"semver_{name}" for name in ("eq", "neq", "gt", "gte", "lt", "lte", "tilde", "caret")),
        "semver_wildcard",
    ],
    "joined": ["is_date_before", "is_date_after"],
}
_PATTERNS: Final = ["pro", "^pro$", "^[a-z]+$", "p.o|free", r"\d+", "a{2,3}", "(pro|free)"]
_WILDCARDS: Final = ["1.*", "1.2.*", "0.*"]
_TRUTHS: Final = [True, False, "true", "false", ["true"], [True, False], "banana"]
_SHARES: Final = [0, 12.5, 50, 99, 100, None]
_SPLITS: Final = [[50, 50], [100], [0, 100], [10, 20], [33.3, 33.3, 33.4]]
_VARIANTS: Final = ["control", "test", "third"]


@st.composite
def _filters(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    key = pick(draw, [*_KINDS, "beta"])
    if key == "beta":
        operator = pick(draw, _EQUAL)
        operand: Any = pick(draw, _TRUTHS)
        return {"key": key, "type": kind, "operator": operator, "value": operand}
    operator = pick(draw, _OPERATORS[key])
    pool: list[Any] = _KINDS[key]
    if operator.endswith("regex"):
        pool = _PATTERNS
    elif operator == "semver_wildcard":
        pool = _WILDCARDS
    elif operator in _EQUAL:
        pool = [*pool, pool[:3], pool[2:]]
    return {"key": key, "type": kind, "operator": operator, "value": pick(draw, pool)}


@st.composite
def _properties(draw: st.DrawFn) -> dict[str, Any]:
    found = {key: pick(draw, pool) for key, pool in _KINDS.items()}
    return {**found, "beta": pick(draw, _TRUTHS)}


@st.composite
def _cohorts(draw: st.DrawFn) -> dict[str, Any]:
    first = {"type": pick(draw, ["AND", "OR"]), "values": _leaves(draw)}
    nested = {"key": "id", "type": "cohort", "value": "1", "negation": draw(st.booleans())}
    inner = {"type": "OR", "values": [*_leaves(draw), {"type": "AND", "values": _leaves(draw)}]}
    return {"1": first, "2": {"type": "AND", "values": [inner, {"type": "OR", "values": [nested]}]}}


def _leaves(draw: st.DrawFn) -> list[dict[str, Any]]:
    count = draw(st.integers(1, 2))
    return [draw(_filters("person")) | {"negation": draw(st.booleans())} for _ in range(count)]


@st.composite
def _conditions(draw: st.DrawFn, kind: str, others: list[dict[str, Any]]) -> dict[str, Any]:
    properties = [draw(_filters(kind)) for _ in range(draw(st.integers(0, 2)))]
    if others and draw(st.booleans()):
        properties.append(pick(draw, others))
    condition = {"properties": properties, "rollout_percentage": pick(draw, _SHARES)}
    pinned = pick(draw, [None, None, "control", "gone"])
    return condition | ({"variant": pinned} if pinned else {})


@st.composite
def _flags(
    draw: st.DrawFn, key: str, others: list[dict[str, Any]], *, of_groups: bool
) -> dict[str, Any]:
    kind = "group" if of_groups else "person"
    others = [] if of_groups else others
    conditions = [draw(_conditions(kind, others)) for _ in range(draw(st.integers(1, 3)))]
    filters: dict[str, Any] = {"groups": conditions}
    if of_groups:
        filters["aggregation_group_type_index"] = 0
    elif draw(st.booleans()):
        grouped = draw(_conditions("group", [])) | {"aggregation_group_type_index": 0}
        conditions.append(grouped)
    if draw(st.booleans()):
        weights = pick(draw, _SPLITS)
        variants = zip(_VARIANTS, weights, strict=False)
        filters["multivariate"] = {
            "variants": [{"key": name, "rollout_percentage": share} for name, share in variants]
        }
    filters |= pick(draw, [{}, {}, {"early_exit": True}])
    filters |= pick(draw, [{}, {}, {"holdout": {"id": 5, "exclusion_percentage": 30}}])
    if not of_groups:
        filters |= pick(draw, [{}, {}, {}, {"feature_enrollment": True}])
    return {"key": key, "active": pick(draw, [True] * 6 + [False]), "filters": filters}


@st.composite
def plain_cases(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """Draw a document and the arguments of a call with all inputs."""
    cohorts = [
        {"key": "id", "type": "cohort", "value": number, "operator": operator}
        for number in (1, 2)
        for operator in ("in", "not_in")
    ]
    first = draw(_flags("first", cohorts, of_groups=False))
    dependency = {
        "key": "first",
        "type": "flag",
        "operator": "flag_evaluates_to",
        "value": pick(draw, [True, False, "control", "test"]),
        "dependency_chain": ["first"],
    }
    # The SDK passes no groups to a dependency, so a dependency on groups is not plain.
    mixed = any(
        "aggregation_group_type_index" in condition for condition in first["filters"]["groups"]
    )
    others = cohorts if mixed else [*cohorts, dependency]
    second = draw(_flags("second", others, of_groups=False))
    third = draw(_flags("third", [], of_groups=True))
    document = {
        "flags": [first, second, third],
        "group_type_mapping": {"0": "company"},
        "cohorts": draw(_cohorts()),
        "property_matching_version": pick(draw, [1, 2]),
    }
    enrollments = {
        f"$feature_enrollment/{key}": pick(draw, [True, "true", "True", False])
        for key in ("first", "second")
    }
    call = {
        "distinct_id": pick(draw, [f"user-{number}" for number in range(30)]),
        "person_properties": {**draw(_properties()), **enrollments},
        "groups": {"company": pick(draw, ["acme", "umbrella", "initech"])},
        "group_properties": {"company": draw(_properties())},
    }
    return document, call
