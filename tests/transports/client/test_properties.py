"""Stored properties, opting out and in, and what survives a restart."""

from __future__ import annotations

import stat
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest

from flagengine.transports import JsonStorage

from .bench import Bench


@pytest.mark.contract("register", "unregister")
class TestRegistered:
    def test_they_are_in_every_later_event_and_lose_to_its_own(self) -> None:
        with Bench() as bench:
            bench.client.register({"plan": "free", "seats": 1})
            bench.client.register({"plan": "pro"})
            bench.client.capture("e", distinct_id="u", properties={"seats": 2})
            bench.client.identify("u")
            first, second = (event["properties"] for event in bench.events())
        assert (first["plan"], first["seats"]) == ("pro", 2)
        assert (second["plan"], second["seats"]) == ("pro", 1)

    def test_one_is_taken_away_and_an_unknown_one_is_no_trouble(self) -> None:
        with Bench(super_properties={"kept": 1}) as bench:
            bench.client.register({"plan": "pro"})
            bench.client.unregister("plan")
            bench.client.unregister("never there")
            bench.client.capture("e", distinct_id="u")
            properties = bench.event()["properties"]
        assert "plan" not in properties
        assert properties["kept"] == 1

    def test_registering_is_no_event(self) -> None:
        with Bench() as bench:
            bench.client.register({"plan": "pro"})
            bench.client.unregister("plan")
            assert bench.events() == []

    def test_later_changes_by_the_caller_do_not_count(self) -> None:
        given = {"tags": ["a"]}
        with Bench() as bench:
            bench.client.register(given)
            given["tags"].append("b")
            bench.client.capture("e", distinct_id="u")
            assert bench.event()["properties"]["tags"] == ["a"]

    def test_they_outlive_the_process_in_a_storage(self, tmp_path: Path) -> None:
        path = tmp_path / "client.json"
        with Bench(storage=JsonStorage(path)) as bench:
            bench.client.register({"plan": "pro"})
        with Bench(storage=JsonStorage(path)) as bench:
            bench.client.capture("e", distinct_id="u")
            assert bench.event()["properties"]["plan"] == "pro"
            bench.client.unregister("plan")
        with Bench(storage=JsonStorage(path)) as bench:
            bench.client.capture("e", distinct_id="u")
            assert "plan" not in bench.event()["properties"]

    def test_reset_forgets_them(self) -> None:
        with Bench() as bench:
            bench.client.register({"plan": "pro"})
            bench.client.set_person_properties_for_flags({"plan": "pro"})
            bench.client.reset()
            bench.client.capture("e", distinct_id="u")
            assert "plan" not in bench.event()["properties"]
            assert bench.client.components.flag_properties.person == {}


@pytest.mark.contract("consent-gating", "opt-in", "is-opt-out")
class TestOptOut:
    def test_every_kind_of_event_is_held_back(self) -> None:
        with Bench() as bench:
            client = bench.client
            client.disable()
            results = [
                client.capture("e", distinct_id="u"),
                client.capture_immediate("e", distinct_id="u"),
                client.capture_ai("e", distinct_id="u"),
                client.capture_ai_immediate("e", distinct_id="u"),
                client.identify("u", {"a": 1}),
                client.alias("u", "v"),
                client.group_identify("company", 1),
                client.set({"a": 1}, distinct_id="u"),
                client.capture_exception(ValueError(), "u"),
                client.prepare_event_message("e", distinct_id="u"),
            ]
            client.flush()
            assert results == [None] * len(results)
            assert bench.server.requests == []
            client.enable()
            assert client.capture("e", distinct_id="u") is not None

    def test_flags_are_still_answered_but_not_reported(self) -> None:
        with Bench() as bench:
            bench.server.flags = {"a": True}
            bench.client.opt_out()
            assert bench.client.get_feature_flag("a", "u") is True
            bench.client.opt_in()
            assert bench.called() == []
            bench.client.get_feature_flag("a", "u")
            assert len(bench.called()) == 1

    def test_the_choice_is_there_before_the_first_event_of_the_next_process(
        self, tmp_path: Path
    ) -> None:
        path = tmp_path / "client.json"
        with Bench(storage=JsonStorage(path)) as bench:
            bench.client.opt_out()
        with Bench(storage=JsonStorage(path)) as bench:
            assert bench.client.is_opted_out()
            assert bench.client.capture("e", distinct_id="u") is None
            bench.client.opt_in()
        with Bench(storage=JsonStorage(path), default_opt_in=False) as bench:
            assert not bench.client.is_opted_out()

    def test_a_client_may_begin_opted_out(self) -> None:
        with Bench(default_opt_in=False) as bench:
            assert bench.client.capture("e", distinct_id="u") is None
            bench.client.opt_in()
            assert bench.client.capture("e", distinct_id="u") is not None

    def test_what_was_queued_before_is_still_sent(self) -> None:
        with Bench() as bench:
            bench.client.capture("e", distinct_id="u")
            bench.client.opt_out()
            assert len(bench.events()) == 1


