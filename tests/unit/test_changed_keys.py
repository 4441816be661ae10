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


@pytest.mark.rule("R1.8")
@pytest.mark.parametrize(
    "members",
    [
        {"name": "B", "team_id": 2},
        {"tags": ["x"], "created_by": 1, "updated_at": "2026-01-01", "last_called_at": "now"},
        {"has_encrypted_payloads": False, "a member of next year": [1]},
        {"deleted": False, "ensure_experience_continuity": False, "evaluation_runtime": "all"},
        {"deleted": None, "ensure_experience_continuity": None, "evaluation_runtime": None},
        {"bucketing_identifier": "distinct_id", "evaluation_contexts": [], "evaluation_tags": []},
        {"id": None, "version": "two", "has_experiment": None},
        {"flagengine": {"hash": "sha1"}},
    ],
)
def test_members_that_change_no_answer_change_no_flag(members: dict[str, Any]):
    assert changed({"flags": [flag("a")]}, {"flags": [flag("a", **members)]}) == set()


@pytest.mark.parametrize(
    "members",
    [
        {"id": 2},
        {"version": 2},
        {"has_experiment": True},
        {"bucketing_identifier": "device_id"},
        {"ensure_experience_continuity": True},
        {"evaluation_runtime": "client"},
        {"evaluation_contexts": ["web"]},
        {"evaluation_tags": ["web"]},
        {"flagengine": {"hash": "murmur3"}},
    ],
)
def test_members_that_an_answer_depends_on_or_hands_back_change_the_flag(members: dict[str, Any]):
    assert changed({"flags": [flag("a")]}, {"flags": [flag("a", **members)]}) == {"a"}


def configured(*conditions: dict[str, Any], **filters: Any) -> dict[str, Any]:
    return {"flags": [flag("a", filters={"groups": list(conditions), **filters})]}


@pytest.mark.rule("R1.8")
@pytest.mark.parametrize(
    "filters",
    [
        {"version": 1, "multivariate": None, "payloads": {}, "aggregation_group_type_index": None},
        {"version": 1.0, "multivariate": {"variants": []}, "payloads": {"true": None}},
        {"holdout": None, "early_exit": False, "feature_enrollment": None},
        {"super_groups": [{}], "holdout_groups": None, "a member of next year": 1},
    ],
)
def test_a_default_of_the_configuration_that_is_written_out_changes_no_flag(filters):
    assert changed(configured({}), configured({}, **filters)) == set()


@pytest.mark.rule("R1.8")
@pytest.mark.parametrize(
    "condition",
    [
        {"description": "x", "sort_key": "1", "users_affected": 3, "a member of next year": 1},
        {"properties": [], "rollout_percentage": None, "variant": None},
        {"properties": None, "rollout_percentage": 100},
        {"rollout_percentage": 100.0, "variant": "no variant of this flag"},
        {"aggregation_group_type_index": None},
    ],
)
def test_a_default_of_a_condition_that_is_written_out_changes_no_flag(condition):
    assert changed(configured({}), configured(condition)) == set()


@pytest.mark.rule("R1.8")
@pytest.mark.parametrize(
    ("short", "long"),
    [
        ({"value": "x"}, {"value": "x", "type": "person", "operator": "exact", "negation": False}),
        ({"value": "x"}, {"value": "x", "group_type_index": 0, "label": "?", "negation": True}),
        ({"value": 1, "operator": "min"}, {"value": 1, "operator": "gte"}),
        ({"operator": "is_set"}, {"operator": "is_set", "value": "is_set"}),
        ({"type": "cohort", "value": 7}, {"type": "cohort", "value": 7, "operator": "in"}),
    ],
)
def test_a_default_of_a_filter_that_is_written_out_changes_no_flag(short, long):
    left, right = [configured({"properties": [{"key": "p", **leaf}]}) for leaf in (short, long)]
    assert changed(left, right) == set()
    if "type" not in short:
        left, right = [
            {"flags": [flag("a", in_cohort(7))], "cohorts": {"7": {"type": "OR", "values": [leaf]}}}
            for leaf in ({"key": "p", **short}, {"key": "p", **long, "negation": False})
        ]
        assert changed(left, right) == set()


def test_only_variants_that_there_are_can_be_pinned():
    def pinned(variant: str | None) -> dict[str, Any]:
        variants = [{"key": name, "rollout_percentage": 50} for name in ("x", "y")]
        return configured({"variant": variant}, multivariate={"variants": variants})

    assert changed(pinned("gone"), pinned(None)) == set()
    assert changed(pinned("x"), pinned("y")) == {"a"}


def test_the_value_of_a_cohort_filter_counts_whatever_its_operator_is():
    old, new = [
        configured({"properties": [{**in_cohort(n), "operator": "is_set"}]}) for n in (7, 8)
    ]
    assert changed(old, new) == {"a"}


def test_the_group_of_a_filter_may_be_that_of_its_condition():
    def of_team(**members: Any) -> dict[str, Any]:
        leaf = {"key": "tier", "value": "gold", **members}
        return configured({"properties": [leaf]}, aggregation_group_type_index=0)

    assert changed(of_team(), of_team(type="group", group_type_index=0)) == set()
    assert changed(of_team(), of_team(type="group", group_type_index=1)) == {"a"}
    assert changed(of_team(), of_team(type="person")) == {"a"}


def test_a_condition_may_repeat_the_group_of_its_flag():
    inherited = configured({}, aggregation_group_type_index=0)
    repeated = configured({"aggregation_group_type_index": 0}, aggregation_group_type_index=0)
    of_persons = configured({"aggregation_group_type_index": None}, aggregation_group_type_index=0)
    assert changed(inherited, repeated) == set()
    assert changed(inherited, of_persons) == {"a"}


