"""Whole loads with a manual driver: what is published, kept, cleared and logged."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import pytest

from flagengine import Snapshot
from flagengine.transports.clock import ManualClock
from flagengine.transports.polling import (
    DefinitionLoader,
    DefinitionsChanged,
    Failed,
    FailureKind,
    Freshness,
    Loaded,
    LoadError,
    StalenessBudget,
    Unchanged,
)
from flagengine.transports.polling.actions import ReloadReply
from flagengine.transports.polling.fetch_results import FetchResult
from flagengine.transports.polling.publisher import Publisher
from flagengine.transports.polling.sources.memory import MemoryDefinitions

pytestmark = pytest.mark.contract("flag-definition-loader")

ONE = {"flags": [{"key": "one", "active": True}]}
TWO = {"flags": [{"key": "two", "active": True}], "minimal_flag_called_events": True}


def keys(loader: DefinitionLoader) -> list[str]:
    snapshot = loader.current.snapshot
    return [] if snapshot is None else list(snapshot.flags)


def status(code: int) -> Failed:
    return Failed(FailureKind.STATUS, f"HTTP {code}", code)


class Script:
    """A source that returns the results of a script, and records its arguments."""

    def __init__(self, *answers: FetchResult | Exception | Callable[[], FetchResult]) -> None:
        self.answers = list(answers)
        self.versions: list[str | None] = []

    def fetch(self, version: str | None) -> FetchResult:
        self.versions.append(version)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer() if callable(answer) else answer


def test_a_tick_loads_what_is_due_and_says_when_the_next_is(clock: ManualClock) -> None:
    loader = DefinitionLoader(MemoryDefinitions(ONE), clock=clock)
    assert not loader.is_ready
    assert loader.tick() == 30.0
    assert loader.is_ready
    assert keys(loader) == ["one"]
    clock.advance(10)
    assert loader.tick() == 20.0


def test_changed_definitions_are_published_whole_at_the_next_poll(clock: ManualClock) -> None:
    source = MemoryDefinitions(ONE)
    loader, heard = DefinitionLoader(source, clock=clock), list[DefinitionsChanged]()
    loader.store.subscribe(heard.append)
    loader.tick()
    source.replace(TWO)
    clock.advance(30)
    loader.tick()
    assert keys(loader) == ["two"]
    assert loader.current.minimal_flag_called_events
    assert [change.changed_keys for change in heard] == [{"one"}, {"one", "two"}]


def test_an_unchanged_answer_counts_as_a_refresh(clock: ManualClock) -> None:
    loader = DefinitionLoader(Script(Loaded(TWO, "v1"), Unchanged("v2")), clock=clock)
    loader.tick()
    before = loader.current
    clock.advance(30)
    loader.tick()
    after = loader.current
    assert after.snapshot is before.snapshot
    assert after.refresh == before.refresh + 1
    assert (after.version, after.minimal_flag_called_events) == ("v2", True)
    assert loader.health().age == 0.0


def test_equal_content_without_a_version_is_not_parsed_or_announced_again(
    clock: ManualClock,
) -> None:
    loader, heard = DefinitionLoader(Script(Loaded(ONE), Loaded(dict(ONE))), clock=clock), []
    loader.store.subscribe(heard.append)
    loader.tick()
    before = loader.current.snapshot
    clock.advance(30)
    loader.tick()
    assert loader.current.snapshot is before
    assert len(heard) == 1


@pytest.mark.parametrize(
    "again",
    [
        json.dumps(TWO).encode(),
        json.dumps(TWO, indent=2),
        {**dict(reversed(TWO.items())), "unknown": 1},
        MappingProxyType(TWO),
    ],
)
def test_equal_content_in_another_writing_is_a_refresh(again: Any, clock: ManualClock) -> None:
    loader, heard = DefinitionLoader(Script(Loaded(TWO), Loaded(again, "v2")), clock=clock), []
    loader.store.subscribe(heard.append)
    loader.tick()
    before = loader.current
    clock.advance(30)
    loader.tick()
    after = loader.current
    assert after.snapshot is before.snapshot
    assert (after.version, after.refresh) == ("v2", before.refresh + 1)
    assert len(heard) == 1


def test_text_that_comes_again_is_not_parsed_again(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed, parse = [], Snapshot.parse
    monkeypatch.setattr(
        Snapshot, "parse", lambda text, **options: parsed.append(text) or parse(text, **options)
    )
    one, two = (json.dumps(document).encode() for document in (ONE, TWO))
    loader = DefinitionLoader(Script(Loaded(one), Loaded(one), Loaded(two)), clock=clock)
    for _ in range(3):
        loader.tick()
        clock.advance(30)
    assert parsed == [one, two]
    assert keys(loader) == ["two"]


def test_a_poll_takes_over_the_flags_that_have_not_changed(clock: ManualClock) -> None:
    def with_share(share: float) -> Loaded:
        flags = [
            {"key": key, "active": True, "filters": {"groups": [{"rollout_percentage": share}]}}
            for key, share in (("kept", 50), ("edited", share))
        ]
        return Loaded(json.dumps({"flags": flags}))

    loader = DefinitionLoader(Script(with_share(1), with_share(2)), clock=clock)
    compiled = []
    for _ in range(2):
        loader.tick()
        clock.advance(30)
        snapshot = loader.current.snapshot
        assert snapshot is not None
        compiled.append([snapshot.evaluator(key) for key in ("kept", "edited")])
    assert compiled[0][0] is compiled[1][0]
    assert compiled[0][1] is not compiled[1][1]


def test_values_that_only_python_holds_for_equal_are_new_content(clock: ManualClock) -> None:
    def with_value(value: object) -> Loaded:
        return Loaded({"flags": [{"key": "a", "filters": {"groups": [{"properties": [value]}]}}]})

    loader = DefinitionLoader(Script(with_value(1), with_value(True)), clock=clock)
    loader.tick()
    before = loader.current.snapshot
    clock.advance(30)
    loader.tick()
    assert loader.current.snapshot is not before


def test_the_same_text_after_the_definitions_were_cleared_is_published_again(
    clock: ManualClock,
) -> None:
    text = json.dumps(ONE).encode()
    loader = DefinitionLoader(Script(Loaded(text), status(402), Loaded(text)), clock=clock)
    seen = []
    for _ in range(3):
        loader.tick()
        seen.append(keys(loader))
        clock.advance(60)
    assert seen == [["one"], [], ["one"]]


def test_with_a_manual_driver_waiting_and_reloading_load(clock: ManualClock) -> None:
    loader = DefinitionLoader(Script(status(500), Loaded(ONE), Loaded(TWO)), clock=clock)
    assert loader.is_manual
    assert not loader.wait_until_ready(timeout=1000)
    assert not loader.wait_until_ready(timeout=1000)
    assert loader.reload(timeout=0)
    assert loader.request() is ReloadReply.ACCEPTED
    assert keys(loader) == ["one"]
    assert loader.wait_until_ready(timeout=0)
    assert keys(loader) == ["two"]


def test_a_manual_reload_reports_failure_and_being_held_back(clock: ManualClock) -> None:
    source = Script(Loaded(ONE), status(500), status(429))
    loader = DefinitionLoader(source, clock=clock)
    assert [loader.reload() for _ in range(4)] == [True, False, False, False]
    assert len(source.versions) == 3
    loader.shutdown()
    assert not loader.reload()


def test_a_manual_reload_out_of_a_fetch_does_not_wait_for_itself(clock: ManualClock) -> None:
    def reload_meanwhile() -> FetchResult:
        assert not loader.reload(timeout=1000)
        return Loaded(ONE)

    loader = DefinitionLoader(Script(reload_meanwhile), clock=clock)
    loader.tick()
    assert keys(loader) == ["one"]


def test_definitions_that_cannot_even_be_read_are_a_failed_load(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    loader = DefinitionLoader(Script(Loaded(ONE), Loaded(ONE)), clock=clock)
    with monkeypatch.context() as broken:
        broken.setattr(Snapshot, "parse", lambda _, **_options: 1 / 0)
        assert loader.tick() == 1.0
    assert loader.health().consecutive_failures == 1
    assert "reading them raised ZeroDivisionError" in loader.health().last_error.message
    clock.advance(1)
    loader.tick()
    assert keys(loader) == ["one"]


def test_a_defect_inside_a_load_is_logged_and_not_raised_at_the_driver(
    clock: ManualClock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    loader = DefinitionLoader(Script(Loaded(ONE), Loaded(ONE)), clock=clock)
    with monkeypatch.context() as broken:
        broken.setattr(Publisher, "prepare", lambda *_: 1 / 0)
        assert loader.tick() == 30.0
    assert "failed unexpectedly" in caplog.text
    loader.tick()
    assert keys(loader) == ["one"]


def test_a_loader_without_a_source_and_a_cache_is_refused() -> None:
    with pytest.raises(ValueError, match="must have a source or a cache"):
        DefinitionLoader(None)


@pytest.mark.parametrize(
    "failure",
    [
        Failed(FailureKind.NETWORK, "refused"),
        status(500),
        status(503),
        status(403),
        status(429),
        Loaded({"no": "flags"}),
        Loaded("text"),  # type: ignore[arg-type]
        "nonsense",
        OSError("redis://:password@host"),
    ],
)
def test_a_failure_keeps_the_last_good_definitions_and_warns(
    failure: Any, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    errors: list[LoadError] = []
    loader = DefinitionLoader(
        Script(Loaded(ONE, "v1"), failure), clock=clock, on_failure=errors.append
    )
    loader.tick()
    clock.advance(30)
    with caplog.at_level(logging.WARNING):
        loader.tick()
    assert keys(loader) == ["one"]
    assert loader.is_ready
    assert len(caplog.records) == len(errors) == 1
    assert "last good definitions stay in use" in caplog.text
    assert "password" not in caplog.text
    assert loader.health().last_error == errors[0]


@pytest.mark.parametrize("code", [401, 402])
def test_a_refused_key_or_a_used_up_quota_takes_the_definitions_out_of_use(
    code: int, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    source = Script(Loaded(ONE, "v1"), status(code), Loaded(ONE, "v1"))
    loader, heard = DefinitionLoader(source, clock=clock), list[DefinitionsChanged]()
    loader.tick()
    loader.store.subscribe(heard.append)
    clock.advance(30)
    loader.tick()
    assert loader.current.snapshot is None
    assert not loader.is_ready
    assert loader.health().freshness is Freshness.EMPTY
    assert heard[0].is_cleared
    assert heard[0].changed_keys == {"one"}
    assert str(code) in caplog.text
    clock.advance(60)
    loader.tick()
    assert source.versions == [None, "v1", None]
    assert keys(loader) == ["one"]


def test_the_error_is_forgotten_after_a_success(clock: ManualClock) -> None:
    loader = DefinitionLoader(Script(status(500), Loaded(ONE)), clock=clock)
    loader.tick()
    assert loader.health().consecutive_failures == 1
    clock.advance(30)
    loader.tick()
    assert loader.health().last_error is None
    assert loader.health().consecutive_failures == 0


def test_health_ages_against_the_budget(clock: ManualClock) -> None:
    budget = StalenessBudget(stale_after=60, expired_after=120)
    loader = DefinitionLoader(Script(Loaded(ONE)), clock=clock, budget=budget)
    loader.tick()
    seen = [loader.health().freshness]
    for _ in range(2):
        clock.advance(61)
        seen.append(loader.health().freshness)
    assert seen == [Freshness.FRESH, Freshness.STALE, Freshness.EXPIRED]


def test_definitions_can_be_pushed_in_and_outlive_a_load_that_began_before(
    clock: ManualClock,
) -> None:
    def push_meanwhile() -> FetchResult:
        loader.publish(TWO)
        return Loaded(ONE, "v1")

    source = Script(push_meanwhile)
    loader = DefinitionLoader(source, clock=clock)
    loader.tick()
    assert keys(loader) == ["two"]


def test_a_load_from_within_a_load_does_not_make_two(clock: ManualClock) -> None:
    def tick_again() -> FetchResult:
        assert loader.tick() is None
        return Loaded(ONE)

    source = Script(tick_again)
    loader = DefinitionLoader(source, clock=clock)
    loader.tick()
    assert len(source.versions) == 1


def test_a_load_that_is_interrupted_does_not_block_the_next(clock: ManualClock) -> None:
    def interrupted() -> FetchResult:
        raise KeyboardInterrupt

    loader = DefinitionLoader(Script(interrupted, Loaded(ONE)), clock=clock)
    with pytest.raises(KeyboardInterrupt):
        loader.tick()
    loader.tick()
    assert loader.is_ready


def test_after_a_shutdown_nothing_is_loaded_and_what_was_loaded_stays(clock: ManualClock) -> None:
    source = Script(Loaded(ONE))
    loader = DefinitionLoader(source, clock=clock)
    loader.tick()
    loader.shutdown()
    loader.shutdown()
    clock.advance(1000)
    assert loader.tick() is None
    assert keys(loader) == ["one"]


def test_a_coroutine_source_serves_a_synchronous_loader(clock: ManualClock) -> None:
    class Coroutine:
        async def fetch(self, version: str | None) -> FetchResult:
            await asyncio.sleep(0)
            return Loaded(ONE, version)

    loader = DefinitionLoader(Coroutine(), clock=clock)
    loader.tick()
    assert keys(loader) == ["one"]
    loader.shutdown()


def test_a_callback_for_failures_that_raises_harms_nobody(
    clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_error: LoadError) -> None:
        raise RuntimeError

    loader = DefinitionLoader(Script(status(500)), clock=clock, on_failure=broken)
    loader.tick()
    assert "callback" in caplog.text
