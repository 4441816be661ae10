"""Plans in words describe every kind of test, condition and flag."""

from typing import Any

import pytest

from flagengine import Snapshot
from flagengine.plan.render import render_flag
from flagengine.snapshot import evaluators_of


def person(key: str = "p", value: Any = "x", **more: Any) -> dict[str, Any]:
    return {"key": key, "type": "person", "operator": "exact", "value": value, **more}


def lines(flag: dict[str, Any], **document: Any) -> list[str]:
    whole = {"key": "f", "active": True, **flag}
    snapshot = Snapshot.parse({"flags": [whole, *document.pop("others", ())], **document})
    plan = evaluators_of(snapshot).plans.plan("f")
    assert plan is not None
    return render_flag(plan).splitlines()


def filters_in_words(*filters: dict[str, Any], **document: Any) -> list[str]:
    """Return the lines about filters, without the ``if``."""
    found = lines({"filters": {"groups": [{"properties": list(filters)}]}}, **document)
    return [line.removeprefix("    if ") for line in found if line.startswith("    if ")]


def test_a_flag_that_is_not_active_or_not_understood_says_only_that() -> None:
    assert lines({"active": False, "filters": {"groups": [{}]}})[1:] == ["  is not active: false"]
    found = lines({"filters": {"groups": 7}})
    assert len(found) == 2
    assert found[1].startswith("  cannot be evaluated here: ")


def test_the_others_stop_only_where_a_flag_ends_early() -> None:
    conditions = [{"rollout_percentage": 5}, {"rollout_percentage": 0}]
    assert lines({"filters": {"groups": conditions}})[1:-1] == [
        "  condition 1: 5 % by person get true",
        "  condition 2: 0 % by person get true",
    ]
    stop = "    the others whose filters match stop here with false"
    found = lines({"filters": {"groups": conditions, "early_exit": True}})
    assert found.count(stop) == 2


def test_enrollment_and_holdout_come_before_the_conditions() -> None:
    holdout = {"id": 7, "exclusion_percentage": 12.5}
    filters = {"feature_enrollment": True, "holdout": holdout, "groups": [{}]}
    assert lines({"filters": filters}) == [
        "flag f",
        "  if the person has $feature_enrollment/f: true if the property is true, else false",
        "  hold out 12.5 % of all by person: holdout-7",
        "  condition 1: all by person get true",
        "  otherwise false",
    ]


def test_a_condition_names_its_share_its_group_and_its_values() -> None:
    variants = [{"key": "a", "rollout_percentage": 25}, {"key": "b", "rollout_percentage": 75}]
    filters = {
        "groups": [{"rollout_percentage": 2.5}, {"variant": "b"}],
        "multivariate": {"variants": variants},
        "aggregation_group_type_index": 0,
        "early_exit": True,
    }
    assert lines({"filters": filters}, group_type_mapping={"0": "company"})[1:-1] == [
        "  condition 1: 2.5 % by group company get a (25 %) or b (75 %)",
        "    the others whose filters match stop here with false",
        "  condition 2: all by group company get b",
    ]


@pytest.mark.parametrize(
    ("filter_", "words"),
    [
        (person(), 'person p exact "x"'),
        ({"key": "p", "type": "person", "value": [1, "a"]}, 'person p exact [1,"a"]'),
        (person(value="y" * 58), 'person p exact "' + "y" * 58 + '"'),
        (person(value="y" * 59), 'person p exact "' + "y" * 59 + "…"),
        (person(group_type_index=0, type="group"), 'company p exact "x"'),
        (person(operator="icontains"), 'person p icontains "x"'),
        (person(operator="newest"), "only the server knows: unknown operator 'newest'"),
        (
            {"key": "g", "type": "flag", "operator": "exact", "value": True},
            "never: a flag filter must have the operator flag_evaluates_to",
        ),
        (
            {
                "key": "g",
                "type": "flag",
                "operator": "flag_evaluates_to",
                "value": True,
                "dependency_chain": ["g"],
            },
            "flag g evaluates to true",
        ),
    ],
)
def test_a_filter_in_words(filter_: dict[str, Any], words: str) -> None:
    other = {"key": "g", "active": True, "filters": {"groups": [{}]}}
    found = filters_in_words(filter_, group_type_mapping={"0": "company"}, others=[other])
    assert found == [words]


def test_a_cohort_in_words_has_its_groups_in_brackets() -> None:
    either = {"type": "OR", "values": [person("b"), person("c", negation=True)]}
    cohorts = {"1": {"type": "AND", "values": [person("a"), either]}}
    member = {"key": "id", "type": "cohort", "value": 1, "operator": "in"}
    definition = 'person a exact "x" and (person b exact "x" or not (person c exact "x"))'
    assert filters_in_words(member, cohorts=cohorts) == [f"in cohort 1 ({definition})"]
    stranger = {**member, "operator": "not_in"}
    assert filters_in_words(stranger, cohorts=cohorts) == [f"not in cohort 1 ({definition})"]


@pytest.mark.parametrize(("expected", "word"), [(False, "always"), (True, "never")])
def test_a_dependency_on_a_deleted_flag_says_which_way_it_always_goes(
    expected: bool, word: str
) -> None:
    gone = {"key": "gone", "active": True, "deleted": True, "filters": {}}
    depends = {
        "key": "gone",
        "type": "flag",
        "operator": "flag_evaluates_to",
        "value": expected,
        "dependency_chain": ["gone"],
    }
    (found,) = filters_in_words(depends, others=[gone])
    assert found.startswith(f"{word}: ")


def test_a_holdout_beyond_all_holds_out_all() -> None:
    filters = {"holdout": {"id": 7, "exclusion_percentage": 250}, "groups": [{}]}
    assert "  hold out 100 % of all by person: holdout-7" in lines({"filters": filters})
