"""Definitions from a cache: how old they are, and that they stand in for a server that is down at the start."""

from __future__ import annotations

import logging
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flagengine.transports.clock import ManualClock
from flagengine.transports.polling import DefinitionLoader, Failed, FailureKind
from flagengine.transports.polling.fetch_results import FetchResult, Loaded
from flagengine.transports.polling.health import Freshness
from flagengine.transports.polling.sources.host_cache import HostFlagCache
from flagengine.transports.polling.sources.memory import MemoryDefinitions

pytestmark = pytest.mark.contract("flag-definition-loader")

SERVED = {"flags": [{"key": "served"}]}
CACHED = {"flags": [{"key": "cached"}]}
DOWN = Failed(FailureKind.STATUS, "HTTP 503", 503)


class Cache:
    """A provider with a document of an age; it is its turn if ``has_turn``."""

    def __init__(self, age: Any = 0.0, *, has_turn: bool = False, document: Any = CACHED) -> None:
        self.age, self.has_turn, self.document = age, has_turn, document
        self.stored: list[object] = []

    def should_fetch_flag_definitions(self) -> bool:
        return self.has_turn

    def get_flag_definitions(self) -> Any:
        return self.document

    def flag_definitions_age(self) -> Any:
        if isinstance(self.age, Exception):
            raise self.age
        return self.age

    def on_flag_definitions_received(self, document: object) -> None:
        self.stored.append(document)

    def shutdown(self) -> None:
        pass


class AsyncCache(Cache):
    """The same with a coroutine function."""

    async def flag_definitions_age(self) -> Any:
        return super().flag_definitions_age()


class Scripted:
    """A source of one result, or of an exception."""

    def __init__(self, result: FetchResult | Exception) -> None:
        self.result, self.fetches = result, 0

    def fetch(self, version: str | None) -> FetchResult:
        self.fetches += 1
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


def started(cache: Any, clock: ManualClock, source: Any = None) -> DefinitionLoader:
    loader = DefinitionLoader(source or MemoryDefinitions(SERVED), cache=cache, clock=clock)
    loader.tick()
    return loader


def age(loader: DefinitionLoader) -> float:
    found = loader.health().age
    assert found is not None
    return found


def keys(loader: DefinitionLoader) -> list[str]:
    snapshot = loader.current.snapshot
    return [] if snapshot is None else list(snapshot.flags)


class TestAge:
    @pytest.mark.parametrize("make", [Cache, AsyncCache])
    def test_the_age_is_that_of_the_servers_answer(
        self, make: Callable[[float], Cache], clock: ManualClock
    ) -> None:
        cache = make(100.0)
        loader = started(cache, clock)
        assert age(loader) == pytest.approx(100)
        assert loader.health().freshness is Freshness.STALE
        clock.advance(30)
        cache.age = 130.0  # Nobody has heard from the server since.
        loader.tick()
        assert age(loader) == pytest.approx(130)
        clock.advance(30)
        cache.age, cache.document = 2.0, SERVED
        loader.tick()
        assert (keys(loader), age(loader)) == (["served"], pytest.approx(2))
        assert loader.health().freshness is Freshness.FRESH

    @pytest.mark.parametrize("unknown", [None, -5.0, math.nan, math.inf, "100", ConnectionError()])
    def test_an_unknown_age_counts_from_the_reading(self, unknown: Any, clock: ManualClock) -> None:
        loader = started(Cache(unknown), clock)
        assert (keys(loader), age(loader)) == (["cached"], 0.0)
        assert loader.health().last_error is None

    @pytest.mark.skipif(sys.platform == "win32", reason="needs flock")
    def test_a_process_of_the_host_knows_how_long_the_server_is_down(
        self, clock: ManualClock, tmp_path: Path
    ) -> None:
        server = MemoryDefinitions(SERVED)
        one, other = (
            HostFlagCache("phc", directory=tmp_path / "flags", clock=clock) for _ in range(2)
        )
        asking, reading = started(one, clock, server), started(other, clock, server)
        server.fail(DOWN)
        for _ in range(4):
            clock.advance(30)
            asking.tick()
            reading.tick()
        assert (server.fetches, keys(reading)) == (5, ["served"])
        assert age(asking) == pytest.approx(120)
        assert age(reading) == pytest.approx(120)


class TestStandIn:
    @pytest.mark.parametrize(
        "failure", [DOWN, Loaded("<html>"), Loaded({"no": "flags"}), OSError("redis://:secret@x")]
    )
    def test_the_cache_stands_in_for_a_first_load_that_fails(
        self, failure: Any, clock: ManualClock, caplog: pytest.LogCaptureFixture
    ) -> None:
        cache, source = Cache(300.0, has_turn=True), Scripted(failure)
        with caplog.at_level(logging.WARNING):
            loader = started(cache, clock, source)
        assert (keys(loader), source.fetches) == (["cached"], 1)
        assert age(loader) == pytest.approx(300)
        assert cache.stored == []
        assert "those in the definition cache are in use" in caplog.text
        assert "secret" not in caplog.text
        clock.advance(30)
        loader.tick()
        health = loader.health()
        assert (keys(loader), source.fetches) == (["cached"], 2)
        assert (health.consecutive_failures, age(loader)) == (1, pytest.approx(330))
        source.result = Loaded(SERVED)
        clock.advance(60)
        loader.tick()
        assert (keys(loader), age(loader), cache.stored) == (["served"], 0.0, [SERVED])

    @pytest.mark.parametrize("status", [401, 402])
    def test_nothing_stands_in_for_a_refusal(self, status: int, clock: ManualClock) -> None:
        refused = Failed(FailureKind.STATUS, f"HTTP {status}", status)
        loader = started(Cache(has_turn=True), clock, Scripted(refused))
        assert keys(loader) == []
        assert loader.health().consecutive_failures == 1

    @pytest.mark.parametrize("document", [None, {"no": "flags"}, "<html>"])
    def test_a_cache_without_definitions_leaves_the_failure(
        self, document: Any, clock: ManualClock
    ) -> None:
        loader = started(Cache(has_turn=True, document=document), clock, Scripted(DOWN))
        error = loader.health().last_error
        assert keys(loader) == []
        assert error is not None
        assert error.status == 503

    def test_definitions_in_use_are_not_replaced_by_the_cache(self, clock: ManualClock) -> None:
        source = Scripted(Loaded(SERVED))
        loader = started(Cache(has_turn=True), clock, source)
        source.result = DOWN
        clock.advance(30)
        loader.tick()
        assert (keys(loader), age(loader)) == (["served"], pytest.approx(30))
