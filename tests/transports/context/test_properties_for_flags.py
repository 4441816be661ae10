"""Properties for all later evaluations: they add up, can be replaced, and lose to a call's own."""

from __future__ import annotations

from typing import Any

import pytest

from flagengine.transports.context.properties_for_flags import NO_PROPERTIES, GroupForFlags


@pytest.mark.contract("set-person-properties-for-flags")
def test_person_properties_add_up_and_later_ones_win() -> None:
    properties = NO_PROPERTIES.with_person({"plan": "free", "age": 3}).with_person({"plan": "pro"})
    assert properties.person == {"plan": "pro", "age": 3}
    assert properties.with_person({}).person == properties.person
    assert NO_PROPERTIES.person == {}


@pytest.mark.contract("set-person-properties-for-flags")
def test_a_calls_own_person_properties_win() -> None:
    properties = NO_PROPERTIES.with_person({"plan": "free", "age": 3})
    assert properties.person_for({"plan": "pro"}) == {"plan": "pro", "age": 3}
    assert properties.person_for(None) == {"plan": "free", "age": 3}


@pytest.mark.contract("reset-person-properties-for-flags")
def test_a_reset_forgets_the_person_and_not_the_groups() -> None:
    properties = NO_PROPERTIES.with_person({"plan": "free"}).with_group("company", {"tier": 1})
    assert properties.without_person().person == {}
    assert properties.without_person().groups == properties.groups


@pytest.mark.contract("set-group-properties-for-flags")
def test_group_properties_add_up_and_type_key_and_properties_are_readable() -> None:
    properties = NO_PROPERTIES.with_group("company", {"tier": "gold"}, group_key="acme")
    properties = properties.with_group("company", {"size": 9}).with_group("team", {"x": 1})
    assert properties.groups["company"] == GroupForFlags(
        "company", "acme", {"tier": "gold", "size": 9}
    )
    assert properties.with_group("company", {}) == properties


@pytest.mark.contract("set-group-properties-for-flags")
@pytest.mark.parametrize(
    ("groups", "explicit", "expected"),
    [
        ({"company": "acme"}, None, {"company": {"tier": "gold"}}),
        (None, None, {"company": {"tier": "gold"}}),
        ({"company": "other"}, None, {}),
        ({"company": "acme"}, {"company": {"tier": "tin"}}, {"company": {"tier": "tin"}}),
        ({"company": "other"}, {"company": {"a": 1}}, {"company": {"a": 1}}),
    ],
)
def test_a_calls_own_group_properties_win_and_another_group_gets_none(
    groups: Any, explicit: Any, expected: Any
) -> None:
    properties = NO_PROPERTIES.with_group("company", {"tier": "gold"}, group_key="acme")
    assert properties.groups_for(groups, explicit) == expected


def test_another_key_of_a_type_begins_anew() -> None:
    properties = NO_PROPERTIES.with_group("company", {"tier": "gold"}, group_key="acme")
    other = properties.with_group("company", {"size": 1}, group_key="other")
    assert other.groups["company"] == GroupForFlags("company", "other", {"size": 1})


@pytest.mark.contract("reset-group-properties-for-flags")
def test_a_reset_forgets_one_group_type_or_all() -> None:
    properties = NO_PROPERTIES.with_group("company", {"a": 1}).with_group("team", {"b": 1})
    assert properties.without_group("company").groups.keys() == {"team"}
    assert properties.without_group("unknown").groups.keys() == {"company", "team"}
    assert properties.without_group().groups == {}


def test_what_was_given_may_be_changed_afterwards() -> None:
    given = {"plan": "free"}
    properties = NO_PROPERTIES.with_person(given)
    given["plan"] = "pro"
    assert properties.person == {"plan": "free"}
    with pytest.raises(TypeError):
        properties.person["plan"] = "pro"  # type: ignore[index]
