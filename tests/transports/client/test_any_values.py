"""The client takes a value or an id of any kind for what the engine takes it for."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from flagengine import NOT_GIVEN, to_json_value, usable_id
from flagengine.transports.context import context, current, id_of
from flagengine.transports.json_text import members_of, to_json
from tests.any_values import VALUES

from .bench import Bench

IDS = {
    "bytes": (b"user-1", "user-1"),
    "integer": (7, "7"),
    "float": (7.0, "7.0"),
    "boolean": (True, None),
    "NaN": (float("nan"), None),
    "list": (["u"], None),
    "surrogate": ("\ud800", None),
    "bytes that are not UTF-8": (b"\xff", None),
}


@dataclass
class Plan:
    name: str = "pro"
    seats: Any = None


class Model:
    def model_dump(self) -> dict[str, Any]:
        return {"name": "pro", "seats": {1, 2}}


@pytest.mark.contract("capture")
@pytest.mark.parametrize("name", VALUES)
def test_a_property_of_an_event_is_what_flags_take_it_for(name: str) -> None:
    make, expected = VALUES[name]
    found = json.loads(to_json({"v": make()}))["v"]
    if expected is not NOT_GIVEN and name != "integer too large":  # JSON itself has no bounds
        assert found == json.loads(json.dumps(expected))


@pytest.mark.contract("capture")
@pytest.mark.parametrize("name", VALUES)
def test_a_value_that_cannot_be_read_costs_no_other(name: str) -> None:
    make, _ = VALUES[name]
    found = json.loads(to_json({"v": [make(), 1], "w": 2}))
    assert found["w"] == 2
    assert found["v"] is None or found["v"][1] == 1


@pytest.mark.contract("capture")
def test_events_show_what_flags_take_for_not_given() -> None:
    shown = {"array": [1, 2], "Series": [1, 2], "NA": None, "deque": [1], "path": "/a"}
    for name, expected in shown.items():
        assert json.loads(to_json(VALUES[name][0]())) == expected


@pytest.mark.contract("capture", "identify", "set-person-properties", "group-identify")
@pytest.mark.parametrize("make", [Plan, Model])
def test_a_model_is_an_object_and_may_be_the_properties(make: Callable[[], Any]) -> None:
    sent = json.loads(to_json(make()))
    assert sent["name"] == "pro"
    with Bench() as bench:
        client = bench.client
        client.capture("e", distinct_id="u", properties={"plan": make(), "all": [make()]})
        client.capture("e", distinct_id="u", properties=make())
        client.identify("u", make())
        client.group_identify("company", "acme", make())
        client.set(make(), distinct_id="u")
        with client.context(properties=make()):
            client.capture("e", distinct_id="u")
        client.register(make())
        client.capture("e", distinct_id="u")
        found = [event["properties"] for event in bench.events()]
    assert found[0]["plan"] == sent
    assert found[0]["all"] == [sent]
    assert found[2]["$set"] == found[3]["$group_set"] == found[4]["$set"] == sent
    for place in (1, 5, 6):
        assert found[place].items() >= sent.items()


@pytest.mark.contract("capture")
def test_the_members_of_what_has_none_are_none() -> None:
    assert members_of(7) is None
    assert members_of(VALUES["raising model"][0]()) is None
    assert members_of(VALUES["raising class"][0]()) is None


@pytest.mark.contract("capture", "identify", "alias", "group-identify", "get-feature-flag")
@pytest.mark.parametrize("name", IDS)
def test_every_verb_takes_an_id_for_the_same_person(name: str) -> None:
    given, expected = IDS[name]
    assert usable_id(given) == id_of(given) == expected
    with Bench() as bench:
        client = bench.client
        bench.server.flags = {"f": True}
        client.capture("e", distinct_id=given)
        client.identify(given, {"a": 1})
        client.alias("u", given)
        client.group_identify("company", given)
        with client.context(distinct_id=given, session_id=given, device_id=given) as scope:
            assert (scope.distinct_id, scope.session_id, scope.device_id) == (expected,) * 3
            client.capture("in context")
        value = client.get_feature_flag("f", given)
        events = {event["event"]: event for event in bench.events()}
    assert value is (None if expected is None else True)
    if expected is None:
        assert set(events) == {"e", "in context"}
        for event in events.values():
            assert event["properties"]["$process_person_profile"] is False
    else:
        assert events["e"]["distinct_id"] == events["$identify"]["distinct_id"] == expected
        assert events["in context"]["distinct_id"] == expected
        assert events["$create_alias"]["properties"]["alias"] == expected
        assert events["$groupidentify"]["properties"]["$group_key"] == expected


@pytest.mark.contract("capture")
def test_an_unusable_id_is_not_the_person_of_the_context(caplog: pytest.LogCaptureFixture) -> None:
    class Odd:
        pass

    with caplog.at_level(logging.WARNING), context(distinct_id="anna"):
        assert id_of(Odd(), current()) is None
        with context(distinct_id=Odd()):
            assert current().distinct_id is None
        with context(distinct_id=" "):
            assert current().distinct_id == "anna"
    assert [record.getMessage() for record in caplog.records] == [
        "an id must be text with a UTF-8 form or a number, got Odd: it names nobody"
    ]


@pytest.mark.contract("before-send-hook")
@pytest.mark.parametrize("name", IDS)
def test_a_hook_that_changes_the_id_is_read_by_the_same_rule(name: str) -> None:
    given, expected = IDS[name]
    with Bench(before_send=lambda event: {**event, "distinct_id": given}) as bench:
        bench.client.capture("e", distinct_id="u")
        sent = [event["distinct_id"] for event in bench.events()]
    assert sent == ([] if expected is None else [expected])


@pytest.mark.contract("get-feature-flag")
def test_flags_take_models_as_properties_and_any_device_id() -> None:
    with Bench() as bench:
        bench.server.flags = {"f": True}
        bench.client.get_feature_flag("f", "u", person_properties=Plan(), device_id=b"phone")
        bench.client.get_feature_flag("f", "u", device_id=True)
        first, second = bench.flag_requests
    assert to_json_value(Plan()) == {"name": "pro", "seats": None}
    assert (first["person_properties"], first["device_id"]) == (
        {"name": "pro", "seats": None},
        "phone",
    )
    assert "device_id" not in second
