"""The flags that may have other answers in another snapshot."""

from __future__ import annotations

from typing import Any

import pytest

from flagengine import Snapshot


def flag(key: str, *filters: dict[str, Any], **members: Any) -> dict[str, Any]:
    groups = [{"properties": list(filters), "rollout_percentage": 100}]
    return {"key": key, "active": True, "filters": {"groups": groups}, **members}


def in_cohort(cohort_id: object) -> dict[str, Any]:
    return {"key": "id", "type": "cohort", "value": cohort_id}


def depends_on(key: str, *chain: str) -> dict[str, Any]:
    operator = "flag_evaluates_to"
    chain = chain or (key,)
    return {
        "key": key,
        "type": "flag",
        "operator": operator,
        "value": True,
        "dependency_chain": list(chain),
    }


def changed(old: dict[str, Any], new: dict[str, Any]) -> set[str]:
    before, after = Snapshot.parse(old), Snapshot.parse(new)
    found = set(after.changed_keys(before))
    assert set(before.changed_keys(after)) == found
    return found


def test_equal_definitions_change_nothing_whatever_the_order_of_members():
    flags = [{"key": "a", "id": 1}], [{"id": 1, "key": "a"}]
    assert changed({"flags": flags[0]}, {"flags": flags[1]}) == set()


def test_a_changed_a_new_and_a_gone_flag_are_named_and_no_other():
    old = {"flags": [flag("same"), flag("changed"), flag("gone")]}
    new = {"flags": [flag("new"), flag("changed", active=False), flag("same")]}
    assert changed(old, new) == {"changed", "new", "gone"}


@pytest.mark.parametrize(
    "filters",
    [
        {"payloads": {"true": "2"}},
        {"multivariate": {"variants": [{"key": "b", "rollout_percentage": 100}]}},
        {"holdout": {"id": 8, "exclusion_percentage": 10}},
        {"groups": [{"properties": [], "rollout_percentage": 50}]},
        {"early_exit": True},
    ],
)
def test_whatever_is_changed_inside_a_flag_changes_it(filters: dict[str, Any]):
    before = {
        "payloads": {"true": "1"},
        "multivariate": {"variants": [{"key": "a", "rollout_percentage": 100}]},
        "holdout": {"id": 7, "exclusion_percentage": 10},
        "groups": [{"properties": [], "rollout_percentage": 100}],
    }
    old = {"flags": [flag("a", filters=before), flag("other")]}
    new = {"flags": [flag("a", filters=before | filters), flag("other")]}
    assert changed(old, new) == {"a"}


def test_values_that_only_python_holds_for_equal_are_different():
    def compared_with(value: object) -> dict[str, Any]:
        return {"flags": [flag("a", {"key": "n", "type": "person", "value": value})]}

    values = [True, 1, 1.0, "1"]
    pairs = [(old, new) for old in values for new in values if old is not new]
    assert all(changed(compared_with(old), compared_with(new)) == {"a"} for old, new in pairs)


def test_a_changed_cohort_changes_the_flags_that_reach_it():
    flags = [
        flag("direct", in_cohort(1)),
        flag("nested", in_cohort("2")),
        flag("other", in_cohort(3)),
        flag("none", in_cohort(None), in_cohort("all")),
    ]
    nested = {"type": "AND", "values": [in_cohort(1)]}

    def document(value: str) -> dict[str, Any]:
        person = {"key": "plan", "type": "person", "value": value}
        base = {"type": "OR", "values": [person]}
        return {"flags": flags, "cohorts": {"1": base, "2": nested, "3": {}}}

    assert changed(document("pro"), document("free")) == {"direct", "nested"}


def test_a_cohort_that_comes_or_goes_changes_the_flags_that_reach_it():
    flags = [flag("a", in_cohort(1)), flag("other")]
    assert changed({"flags": flags}, {"flags": flags, "cohorts": {"1": {}}}) == {"a"}


def test_a_changed_flag_changes_the_flags_that_depend_on_it():
    dependants = [
        flag("near", depends_on("base")),
        flag("far", depends_on("near", "base", "near")),
        flag("in a cohort", in_cohort(1)),
        flag("other"),
    ]
    cohorts = {"1": {"type": "AND", "values": [depends_on("base")]}}
    old = {"flags": [flag("base"), *dependants], "cohorts": cohorts}
    new = {"flags": [flag("base", active=False), *dependants], "cohorts": cohorts}
    assert changed(old, new) == {"base", "near", "far"}  # no cohort reads a flag


