"""The published state is swapped whole, never replaced by an older state, and announced."""

from __future__ import annotations

import logging

import pytest

from flagengine import Snapshot
from flagengine.transports.polling.store import DefinitionsChanged, DefinitionStore, Published


def state(*keys: str, generation: int = 1) -> Published:
    document = {
        "flags": [{"key": key, "active": True} for key in keys],
        "minimal_flag_called_events": True,
    }
    snapshot = Snapshot.parse(document)
    return Published(snapshot, generation=generation, loaded_at=1.0, refreshed_at=1.0)


def test_nothing_is_in_use_at_first() -> None:
    current = DefinitionStore().current
    assert (current.snapshot, current.fingerprint, current.is_ready) == (None, None, False)


@pytest.mark.contract("flag-definition-loader")
def test_what_a_reader_holds_does_not_change_under_it() -> None:
    store = DefinitionStore()
    store.publish(state("a"))
    taken = store.current
    store.publish(state("b", generation=2))
    assert taken.snapshot is not None
    assert list(taken.snapshot.flags) == ["a"]


@pytest.mark.contract("flag-definition-loader")
def test_an_older_generation_never_replaces_a_newer_one() -> None:
    store = DefinitionStore()
    store.publish(state("new", generation=5))
    store.publish(state("old", generation=4))
    store.refresh(generation=4, version="old", at=9.0)
    store.clear(generation=4)
    assert store.current.generation == 5
    assert store.current.version is None
    assert store.current.is_ready


@pytest.mark.contract("flag-definition-loader")
def test_a_refresh_keeps_the_snapshot_and_the_minimal_gate() -> None:
    store = DefinitionStore()
    store.publish(state("a"))
    before = store.current
    after = store.refresh(generation=2, version="v2", at=31.0)
    assert after.snapshot is before.snapshot
    assert after.minimal_flag_called_events
    assert (after.version, after.refreshed_at, after.refresh) == ("v2", 31.0, before.refresh + 1)
    assert after.loaded_at == before.loaded_at


def test_listeners_learn_which_flags_changed_until_they_unsubscribe() -> None:
    store, heard = DefinitionStore(), list[DefinitionsChanged]()
    unsubscribe = store.subscribe(heard.append)
    store.publish(state("a", "b"))
    store.publish(state("b", "c", generation=2))
    unsubscribe()
    store.publish(state("z", generation=3))
    assert [change.changed_keys for change in heard] == [{"a", "b"}, {"a", "c"}]


def test_clearing_notifies_listeners_even_if_nothing_was_loaded() -> None:
    store, heard = DefinitionStore(), list[DefinitionsChanged]()
    store.subscribe(heard.append)
    store.clear(generation=1)
    assert [change.is_cleared for change in heard] == [True]


def test_a_listener_that_raises_does_not_keep_the_others_from_hearing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store, heard = DefinitionStore(), list[DefinitionsChanged]()

    def broken(_change: DefinitionsChanged) -> None:
        raise RuntimeError

    store.subscribe(broken)
    store.subscribe(heard.append)
    with caplog.at_level(logging.ERROR):
        store.publish(state("a"))
    assert len(heard) == 1
    assert "listener" in caplog.text


def test_an_empty_set_of_definitions_is_loaded_but_not_ready() -> None:
    store = DefinitionStore()
    store.publish(state())
    assert store.current.snapshot is not None
    assert not store.current.is_ready
    assert not store.wait_until_ready(0)
