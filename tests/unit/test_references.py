"""Which references are reported: to what does not exist, to itself, and too deep."""

from typing import Any

import pytest

from flagengine import Snapshot

MOST = 50
"""How long a chain of flags may be (SPEC R15)."""


def flag(key: str, *filters: dict[str, Any]) -> dict[str, Any]:
    return {"key": key, "active": True, "filters": {"groups": [{"properties": list(filters)}]}}


def depends_on(key: str, *chain: str, **more: Any) -> dict[str, Any]:
    operator = {"operator": "flag_evaluates_to", "dependency_chain": list(chain or (key,))}
    return {"key": key, "type": "flag", "value": True, **operator, **more}


def found(*flags: dict[str, Any], **document: Any) -> list[tuple[str, str]]:
    issues = Snapshot.parse({"flags": list(flags), **document}).issues
    return [(issue.code.value, issue.pointer) for issue in issues]


@pytest.mark.parametrize(("length", "codes"), [(MOST, []), (MOST + 1, ["too_deep"])])
def test_a_chain_of_flags_may_have_its_length_and_no_more(length: int, codes: list[str]) -> None:
    links = [flag(str(place), depends_on(str(place + 1))) for place in range(length - 1)]
    assert [code for code, _ in found(*links, flag(str(length - 1)))] == codes


def test_only_the_flags_of_a_circle_are_reported_for_it() -> None:
    circle = [flag("a", depends_on("b")), flag("b", depends_on("a"))]
    issues = found(*circle, flag("outside", depends_on("a")))
    assert issues == [("dependency_cycle", "/flags/0"), ("dependency_cycle", "/flags/1")]


def in_cohorts(*names: int) -> dict[str, Any]:
    values = [{"key": "id", "type": "cohort", "value": name} for name in names]
    return {"type": "AND", "values": values or [{"key": "p", "type": "person", "value": "x"}]}


@pytest.mark.parametrize(
    ("length", "issues"), [(MOST, []), (MOST + 1, [("too_deep", "/cohorts/0")])]
)
def test_a_chain_of_cohorts_may_have_its_length_and_no_more(
    length: int, issues: list[tuple[str, str]]
) -> None:
    cohorts = {str(place): in_cohorts(place + 1) for place in range(length - 1)}
    assert found(cohorts={**cohorts, str(length - 1): in_cohorts()}) == issues


def test_only_the_cohorts_of_a_circle_are_reported_for_it() -> None:
    issues = found(cohorts={"1": in_cohorts(2), "2": in_cohorts(1), "3": in_cohorts(1)})
    assert issues == [("cohort_cycle", "/cohorts/1"), ("cohort_cycle", "/cohorts/2")]


PLACE = "/flags/0/filters/groups/0/properties/0"


@pytest.mark.parametrize(
    ("filter_", "issues"),
    [
        (depends_on("b"), []),
        (depends_on("gone"), [("missing_dependency", f"{PLACE}/dependency_chain")]),
        (depends_on("b", "gone", "b"), [("missing_dependency", f"{PLACE}/dependency_chain")]),
        (
            depends_on("b", dependency_chain=[]),
            [("missing_dependency", f"{PLACE}/dependency_chain")],
        ),
        (depends_on("gone", operator="exact"), []),
        (depends_on("gone", value=None), []),
        ({"key": "id", "type": "cohort", "value": 1}, []),
        ({"key": "id", "type": "cohort", "value": 2}, [("missing_cohort", f"{PLACE}/value")]),
        ({"key": "id", "type": "cohort", "value": None}, []),
        ({"key": "id", "type": "person", "value": 2}, []),
    ],
)
def test_a_filter_is_reported_where_it_names_what_is_not_there(
    filter_: dict[str, Any], issues: list[tuple[str, str]]
) -> None:
    person = {"key": "p", "type": "person", "value": "x"}
    cohorts = {"1": {"type": "AND", "values": [person]}}
    assert found(flag("a", filter_), flag("b"), cohorts=cohorts) == issues


def test_a_chain_that_names_several_absent_flags_is_reported_by_the_first() -> None:
    document = {"flags": [flag("a", depends_on("z", "x", "y", "z"))]}
    (issue,) = Snapshot.parse(document).issues
    assert "'x'" in issue.message


def test_a_cohort_is_reported_where_it_names_a_cohort_that_is_not_there() -> None:
    unknown = {"key": "id", "type": "cohort", "value": 2}
    cohorts = {"1": {"type": "AND", "values": [unknown]}}
    assert found(cohorts=cohorts) == [("missing_cohort", "/cohorts/1/values/0/value")]


def test_a_property_that_is_named_like_its_flag_is_no_circle() -> None:
    assert found(flag("p", {"key": "p", "type": "person", "value": "x"})) == []
