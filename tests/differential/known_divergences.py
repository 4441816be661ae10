"""The topics on which posthog-python 7.91.1 and the engine differ, with the rules that explain why.

Each entry is a topic, its rules in SPEC.md, and a predicate that is true only for cases with this
topic. If several predicates are true, the first is reported.
"""

import re
from collections.abc import Callable
from datetime import date
from math import isfinite
from typing import Any, Final

from flagengine import IssueCode, Snapshot
from flagengine.operators import is_operator
from tests.differential.case import NOT_THERE, Case, Reading, configuration

__all__ = ["DIVERGENCES", "explained"]

Predicate = Callable[[Case], bool]

_TYPES: Final = {
    "person",
    "group",
    "cohort",
    "flag",
    "person_metadata",
    "AND",
    "OR",
    "property",
    None,
}

_SEMVER = re.compile(r"(0|[1-9]\d{0,18})\.(0|[1-9]\d{0,18})\.(0|[1-9]\d{0,18})")
_DATE = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?")
_COHORT_ID = re.compile(r"[+-]?[0-9]{1,20}")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def _any_flag(test: Callable[[dict[str, Any]], bool]) -> Predicate:
    return lambda case: any(map(test, case.flags))


def _any_reading(test: Callable[[Reading], bool]) -> Predicate:
    return lambda case: any(map(test, case.readings))


def _any_filter(test: Callable[[dict[str, Any]], bool]) -> Predicate:
    return lambda case: any(map(test, case.filters))


def _is_json(value: Any, depth: int = 0) -> bool:
    if depth > 100:
        return False
    if isinstance(value, list):
        return all(_is_json(member, depth + 1) for member in value)
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_json(value[key], depth + 1) for key in value)
    if isinstance(value, float):
        return isfinite(value) and "e" not in repr(value)
    if isinstance(value, int):
        return -(2**63) <= value < 2**64
    return value is None or (type(value) is str and not re.search("[\ud800-\udfff]", value))


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        return _NUMBER.fullmatch(value) is not None and isfinite(float(value))
    return isinstance(value, int | float) and not isinstance(value, bool)


def _odd(pattern: re.Pattern[str], *values: Any) -> bool:
    return any(not isinstance(value, str) or not pattern.fullmatch(value) for value in values)


def _is_odd_version(reading: Reading) -> bool:
    if not reading.operator.startswith("semver_"):
        return False
    return reading.operator == "semver_wildcard" or _odd(_SEMVER, reading.operand, reading.actual)


def _is_odd_date(reading: Reading) -> bool:
    if not reading.operator.startswith("is_date_"):
        return False
    if reading.operator == "is_date_exact" or _odd(_DATE, reading.operand, reading.actual):
        return True
    return not all(map(_is_day, (reading.operand, reading.actual)))


def _is_day(written: str) -> bool:
    try:
        date.fromisoformat(written[:10])
    except ValueError:
        return False
    return True


def _has_a_zone(case: Case) -> bool:
    zone = case.call.options.get("project_timezone", "UTC")
    return zone != "UTC" and any(
        reading.operator.startswith("is_date_") for reading in case.readings
    )


def _is_unknown_operator(filter_: dict[str, Any]) -> bool:
    name = filter_.get("operator")
    return name is not None and not is_operator(name)


def _is_odd_number(reading: Reading) -> bool:
    is_one = reading.operator in ("gt", "gte", "lt", "lte")
    return is_one and not (_is_number(reading.operand) and _is_number(reading.actual))


def _is_circular(case: Case) -> bool:
    def below(name: str, path: tuple[str, ...]) -> bool:
        return name in path or any(
            below(str(leaf.get("value")), (*path, name))
            for leaf in _direct(case.document.get("cohorts") or {}, name)
        )

    roots = {
        str(filter_.get("value")) for filter_ in case.filters if filter_.get("type") == "cohort"
    }
    return any(below(name, ()) for name in roots)


