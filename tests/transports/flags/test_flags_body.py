"""The body of a flags request, field by field."""

from __future__ import annotations

import pytest

from flagengine.transports.flags.query import FlagQuery
from flagengine.transports.flags.remote import flags_body

pytestmark = pytest.mark.contract("http-client")


def test_the_smallest_body_has_every_field_that_is_always_there() -> None:
    assert flags_body(FlagQuery("u1"), "phc_k") == {
        "token": "phc_k",
        "distinct_id": "u1",
        "groups": {},
        "person_properties": {},
        "group_properties": {},
        "geoip_disable": True,
    }


@pytest.mark.parametrize("disabled", [True, False])
def test_geoip_is_always_a_boolean(disabled: bool) -> None:
    assert flags_body(FlagQuery("u1", disable_geoip=disabled), "k")["geoip_disable"] is disabled


def test_keys_are_sent_only_when_the_request_is_scoped() -> None:
    assert "flag_keys_to_evaluate" not in flags_body(FlagQuery("u1"), "k")
    body = flags_body(FlagQuery("u1", keys=("beta",)), "k")
    assert body["flag_keys_to_evaluate"] == ["beta"]
    assert flags_body(FlagQuery("u1", keys=()), "k")["flag_keys_to_evaluate"] == []


@pytest.mark.contract("set-group-properties-for-flags")
def test_each_group_brings_its_key_and_the_callers_properties_win() -> None:
    query = FlagQuery(
        "u1",
        groups={"company": "acme", "team": 7},
        group_properties={"company": {"tier": "gold"}, "other": {"x": 1}},
    )
    assert flags_body(query, "k")["group_properties"] == {
        "company": {"$group_key": "acme", "tier": "gold"},
        "team": {"$group_key": 7},
        "other": {"x": 1},
    }


@pytest.mark.contract("set-person-properties-for-flags")
def test_person_properties_are_sent_as_given_without_the_distinct_id() -> None:
    body = flags_body(FlagQuery("u1", person_properties={"plan": "pro"}), "k")
    assert body["person_properties"] == {"plan": "pro"}


def test_a_device_id_among_the_properties_is_lifted_and_an_explicit_one_wins() -> None:
    lifted = flags_body(FlagQuery("u1", person_properties={"$device_id": "d1"}), "k")
    explicit = flags_body(
        FlagQuery("u1", person_properties={"$device_id": "d1"}, device_id="d2"), "k"
    )
    assert (lifted["device_id"], explicit["device_id"]) == ("d1", "d2")
    assert lifted["person_properties"] == {"$device_id": "d1"}


def test_evaluation_contexts_are_sent_when_set() -> None:
    body = flags_body(FlagQuery("u1"), "k", ("web",))
    assert body["evaluation_contexts"] == ["web"]


def test_building_a_body_leaves_the_query_alone() -> None:
    properties = {"company": {"tier": "gold"}}
    query = FlagQuery("u1", groups={"company": "acme"}, group_properties=properties)
    flags_body(query, "k")["group_properties"]["company"]["tier"] = "changed"
    assert properties == {"company": {"tier": "gold"}}
