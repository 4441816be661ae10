"""What changed between two documents, without anybody being evaluated."""

import json
from copy import deepcopy
from typing import Any

import pytest

from flagengine import Change, ChangeKind, Comparison, Snapshot, SnapshotError, compare

PRO = {"key": "plan", "type": "person", "value": "pro"}
FLAG: dict[str, Any] = {
    "key": "f",
    "name": "The flag",
    "active": True,
    "filters": {
        "groups": [{"properties": [PRO], "rollout_percentage": 50}, {"rollout_percentage": 10}],
        "multivariate": {"variants": [{"key": "a", "rollout_percentage": 100}]},
        "payloads": {"a": "1"},
    },
}
RULE = {
    "id": "10000000-0000-4000-8000-000000000001",
    "rule_type": "percentage_rollout",
    "targeting": {"properties": []},
    "value": 25,
    "rollout_percentage": 10,
    "on_rollout_miss": "continue",
    "assignment_algorithm": "sha1_60_v1",
    "seed": "s",
}
RULES: dict[str, Any] = {
    "key": "f",
    "active": True,
    "filters": {"version": 2, "return_type": "number", "default_value": None, "rules": [RULE]},
}


def edited(flag: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    flag = deepcopy(flag)
    place: Any = flag
    *steps, last = path.split("/")
    for step in steps:
        place = place[int(step) if step.isdigit() else step]
    place[int(last) if last.isdigit() else last] = value
    return flag


def changes(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    found = compare({"flags": [old]}, {"flags": [new]})
    return [change.text for flag in found.flags for change in flag.changes]


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        ("active", False, "switched off"),
        ("name", "Other", 'description: "The flag" → "Other"'),
        ("filters/groups/1/rollout_percentage", 20, "condition 2: rollout 10 % → 20 %"),
        ("filters/groups/0/properties", [], "condition 1: filters changed"),
        ("filters/groups/0/variant", "a", "condition 1: variant drawn → a"),
        ("filters/groups/0/aggregation_group_type_index", 1, "condition 1: another subject is bucketed"),
        ("filters/holdout", {"id": 1, "exclusion_percentage": 5}, "the holdout changed"),
        ("filters/payloads", {"a": "2"}, "payload of a: 1 → 2"),
        ("filters/payloads", {}, "payload of a: 1 → none"),
        ("filters/feature_enrollment", True, "early access switched on"),
        ("filters/multivariate/variants/0/rollout_percentage", 40, "variants: a 100 % → a 40 %"),
        ("evaluation_runtime", "client", 'evaluation_runtime: "all" → "client"'),
        ("evaluation_contexts", ["web"], 'evaluation_contexts: [] → ["web"]'),
        ("filters", RULES["filters"], "the configuration format changed"),
    ],
)  # fmt: skip
def test_each_edit_of_a_flag_is_one_change(path: str, value: Any, text: str):
    assert changes(FLAG, edited(FLAG, path, value)) == [text]


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        ("filters/rules", [], "rule 1 is removed"),
        ("filters/rules/0/value", 26, "rule 1: value changed"),
        ("filters/rules/0/seed", "other", "rule 1: seed changed"),
        ("filters/rules/0/rollout_percentage", 60, "rule 1: rollout 10 % → 60 %"),
        ("filters/rules/0/on_rollout_miss", "return_default", "rule 1: what a rollout miss gives changed"),
        ("filters/default_value", 1, "default value: the caller's → 1"),
        ("filters/rules/0/targeting/properties", [{**PRO, "operator": "exact"}], "rule 1: targeting changed"),
    ],
)  # fmt: skip
def test_each_edit_of_a_rule_is_one_change(path: str, value: Any, text: str):
    assert changes(RULES, edited(RULES, path, value)) == [text]


def test_an_edit_of_the_type_of_rules_is_a_change():
    boolean = {"version": 2, "return_type": "boolean", "default_value": True, "rules": []}
    number = {**boolean, "return_type": "number", "default_value": 1}
    old, new = ({**RULES, "filters": filters} for filters in (boolean, number))
    assert changes(old, new) == ["return type: boolean → number", "default value: True → 1"]


def test_rules_that_changed_places_are_one_change():
    other = {**RULE, "id": RULE["id"][:-1] + "2"}
    old = edited(RULES, "filters/rules", [RULE, other])
    new = edited(RULES, "filters/rules", [other, RULE])
    assert changes(old, new) == ["the order of rules changed"]


def test_conditions_that_only_moved_do_not_differ():
    first, second = FLAG["filters"]["groups"]
    new = edited(FLAG, "filters/groups", [{"rollout_percentage": 1}, first, second])
    assert changes(FLAG, new) == ["condition 1 is new"]
    assert changes(new, FLAG) == ["condition 1 is removed"]


