"""Definitions documents for Hypothesis: well formed, of format 1, with few words so that they match often."""

from __future__ import annotations

from typing import Any, Final

from flagengine import extra_for

with extra_for("flagengine.transports.testing.strategies"):
    from hypothesis import strategies as st

__all__ = ["definitions"]

_GROUP_TYPES: Final = {"0": "company", "1": "team"}
_TEXTS: Final = ("pro", "free", "Enterprise", "a@example.com", "DE", "", ["pro", "DE"], ["free"])
_PARTS: Final = ("pro", "E", "@example.com", "x")
_OPERANDS: Final[dict[tuple[str, ...], tuple[Any, ...]]] = {
    ("exact", "is_not"): _TEXTS,
    ("icontains", "not_icontains"): _PARTS,
    ("starts_with", "not_starts_with", "ends_with", "not_ends_with"): _PARTS,
    ("regex", "not_regex"): ("^pro$", "^[a-z]+@", "[0-9]+", "(?i)free"),
    ("gt", "gte", "lt", "lte"): (0, 1, 17, 18, 99.5, -3),
    ("semver_eq", "semver_gt", "semver_lt", "semver_caret"): ("1.2.3", "2.0.0", "0.9.0"),
    ("is_date_before", "is_date_after"): ("2024-02-29", "2024-06-01T12:00:00Z", "-7d", "-1m"),
    ("is_set",): ("is_set",),
    ("is_not_set",): ("is_not_set",),
}
_NAMES: Final = ("plan", "age", "email", "country", "app_version", "joined")
_VARIANTS: Final = ("control", "test", "other")

# Made once, and each with a single choice, because making and drawing strategies takes most of the time.
_filters: Final = st.sampled_from(
    [
        {"key": name, "type": "person", "operator": operator, "value": operand}
        for name in _NAMES
        for operators, operands in _OPERANDS.items()
        for operator in operators
        for operand in operands
    ]
)
_counts: Final = {most: st.integers(0, most) for most in (1, 2)}
_booleans: Final = st.booleans()
_one_in_four: Final = st.sampled_from((False, False, False, True))
_rollouts: Final = st.sampled_from((100, 100, 50, 10, 0, None))
_weights: Final = st.sampled_from((None, None, (50, 50), (33, 33, 34), (100,), (10, 90)))
_kinds: Final = st.sampled_from(("person", "person", "person", "cohort", "flag"))
_memberships: Final = st.sampled_from(
    [
        {"key": "id", "type": "cohort", "value": cohort, "operator": operator}
        for cohort in (1, 2)
        for operator in ("in", "not_in")
    ]
)
_types: Final = st.sampled_from(("AND", "OR"))


def definitions(*, max_flags: int = 4) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy for definitions documents with one to ``max_flags`` flags, as JSON values.

    The flags have conditions on persons, groups, cohorts and earlier flags, rollouts, variants and
    payloads. The documents are well formed: ``Snapshot.parse`` finds no issues.

    Raises:
        ValueError: ``max_flags`` is less than 1.
    """
    if max_flags < 1:
        msg = f"max_flags must be at least 1, got {max_flags}"
        raise ValueError(msg)
    return _documents(st.integers(1, max_flags))


@st.composite
def _documents(draw: st.DrawFn, numbers: st.SearchStrategy[int]) -> dict[str, Any]:
    flags: list[dict[str, Any]] = []
    for number in range(draw(numbers)):
        flag = _flag(draw, flags)
        flags.append({"id": number + 1, "key": f"flag-{number}", **flag})
    cohorts = {cohort: _cohort(draw) for cohort in ("1", "2")}
    return {"flags": flags, "group_type_mapping": dict(_GROUP_TYPES), "cohorts": cohorts}


def _cohort(draw: st.DrawFn) -> dict[str, Any]:
    values = [dict(draw(_filters)) for _ in range(1 + draw(_counts[1]))]
    return {"type": draw(_types), "values": values}


def _flag(draw: st.DrawFn, before: list[dict[str, Any]]) -> dict[str, Any]:
    of_group = draw(_one_in_four)
    conditions = [_condition(draw, before, of_group=of_group) for _ in range(1 + draw(_counts[2]))]
    filters: dict[str, Any] = {"groups": conditions, "payloads": {"true": '"text"'}}
    if of_group:
        filters["aggregation_group_type_index"] = 0
    weights = draw(_weights)
    if weights is not None:
        variants = zip(_VARIANTS, weights, strict=False)
        filters["payloads"] = {"control": '{"size": 1}'}
        filters["multivariate"] = {
            "variants": [{"key": name, "rollout_percentage": weight} for name, weight in variants]
        }
    return {"active": not draw(_one_in_four), "version": 1, "filters": filters}


def _condition(draw: st.DrawFn, before: list[dict[str, Any]], *, of_group: bool) -> dict[str, Any]:
    properties = [_filter(draw, before, of_group=of_group) for _ in range(draw(_counts[2]))]
    return {"properties": properties, "rollout_percentage": draw(_rollouts)}


def _filter(draw: st.DrawFn, before: list[dict[str, Any]], *, of_group: bool) -> dict[str, Any]:
    kind = draw(_kinds)
    if kind == "flag" and before:
        needed = before[-1]
        return {
            "key": needed["key"],
            "type": "flag",
            "operator": "flag_evaluates_to",
            "value": draw(_booleans),
            "dependency_chain": [*_chain_of(needed), needed["key"]],
        }
    if kind == "cohort" and not of_group:
        return dict(draw(_memberships))
    return {**draw(_filters), **({"type": "group", "group_type_index": 0} if of_group else {})}


def _chain_of(flag: dict[str, Any]) -> list[str]:
    """Return the keys of the flags that a flag needs, each after those that it needs itself."""
    needed = [
        key
        for condition in flag["filters"]["groups"]
        for filter_ in condition["properties"]
        for key in filter_.get("dependency_chain", ())
    ]
    return list(dict.fromkeys(needed))