@pytest.mark.parametrize("negation", [False, True])
def test_a_negated_leaf_of_a_cohort_is_another_one(negation: bool):
    def document(negation: bool) -> dict[str, Any]:
        leaf = {"key": "p", "value": "x", "negation": negation}
        inner = {"type": "property", "values": [leaf]}
        cohorts = {"7": {"type": "AND", "values": [inner, {}], "name": str(negation)}}
        return {"flags": [flag("a", in_cohort(7))], "cohorts": cohorts}

    assert changed(document(False), document(negation)) == ({"a"} if negation else set())


@pytest.mark.rule("R1.8")
@pytest.mark.parametrize(
    "leaf",
    [
        {"key": "p", "type": "person", "operator": "resembles", "value": 1, "how": "closely"},
        {"key": "p", "type": "astrological", "value": 1, "how": "closely"},
        {"key": "p", "type": "person", "value": 1, "operator": 5, "how": "closely"},
    ],
)
def test_what_cannot_be_read_counts_as_it_is_written(leaf: dict[str, Any]):
    other = {**leaf, "how": "loosely"}
    old, new = configured({"properties": [leaf]}), configured({"properties": [other]})
    assert changed(old, new) == {"a"}
    new["flags"][0] = {**old["flags"][0], "last_called_at": "now"}
    assert changed(old, new) == set()
    old, new = [
        {"flags": [flag("a", in_cohort(7))], "cohorts": {"7": {"type": "OR", "values": [found]}}}
        for found in (leaf, other)
    ]
    assert changed(old, new) == {"a"}


def test_an_unknown_format_counts_as_it_is_written():
    old, new = configured(version=3, rules=[1]), configured(version=3, rules=[2])
    assert changed(old, new) == {"a"}
    assert changed(old, {"flags": [{**old["flags"][0], "tags": ["x"]}]}) == set()


def test_an_error_that_comes_changes_the_flag():
    assert changed({"flags": [flag("a")]}, {"flags": [flag("a", active="yes")]}) == {"a"}
    assert changed({"flags": [flag("a")]}, {"flags": [flag("a", evaluation_runtime=5)]}) == {"a"}
    twice = {"flags": [flag("a"), flag("a")]}
    assert changed(twice, {"flags": [flag("a", tags=["x"]), flag("a")]}) == {"a"}


@pytest.mark.rule("R1.8")
def test_a_flag_that_is_off_answers_alike_whatever_its_conditions_are():
    def off(document: dict[str, Any], **members: Any) -> dict[str, Any]:
        found = document["flags"][0]
        return {**document, "flags": [{**found, "active": False, **members}, flag("b")]}

    plain = off(configured({}))
    variants = {"variants": [{"key": "x", "rollout_percentage": 100}]}
    edited = configured(
        {"properties": [in_cohort(7), depends_on("b")], "variant": "x"},
        multivariate=variants,
        early_exit=True,
        feature_enrollment=True,
        holdout={"id": 7, "exclusion_percentage": 10},
        aggregation_group_type_index=0,
    )
    assert changed(plain, off(edited, bucketing_identifier="device_id")) == set()
    edited["cohorts"] = {"7": {"type": "AND", "values": []}}
    assert changed(plain, off(edited)) == set()
    assert changed(plain, off(configured({}), id=5)) == {"a"}
    assert changed(plain, off(configured({}, payloads={"true": "1"}))) == {"a"}  # for overrides
    assert changed(plain, off(configured({}), flagengine={"hash": "md5"})) == {"a"}


def test_what_describes_a_rule_of_format_2_changes_no_flag():
    def document(rule: dict[str, Any], **members: Any) -> dict[str, Any]:
        targeting = {"properties": [{"key": "p", "type": "person", "value": "x", **members}]}
        rule = {
            "id": "00000000-0000-4000-8000-000000000001",
            "rule_type": "targeted_release",
            "targeting": targeting,
            "value": True,
            **rule,
        }
        rules = {"version": 2, "return_type": "boolean", "default_value": False, "rules": [rule]}
        return {"flags": [flag("a", filters=rules)]}

    described = {"description": "x", "metadata": {"a": 1}}
    assert changed(document({}), document(described, label="?", operator="exact")) == set()
    assert changed(document({}), document({"value": False})) == {"a"}


def test_a_version_alone_is_a_change_unless_the_caller_says_otherwise():
    near = flag("near", depends_on("a"))
    before = Snapshot.parse({"flags": [flag("a", version=1), near]})
    after = Snapshot.parse({"flags": [flag("a", version=2), near]})
    edited = Snapshot.parse({"flags": [flag("a", version=3, active=False), near]})
    assert after.changed_keys(before) == {"a"}
    assert after.changed_keys(before, versions=False) == set()
    assert edited.changed_keys(after, versions=False) == {"a", "near"}


@pytest.mark.rule("R1.8")
@pytest.mark.parametrize("payloads", [{"true": "2"}, {"true": "1", "x": "1"}])
def test_no_flag_depends_on_the_payloads_and_the_metadata_of_another(payloads: dict[str, Any]):
    near, filters = flag("near", depends_on("a")), {"groups": [{}], "payloads": {"true": "1"}}
    old = {"flags": [flag("a", filters=filters, id=1), near]}
    assert changed(old, {"flags": [flag("a", filters=filters, id=2), near]}) == {"a"}
    new = {"flags": [flag("a", filters={**filters, "payloads": payloads}, id=1), near]}
    assert changed(old, new) == {"a"}


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
