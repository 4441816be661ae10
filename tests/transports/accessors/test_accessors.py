"""Flags of generated modules: each reads its own flag of a client, and keeps to its own type."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from flagengine.transports import AsyncClient, Client, MemoryDefinitions, MemorySink
from flagengine.transports.accessors import (
    AnyFlag,
    AsyncAnyFlag,
    AsyncBooleanFlag,
    AsyncNumberFlag,
    AsyncObjectFlag,
    AsyncTextFlag,
    AsyncVariantFlag,
    BooleanFlag,
    NumberFlag,
    ObjectFlag,
    TextFlag,
    VariantFlag,
)

pytestmark = pytest.mark.contract("get-feature-flag")

PRO = {"key": "plan", "type": "person", "value": "pro"}


def ruled(key: str, return_type: str, value: Any) -> dict[str, Any]:
    rule = {
        "id": "10000000-0000-4000-8000-000000000001",
        "rule_type": "targeted_release",
        "targeting": {"properties": [{**PRO, "operator": "exact"}]},
        "value": value,
    }
    filters = {"version": 2, "return_type": return_type, "default_value": None, "rules": [rule]}
    return {"key": key, "active": True, "filters": filters}


FLAGS = [
    {
        "key": "beta",
        "active": True,
        "filters": {"groups": [{"properties": [PRO]}], "payloads": {"true": '{"a": 1}'}},
    },
    {
        "key": "page",
        "active": True,
        "filters": {
            "groups": [{"properties": [PRO]}],
            "multivariate": {"variants": [{"key": "test", "rollout_percentage": 100}]},
            "payloads": {"test": "[1]"},
        },
    },
    ruled("text", "string", "words"),
    ruled("number", "number", 2.5),
    ruled("object", "object", {"a": 1}),
]
GIVEN = {"person_properties": {"plan": "pro"}}
OTHER = {"person_properties": {"plan": "free"}}


@pytest.fixture
def sink():
    return MemorySink()


@pytest.fixture
def client(sink):
    with Client(definitions=MemoryDefinitions({"flags": FLAGS}), sink=sink) as made:
        yield made


def test_a_boolean_flag_is_on_or_off(client):
    flag = BooleanFlag[Any](client, "beta")
    assert flag("user", **GIVEN) is True
    assert flag("user", default=True, **OTHER) is False
    assert flag.payload("user", **GIVEN) == {"a": 1}
    assert flag.payload("user", **OTHER) is None


def test_a_flag_that_is_unknown_or_undecided_gives_the_default(client):
    assert BooleanFlag[None](client, "gone")("user") is False
    assert BooleanFlag[None](client, "gone")("user", default=True) is True
    assert BooleanFlag[None](client, "beta")("user", default=True) is True
    assert VariantFlag[Any, None](client, "gone", ("a",))("user", default="a") == "a"


def test_a_person_without_a_variant_gets_the_default(client):
    flag = VariantFlag[str, Any](client, "page", ("control", "test"))
    assert flag("user", **GIVEN) == "test"
    assert flag("user", **OTHER) is None
    assert flag("user", default="control", **OTHER) == "control"
    assert flag.payload("user", **GIVEN) == [1]
    assert flag.variants == ("control", "test")


def test_a_variant_that_was_added_later_gives_the_default(client):
    assert VariantFlag[str, None](client, "page", ("a", "b"))("user", default="a", **GIVEN) == "a"


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [(TextFlag, "text", "words"), (NumberFlag, "number", 2.5), (ObjectFlag, "object", {"a": 1})],
)
def test_a_value_has_the_type_of_its_flag(client, kind, key, value):
    assert kind(client, key)("user", **GIVEN) == value
    assert kind(client, key)("user", **OTHER) is None
    for other in {"text", "number", "object", "beta"} - {key}:
        assert kind(client, other)("user", default="default", **GIVEN) == "default"
    assert AnyFlag(client, key)("user", **GIVEN) == value


def test_a_read_sends_the_events_of_the_client(client, sink):
    BooleanFlag[None](client, "beta")("user", **GIVEN)
    BooleanFlag[None](client, "page")("user", send_feature_flag_events=False, **GIVEN)
    BooleanFlag[None](client, "beta").payload("user", **GIVEN)
    client.flush()
    sent = [event.decoded()["properties"]["$feature_flag"] for event in sink.events]
    assert sent == ["beta"]


def test_a_flag_that_is_not_called_cannot_be_taken_for_its_value(client):
    flag = BooleanFlag[None](client, "beta")
    with pytest.raises(
        TypeError, match=r"flag 'beta' must be called to be read: flag\(distinct_id\)"
    ):
        assert flag
    assert repr(flag) == "<BooleanFlag 'beta'>"


def test_a_misspelt_option_is_refused(client):
    with pytest.raises(TypeError, match="did you mean 'person_properties'"):
        BooleanFlag[None](client, "beta")("user", person_propertis={})  # type: ignore[call-arg]


def test_flags_of_an_asynchronous_client_are_awaited(sink):
    async def read() -> list[Any]:
        async with AsyncClient(
            definitions=MemoryDefinitions({"flags": FLAGS}), sink=sink
        ) as client:
            page = AsyncVariantFlag[str, Any](client, "page", ("control", "test"))
            other = AsyncVariantFlag[str, Any](client, "page", ("a",))
            return [
                await AsyncBooleanFlag[Any](client, "beta")("user", **GIVEN),
                await AsyncBooleanFlag[Any](client, "beta").payload("user", **GIVEN),
                await AsyncBooleanFlag[Any](client, "gone")("user", default=True),
                await page("user", **GIVEN),
                await page("user", default="control", **OTHER),
                await other("user", default="a", **GIVEN),
                await AsyncTextFlag[None](client, "text")("user", **GIVEN),
                await AsyncNumberFlag(client, "number")("user", **GIVEN),
                await AsyncNumberFlag(client, "beta")("user", default=1, **GIVEN),
                await AsyncObjectFlag[Any](client, "object")("user", **GIVEN),
                await AsyncAnyFlag(client, "page")("user", **GIVEN),
                await AsyncAnyFlag(client, "gone")("user"),
            ]

    wanted = [True, {"a": 1}, True, "test", "control", "a", "words", 2.5, 1, {"a": 1}, "test", None]
    assert asyncio.run(read()) == wanted