def test_very_long_lists_of_conditions_are_compared_in_order():
    groups = [{"rollout_percentage": number / 10} for number in range(300)]
    old, new = (edited(FLAG, "filters/groups", part) for part in (groups, groups[1:]))
    found = changes(old, new)
    assert len(found) == 300
    assert found[-1] == "condition 300 is removed"


def test_filters_that_were_added_and_removed_are_named():
    new = edited(FLAG, "filters/groups/0/properties", [{**PRO, "value": "team"}])
    (flag,) = compare({"flags": [FLAG]}, {"flags": [new]}).flags
    assert flag.changes[0].details() == ('- person plan exact "pro"', '+ person plan exact "team"')
    assert "    + person plan" in str(compare({"flags": [FLAG]}, {"flags": [new]}))


def test_one_and_true_are_different_values():
    old = edited(FLAG, "filters/groups/0/properties/0/value", 1)
    new = edited(FLAG, "filters/groups/0/properties/0/value", True)
    assert changes(old, new) == ["condition 1: filters changed"]


def test_added_and_removed_flags_come_in_the_order_of_the_documents():
    old = {"flags": [FLAG, {**FLAG, "key": "gone"}]}
    new = {"flags": [{**FLAG, "key": "new"}, FLAG]}
    found = compare(old, new)
    assert [(flag.key, flag.status) for flag in found.flags] == [
        ("new", "added"),
        ("gone", "removed"),
    ]
    assert str(found) == "new: added\ngone: removed"


def test_a_flag_whose_dependency_changed_is_affected():
    test = {"key": "f", "type": "flag", "value": True, "operator": "flag_evaluates_to"}
    user = {"key": "user", "active": True, "filters": {"groups": [{"properties": [test]}]}}
    off = {**FLAG, "active": False}
    found = compare({"flags": [FLAG, user]}, {"flags": [off, user]})
    assert [(flag.key, flag.status) for flag in found.flags] == [
        ("f", "changed"),
        ("user", "affected"),
    ]


def test_changes_of_the_project_are_apart():
    cohorts = {"1": {"type": "AND", "values": [PRO]}, "2": {"type": "AND", "values": []}}
    old = {"flags": [], "cohorts": cohorts, "group_type_mapping": {"0": "company"}}
    new = {
        "flags": [],
        "cohorts": {"1": {"type": "OR", "values": [PRO, PRO]}, "3": {"type": "AND", "values": []}},
        "property_matching_version": 2,
    }
    assert [change.text for change in compare(old, new).project] == [
        "property_matching_version: 1 → 2",
        "group type 0: company → none",
        "cohort 1: definition changed",
        "cohort 3 is new",
        "cohort 2 is removed",
    ]


def test_an_unreadable_flag_changes_when_it_is_written_differently():
    old, new = ({"key": "f", "filters": {"version": 9, "x": number}} for number in (1, 2))
    (text,) = changes(old, new)
    assert text.startswith("the definition changed, which cannot be read here: ")
    assert changes(old, old) == []


def test_equal_documents_have_no_changes():
    found = compare({"flags": [FLAG, RULES]}, Snapshot.parse({"flags": [FLAG, RULES]}))
    assert not found
    assert found == Comparison()
    assert str(found) == "no changes"


def test_what_is_only_the_servers_count_is_no_change():
    assert not compare({"flags": [{**FLAG, "version": 1}]}, {"flags": [{**FLAG, "version": 2}]})


def test_overrides_make_a_flag_affected():
    plain = Snapshot.parse({"flags": [FLAG]})
    found = compare(plain, plain.with_overrides({"f": True, "other": True}))
    assert [(flag.key, flag.status) for flag in found.flags] == [
        ("f", "affected"),
        ("other", "affected"),
    ]


def test_a_comparison_is_json_and_prints_nothing_dangerous():
    new = edited(FLAG, "filters/payloads", {"a": "\x1b[2J"})
    found = compare({"flags": [FLAG]}, {"flags": [new]})
    (flag,) = json.loads(json.dumps(found.to_dict()))["flags"]
    assert flag["changes"][0] == {
        "kind": "payload",
        "part": "flag",
        "index": None,
        "name": "a",
        "before": "1",
        "after": "\x1b[2J",
        "text": "payload of a: 1 → \x1b[2J",
    }
    assert "\x1b" not in str(found)


def test_changes_can_be_counted():
    change = Change(ChangeKind.ROLLOUT, "x", before=1, after=2)
    assert {change: 1}[Change(ChangeKind.ROLLOUT, "x", before=1, after=2)] == 1


def test_what_is_no_document_is_refused():
    with pytest.raises(SnapshotError):
        compare({}, {"flags": []})