@pytest.mark.contract("set-person-properties")
class TestPersonProperties:
    def test_both_kinds_are_one_event(self) -> None:
        with Bench() as bench:
            bench.client.set_person_properties({"a": 1}, {"b": 2}, distinct_id="u")
            event = bench.event("$set")
        assert event["distinct_id"] == "u"
        assert event["properties"]["$set"] == {"a": 1}
        assert event["properties"]["$set_once"] == {"b": 2}

    def test_short_forms(self) -> None:
        with Bench() as bench, bench.client.context(distinct_id="u"):
            bench.client.set({"a": 1})
            bench.client.set_once({"b": 2})
            bench.client.unset_person_properties(["c", "d"])
            first, second, third = (event["properties"] for event in bench.events("$set"))
        assert first["$set"] == {"a": 1}
        assert second["$set_once"] == {"b": 2}
        assert third["$unset"] == ["c", "d"]

    def test_without_any_nothing_happens(self) -> None:
        with Bench() as bench:
            bench.client.set_person_properties({}, None, distinct_id="u")
            bench.client.set({}, distinct_id="u")
            bench.client.unset_person_properties([], distinct_id="u")
            assert bench.events() == []


@pytest.mark.contract("identify")
def test_special_fields_inside_the_properties_count_as_what_they_are() -> None:
    with Bench() as bench:
        bench.client.identify(
            "u",
            {"$set": {"a": 1}, "$set_once": {"b": 2}, "$anon_distinct_id": "anon", "c": 3},
            set_once={"d": 4},
        )
        bench.client.identify("u", {"a": 1}, anon_distinct_id="anon")
        first, second = (event["properties"] for event in bench.events("$identify"))
    assert first["$set"] == {"a": 1}
    assert first["$set_once"] == {"b": 2, "d": 4}
    assert first["$anon_distinct_id"] == second["$anon_distinct_id"] == "anon"
    assert second["$set"] == {"a": 1}


@pytest.mark.contract("alias", "group-identify", "identify")
def test_immediate_variants_deliver_before_they_return() -> None:
    with Bench() as bench:
        client = bench.client
        assert client.identify_immediate("u", {"a": 1}) is not None
        assert client.alias_immediate(alias="v", previous_id="u") is not None
        assert client.group_identify_immediate("company", 1, distinct_id="me") is not None
        assert client.pending_count() == 0
        last = bench.events()[-1]
    assert last["distinct_id"] == "me"
    assert last["properties"]["$group_set"] == {}


class BrokenStorage(MutableMapping[str, Any]):
    def __getitem__(self, key: str) -> Any:
        raise OSError

    __setitem__ = __delitem__ = __getitem__  # type: ignore[assignment]

    def get(self, key: str, default: object = None) -> Any:
        raise OSError

    def __iter__(self) -> Iterator[str]:
        raise OSError

    def __len__(self) -> int:
        raise OSError


class TestStorage:
    def test_a_broken_one_costs_warnings(self, caplog: pytest.LogCaptureFixture) -> None:
        with Bench(storage=BrokenStorage()) as bench:
            bench.client.register({"plan": "pro"})
            bench.client.capture("e", distinct_id="u")
            assert bench.event()["properties"]["plan"] == "pro"
            assert bench.client.get_persisted_property("x") is None
        assert "cannot read the storage" in caplog.text

    @pytest.mark.parametrize("content", ["{half", "[" * 100_000])
    def test_a_broken_file_counts_as_empty(
        self, content: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        path = tmp_path / "client.json"
        path.write_text(content)
        storage = JsonStorage(path)
        assert dict(storage) == {}
        assert "cannot read the storage" in caplog.text
        storage["a"] = 1
        assert dict(JsonStorage(path)) == {"a": 1}

    def test_it_is_its_owners_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "client.json"
        JsonStorage(path)["a"] = 1
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_what_the_application_keeps_there_is_a_copy(self) -> None:
        kept = {"a": [1]}
        with Bench() as bench:
            bench.client.set_persisted_property("mine", kept)
            kept["a"].append(2)
            found = bench.client.get_persisted_property("mine")
            assert found == {"a": [1]}
            found["a"].append(3)
            assert bench.client.get_persisted_property("mine") == {"a": [1]}
            bench.client.set_persisted_property("mine", None)
            assert bench.client.get_persisted_property("mine") is None

    def test_the_clients_own_entries_take_effect_at_once(self) -> None:
        with Bench() as bench:
            bench.client.set_persisted_property("opted_out", True)
            assert bench.client.is_opted_out()
            bench.client.set_persisted_property("opted_out", False)
            bench.client.set_persisted_property("props", {"plan": "pro"})
            bench.client.capture("e", distinct_id="u")
            assert bench.event()["properties"]["plan"] == "pro"
            assert bench.client.get_persisted_property("props") == {"plan": "pro"}