def _direct(cohorts: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found, waiting = [], [cohorts.get(name)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            waiting += node.get("values") or []
            if node.get("type") == "cohort":
                found.append(node)
    return found


def _misses_a_cohort(case: Case) -> bool:
    named = {
        str(filter_.get("value")) for filter_ in case.filters if filter_.get("type") == "cohort"
    }
    return bool(named - set(case.document.get("cohorts") or {}))


def _names_no_cohort(filter_: dict[str, Any]) -> bool:
    if filter_.get("type") != "cohort":
        return False
    value = filter_.get("value")
    if isinstance(value, str) and _COHORT_ID.fullmatch(value):
        value = int(value)
    is_id = isinstance(value, int) and not isinstance(value, bool)
    return not is_id or not -(2**31) <= value < 2**31


def _contradicts_itself(case: Case) -> bool:
    """Return whether a condition expects different values of one flag."""
    for _, condition, _ in case.conditions:
        expected = [
            (filter_.get("key"), filter_.get("value"))
            for filter_ in condition.get("properties") or []
            if filter_.get("type") == "flag" and isinstance(filter_.get("value"), bool | str)
        ]
        if len({key for key, _ in expected}) < len(set(expected)):
            return True
    return False


def _is_empty_group(filter_: dict[str, Any]) -> bool:
    return not filter_ or (filter_.get("type") in ("AND", "OR") and not filter_.get("values"))


def _reads_another_map(case: Case) -> bool:
    """Return whether a filter's type or index does not fit its condition's aggregation."""
    for _, condition, aggregation in case.conditions:
        for filter_ in condition.get("properties") or []:
            kind = filter_.get("type")
            if kind in ("cohort", "flag") and aggregation is not None:
                return True
            if kind == "group" and filter_.get("group_type_index", aggregation) != aggregation:
                return True
            if kind in ("person", "group") and (kind == "group") != (aggregation is not None):
                return True
    return any(
        reading.in_cohort and reading.filter_.get("type") == "group" for reading in case.readings
    )


def _is_group_odd(case: Case) -> bool:
    indexes = {index for _, _, index in case.conditions}
    indexes |= {configuration(flag).get("aggregation_group_type_index") for flag in case.flags}
    keys = [case.groups.get(case.group_name(index)) for index in indexes - {None}]
    return any(not key or isinstance(key, bool) for key in keys)


def _is_unnamed_index(case: Case) -> bool:
    indexes = {index for _, _, index in case.conditions}
    indexes |= {configuration(flag).get("aggregation_group_type_index") for flag in case.flags}
    return any(
        index is not None and not isinstance(case.group_name(index), str) for index in indexes
    )


def _depends_across(case: Case) -> bool:
    """Return whether a dependency has another context than its dependent."""
    indexes = {index for _, _, index in case.conditions}
    return len(case.flags) > 1 and indexes != {None}


def _has_broken_chain(case: Case) -> bool:
    known = {flag["key"] for flag in case.document["flags"]}
    for filter_ in case.filters:
        if filter_.get("type") == "flag":
            chain = filter_.get("dependency_chain") or []
            whole = {*chain, filter_["key"]}
            if not chain or not whole <= known or len(set(chain)) < len(chain):
                return True
            if any(other["key"] == case.key for other in case.flags[1:]) or _loops(case, whole):
                return True
    return False


def _loops(case: Case, keys: set[str]) -> bool:
    """Return whether dependencies form a loop."""
    below: dict[str, set[str]] = {}
    for flag, condition, _ in case.conditions:
        named = {
            filter_["key"]
            for filter_ in condition.get("properties") or []
            if filter_.get("type") == "flag"
        }
        below.setdefault(flag["key"], set()).update(named)
    waiting, seen = [(key, ()) for key in keys], 0
    while waiting and seen < 1_000:
        key, path = waiting.pop()
        seen += 1
        if key in path:
            return True
        waiting += [(dependency, (*path, key)) for dependency in below.get(key, ())]
    return False


def _is_device(flag: dict[str, Any]) -> bool:
    return flag.get("bucketing_identifier") == "device_id"


def _misses_a_property(case: Case) -> bool:
    return any(reading.actual is NOT_THERE for reading in case.readings)


DIVERGENCES: Final[list[tuple[str, str, Predicate]]] = [
    (
        "bucketing identifiers inside filters",
        "R2.19",
        _any_flag(lambda flag: "bucketing_identifier" in configuration(flag)),
    ),
    ("naive dates in the project's zone", "R8.82", _has_a_zone),
    (
        "configuration formats",
        "R2.5",
        _any_flag(
            lambda flag: (
                configuration(flag).get("version", 1) != 1
                or isinstance(configuration(flag).get("version"), bool)
            )
        ),
    ),
    ("deleted flags", "R2.6", _any_flag(lambda flag: flag.get("deleted") is True)),
    ("circular cohorts", "R10.9", _is_circular),
    (
        "cohort leaves that properties cannot decide",
        "R10.6",
        _any_filter(lambda filter_: filter_.get("type") not in _TYPES),
    ),
    ("cohorts not in the document", "R10.7", _misses_a_cohort),
    (
        "empty groups of cohorts",
        "R10.10",
        lambda case: (
            any(map(_is_empty_group, case.filters))
            or None in (case.document.get("cohorts") or {}).values()
        ),
    ),
    (
        "operators of cohorts",
        "R10.2",
        _any_filter(
            lambda filter_: (
                filter_.get("type") == "cohort"
                and filter_.get("operator") not in (None, "in", "not_in")
            )
        ),
    ),
    ("operands of cohorts that are no id", "R10.12", _any_filter(_names_no_cohort)),
    (
        "groups of cohorts of the type property",
        "R10.3",
        _any_filter(lambda filter_: filter_.get("type") == "property"),
    ),
    (
        "flag leaves of cohorts",
        "R10.13",
        lambda case: any(
            filter_.get("type") == "flag"
            for filter_ in case.filters
            if not any(
                filter_ is direct
                for _, condition, _ in case.conditions
                for direct in condition.get("properties") or []
            )
        ),
    ),
    ("dependencies that cannot be followed", "R11.5", _has_broken_chain),
    (
        "operands of dependencies",
        "R11.2",
        _any_filter(
            lambda filter_: (
                filter_.get("type") == "flag" and not isinstance(filter_.get("value"), bool | str)
            )
        ),
    ),
    ("contradictory filters on one flag", "R11.12", _contradicts_itself),
    ("dependencies across person and group", "R11.4", _depends_across),
    (
        "experience continuity",
        "R6.12",
        _any_flag(lambda flag: bool(flag.get("ensure_experience_continuity"))),
    ),
    ("device ids", "R6.8", _any_flag(_is_device)),
    ("unnamed group types", "R6.7", _is_unnamed_index),
    (
        "explicit person conditions on group flags",
        "R4.2",
        lambda case: any(
            index is None and configuration(flag).get("aggregation_group_type_index") is not None
            for flag, _, index in case.conditions
        ),
    ),
    ("the property map of a filter", "R6.14", _reads_another_map),
    ("unusable group keys", "R6.4", _is_group_odd),
    (
        "group properties without a group",
        "R6.6",
        lambda case: bool(set(case.call.options.get("group_properties") or {}) - set(case.groups)),
    ),
    (
        "unusable distinct ids",
        "R6.2",
        lambda case: (
            not isinstance(case.call.distinct_id, str | int | float)
            or case.call.distinct_id in (True, "\ud800", 10**400)
        ),
    ),
    ("the empty distinct id", "R3.16", lambda case: case.call.distinct_id == ""),
    (
        "long distinct ids",
        "R3.13",
        lambda case: len(str(case.call.distinct_id).encode(errors="replace")) > 200,
    ),
    (
        "the implicit distinct_id and $group_key",
        "R6.3",
        _any_reading(
            lambda reading: (
                reading.filter_["key"] in ("distinct_id", "$group_key")
                and reading.actual is NOT_THERE
            )
        ),
    ),
    (
        "enrollment of group flags",
        "R4.5",
        _any_flag(
            lambda flag: (
                bool(configuration(flag).get("feature_enrollment"))
                and configuration(flag).get("aggregation_group_type_index") is not None
            )
        ),
    ),
    (
        "values that are not JSON",
        "R7.7",
        lambda case: (
            not all(
                map(
                    _is_json,
                    [
                        reading.actual
                        for reading in case.readings
                        if reading.actual is not NOT_THERE
                    ],
                )
            )
            or any(
                not _is_json(value)
                for key, value in case.call.props.items()
                if key.startswith("$feature")
            )
        ),
    ),
    ("unknown operators", "R2.10", _any_filter(_is_unknown_operator)),
    (
        "operators of other filters",
        "R8.90",
        _any_reading(lambda reading: reading.operator in ("in", "not_in", "flag_evaluates_to")),
    ),
    (
        "filter types that need the server",
        "R2.12",
        _any_reading(lambda reading: reading.filter_.get("type") == "person_metadata"),
    ),
    (
        "number keys of filters",
        "R2.14",
        _any_reading(lambda reading: not isinstance(reading.filter_["key"], str)),
    ),
    (
        "older names of operators",
        "R2.15",
        _any_reading(lambda reading: reading.operator in ("min", "max")),
    ),
    ("null operands", "R8.01", _any_reading(lambda reading: reading.operand is None)),
    (
        "icontains_multi",
        "R8.40",
        _any_reading(lambda reading: reading.operator.endswith("icontains_multi")),
    ),
    ("between", "R8.60", _any_reading(lambda reading: reading.operator.endswith("between"))),
    ("versions", "R8.70", _any_reading(_is_odd_version)),
    ("dates", "R8.81", _any_reading(_is_odd_date)),
    ("numbers", "R8.50", _any_reading(_is_odd_number)),
    (
        "regular expressions",
        "R9.7",
        _any_reading(lambda reading: reading.operator.endswith("regex")),
    ),
    (
        "later matches after an unresolved condition",
        "R5.10",
        lambda case: case.is_deferred_here and _misses_a_property(case),
    ),
    (
        "conditions out of their rollout",
        "R5.4",
        lambda case: case.is_deferred_there and _misses_a_property(case),
    ),
]


_MALFORMED: Final = {
    IssueCode.NOT_AN_OBJECT,
    IssueCode.MISSING_KEY,
    IssueCode.WRONG_TYPE,
    IssueCode.DUPLICATE_KEY,
    IssueCode.TOO_DEEP,
}


def explained(case: Case) -> str | None:
    """Return the topic and the rule that explain a difference; None without an explanation."""
    if any(issue.code in _MALFORMED for issue in Snapshot.parse(case.document).issues):
        return "malformed definitions (R2.2)"
    found = (f"{topic} ({rule})" for topic, rule, applies in DIVERGENCES if applies(case))
    return next(found, None)