def test_a_flag_that_comes_goes_or_is_deleted_changes_those_whose_chain_names_it():
    dependants = [flag("a", depends_on("b", "named only here", "b")), flag("b")]
    gone, there = {"flags": dependants}, {"flags": [*dependants, flag("named only here")]}
    deleted = {"flags": [*dependants, flag("named only here", deleted=True)]}
    assert changed(gone, there) == {"a", "named only here"}
    assert changed(gone, deleted) == {"a"}


def test_a_key_that_is_there_twice_has_changed():
    assert changed({"flags": [flag("a")]}, {"flags": [flag("a"), flag("a")]}) == {"a"}


@pytest.mark.parametrize(
    "shared",
    [
        {"property_matching_version": 2},
        {"flagengine": {"hash": "murmur3"}},
    ],
)
def test_a_change_of_what_all_flags_share_changes_all(shared: dict[str, Any]):
    old = {"flags": [flag("a"), flag("b")]}
    assert changed(old, old | shared) == {"a", "b"}


def of_group(index: object) -> dict[str, Any]:
    return {"key": "tier", "type": "group", "group_type_index": index, "value": "gold"}


@pytest.mark.parametrize("mapping", [{"0": "team", "1": "project"}, {"1": "project"}])
def test_a_renamed_or_lost_group_type_changes_what_names_it_and_what_depends_on_that(mapping):
    nested = flag("of conditions")
    nested["filters"]["groups"][0]["aggregation_group_type_index"] = 0
    flags = [
        flag("by filter", of_group(0)),
        flag("by text", of_group("0")),
        flag("whole", filters={"aggregation_group_type_index": 0, "groups": [{}]}),
        nested,
        flag("in cohort", in_cohort(7)),
        flag("dependent", depends_on("whole")),
        flag("of the other", of_group(1)),
        flag("of persons", filters={"aggregation_group_type_index": None, "groups": [{}]}),
    ]
    cohorts = {"7": {"type": "AND", "values": [of_group(0)]}, "8": {"type": "AND", "values": []}}
    old = {"flags": flags, "cohorts": cohorts}
    before = {**old, "group_type_mapping": {"0": "company", "1": "project"}}
    named = {"by filter", "by text", "whole", "of conditions", "in cohort", "dependent"}
    assert changed(before, {**old, "group_type_mapping": mapping}) == named


def test_an_added_group_type_that_no_flag_names_changes_nothing():
    old = {"flags": [flag("a", of_group(0))], "group_type_mapping": {"0": "company"}}
    new = {**old, "group_type_mapping": {"1": "project", "0": "company"}}
    assert changed(old, new) == set()


def test_what_describes_a_flag_to_people_changes_no_answer():
    old, new = flag("a", name="A", team_id=1), flag("a", name="B", team_id=2)
    assert changed({"flags": [old]}, {"flags": [new]}) == set()


def test_a_version_alone_is_a_change_unless_the_caller_says_otherwise():
    near = flag("near", depends_on("a"))
    before = Snapshot.parse({"flags": [flag("a", version=1), near]})
    after = Snapshot.parse({"flags": [flag("a", version=2), near]})
    edited = Snapshot.parse({"flags": [flag("a", version=3, active=False), near]})
    assert after.changed_keys(before) == {"a", "near"}
    assert after.changed_keys(before, versions=False) == set()
    assert edited.changed_keys(after, versions=False) == {"a", "near"}


def test_the_order_of_flags_and_an_unrelated_cohort_change_nothing():
    flags = [flag("a"), flag("b", in_cohort(7))]
    cohorts = {"7": {"type": "AND", "values": []}}
    old = {"flags": flags, "cohorts": cohorts}
    new = {"flags": flags[::-1], "cohorts": {"9": {"type": "OR", "values": []}, **cohorts}}
    assert changed(old, new) == set()


def test_what_changes_no_answer_changes_no_flag():
    old = {"flags": [flag("a")]}
    assert changed(old, old | {"minimal_flag_called_events": True, "unknown": 1}) == set()


def test_an_override_changes_its_flag_and_what_depends_on_it():
    plain = Snapshot.parse({"flags": [flag("base"), flag("near", depends_on("base")), flag("c")]})
    assert plain.with_overrides({"base": False}).changed_keys(plain) == {"base", "near"}
    assert plain.with_overrides({"undefined": "x"}).changed_keys(plain) == {"undefined"}
    payloads = {"payloads": {"c": 1}}
    assert plain.with_overrides(payloads).changed_keys(plain) == {"c"}


def test_malformed_definitions_can_be_compared():
    old = {"flags": [5, {"key": 7}, {"key": "a", "filters": []}], "cohorts": [1]}
    new = {"flags": [{}, {"key": "a", "filters": {"groups": 5}}], "cohorts": {"1": "x"}}
    assert changed(old, new) == {"a"}
