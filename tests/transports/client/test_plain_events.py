"""The quickest way to an event gives what the full way gives, and keeps off what it may not decide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flagengine.transports import json_text
from flagengine.transports.batching.event import Event
from flagengine.transports.client import plain_events

from .bench import Bench

USUAL = {"plan": "pro", "seats": 12, "share": 0.5, "trial": False, "since": None}


@pytest.fixture(params=["with orjson", "without orjson"], autouse=True)
def encoder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "without orjson":
        monkeypatch.setattr(json_text, "_quickest", None)
        monkeypatch.setattr(plain_events, "encode_plain", json_text._standard)
    elif json_text._quickest is None:
        pytest.skip("orjson is not installed")


def plain(bench: Bench, name: object = "viewed", **message: Any) -> Event | None:
    return bench.client.components.preparation.plain(name, {"distinct_id": "u", **message})


def in_full(bench: Bench, name: object = "viewed", **message: Any) -> dict[str, Any]:
    prepared = bench.client.components.preparation.prepare(name, **{"distinct_id": "u", **message})
    assert prepared is not None
    return comparable(prepared)


def comparable(event: Event) -> dict[str, Any]:
    decoded: dict[str, Any] = event.decoded()
    assert decoded.pop("uuid") == event.uuid == str(UUID(event.uuid))
    assert decoded["event"] == event.name
    return decoded


def test_a_usual_event_is_what_the_full_way_makes() -> None:
    with Bench(super_properties={"team": "red", "nested": {"a": [1]}}) as bench:
        for properties in (USUAL, {}, None, {"$set": {"name": "Ada"}, "tags": ["a", {"b": 1}]}):
            event = plain(bench, properties=properties)
            assert event is not None
            assert comparable(event) == in_full(bench, properties=properties)


NAMES = st.sampled_from(["team", "$lib", "$os", "$geoip_disable", "$groups", "plan", "", "é\ud800"])


@pytest.mark.filterwarnings("ignore")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    properties=st.dictionaries(
        st.text(max_size=3) | NAMES,
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
        max_size=5,
    ),
    name=st.text(min_size=1, max_size=3) | st.just("$exception"),
    person=st.text(min_size=1, max_size=3) | st.integers() | st.none(),
    disable_geoip=st.booleans(),
)
def test_any_event_is_what_the_full_way_makes(
    properties: dict[str, Any], name: str, person: object, disable_geoip: bool
) -> None:
    with Bench(super_properties={"team": "red"}, disable_geoip=disable_geoip) as bench:
        event = plain(bench, name, distinct_id=person, properties=properties)
        if event is not None:
            full = in_full(bench, name, distinct_id=person, properties=properties)
            assert comparable(event) == full


def test_later_changes_of_the_properties_have_no_effect() -> None:
    with Bench() as bench:
        properties: dict[str, Any] = {"tags": ["a"]}
        bench.client.capture("viewed", distinct_id="u", properties=properties)
        properties["tags"].append("b")
        properties["more"] = 1
        bench.client.flush()
        (event,) = bench.events()
    assert event["properties"]["tags"] == ["a"]
    assert "more" not in event["properties"]


def test_registered_properties_are_in_all_later_events() -> None:
    with Bench(super_properties={"team": "red"}) as bench:
        for change in (
            lambda: bench.client.register({"team": "blue", "size": 3}),
            lambda: bench.client.unregister("size"),
            lambda: bench.client.register({"odd": {1, 2}}),
            bench.client.reset,
        ):
            change()
            bench.client.capture("viewed", distinct_id="u", properties=USUAL)
            bench.client.flush()
            captured, full = bench.events()[-1], in_full(bench, properties=USUAL)
            assert captured["properties"] == full["properties"]


def test_a_registered_value_that_must_be_converted_is_converted_for_each_event() -> None:
    class Changing:
        times = 0

        def __str__(self) -> str:
            Changing.times += 1
            return str(Changing.times)

    with Bench() as bench:
        bench.client.register({"at": Changing()})
        for _ in range(2):
            bench.client.capture("viewed", distinct_id="u")
        bench.client.flush()
        first, second = (event["properties"]["at"] for event in bench.events())
    assert first != second


@pytest.mark.parametrize(
    "message",
    [
        {"properties": {"team": "of the caller"}},
        {"properties": {"$lib": "another"}},
        {"properties": {"at": {1, 2}}},
        {"properties": {"a": [b"bytes"]}},
        {"properties": [("a", 1)]},
        {"properties": {"a": "\ud800"}},
        {"distinct_id": None},
        {"distinct_id": 7},
        {"distinct_id": "  "},
        {"distinct_id": "\ud800"},
        {"timestamp": "2025-01-02T03:04:05Z"},
        {"uuid": str(UUID(int=7))},
        {"groups": {"company": "acme"}},
        {"flags": None},
        {"disable_geoip": False},
    ],
)
def test_what_is_not_usual_goes_the_full_way(message: Mapping[str, Any]) -> None:
    with Bench(super_properties={"team": "red"}) as bench:
        assert plain(bench) is not None
        assert plain(bench, **message) is None


@pytest.mark.parametrize("name", ["", " ", None, 5, "$exception", "\ud800"])
def test_what_is_no_usual_name_goes_the_full_way(name: object) -> None:
    with Bench() as bench:
        assert plain(bench, name) is None


def test_an_event_in_a_context_goes_the_full_way() -> None:
    with Bench() as bench, bench.client.context(distinct_id="someone"):
        assert plain(bench) is None


def test_hooks_and_sync_mode_see_every_event() -> None:
    with Bench(before_send=lambda event: event) as bench:
        assert plain(bench) is None
    with Bench(sync_mode=True) as bench:
        assert plain(bench) is None


def test_a_client_that_is_not_active_makes_no_event() -> None:
    with Bench() as bench:
        bench.client.opt_out()
        assert plain(bench) is None
        bench.client.opt_in()
        assert plain(bench) is not None
    assert plain(bench) is None
