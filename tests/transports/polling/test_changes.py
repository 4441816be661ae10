"""Which flags a listener is told of."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from flagengine.transports.polling.changes import changed_keys, index_definitions


def flag(key: str, *filters: dict[str, Any], **extra: Any) -> dict[str, Any]:
    return {"key": key, "filters": {"groups": [{"properties": list(filters)}]}, **extra}


def changed(old: dict[str, Any], new: dict[str, Any]) -> set[str]:
    return set(changed_keys(index_definitions(old), index_definitions(new)))


def test_equal_definitions_change_nothing_whatever_their_key_order() -> None:
    assert changed({"flags": [{"key": "a", "id": 1}]}, {"flags": [{"id": 1, "key": "a"}]}) == set()


def test_a_changed_a_new_and_a_gone_flag_are_named_and_no_other() -> None:
    old = {"flags": [flag("same"), flag("changed", active=True), flag("gone")]}
    new = {"flags": [flag("same"), flag("changed", active=False), flag("new")]}
    assert changed(old, new) == {"changed", "new", "gone"}


def test_a_changed_cohort_changes_the_flags_that_reach_it() -> None:
    flags = [
        flag("direct", {"type": "cohort", "value": 1}),
        flag("nested", {"type": "cohort", "value": "2"}),
        flag("other", {"type": "cohort", "value": 3}),
    ]
    nested = {"type": "AND", "values": [{"type": "cohort", "value": 1}]}
    old = {"flags": flags, "cohorts": {"1": {"a": 1}, "2": nested, "3": {}}}
    new = {"flags": flags, "cohorts": {"1": {"a": 2}, "2": nested, "3": {}}}
    assert changed(old, new) == {"direct", "nested"}


def test_a_changed_flag_changes_the_flags_that_depend_on_it_by_id_or_key() -> None:
    dependants = [
        flag("by-id", {"type": "flag", "key": "7"}),
        flag("by-key", {"type": "flag", "key": "base"}),
        flag("far", {"type": "flag", "key": "by-id"}),
        flag("other"),
    ]
    old = {"flags": [flag("base", id=7, active=True), *dependants]}
    new = {"flags": [flag("base", id=7, active=False), *dependants]}
    assert changed(old, new) == {"base", "by-id", "by-key", "far"}


def test_a_change_of_what_all_flags_share_changes_all() -> None:
    old = {"flags": [flag("a"), flag("b")], "group_type_mapping": {"0": "company"}}
    new = {"flags": [flag("a"), flag("b")], "group_type_mapping": {"0": "team"}}
    assert changed(old, new) == {"a", "b"}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)
documents = st.fixed_dictionaries(
    {"flags": json_values | st.lists(json_values), "cohorts": json_values}
)


@settings(deadline=None)
@given(documents, documents)
def test_indexing_and_comparing_is_total(old: dict[str, Any], new: dict[str, Any]) -> None:
    names = index_definitions(old).names.keys() | index_definitions(new).names.keys()
    assert changed(old, new) <= set(names)
    assert changed(old, old) == set()
