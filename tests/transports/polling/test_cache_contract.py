"""The cache provider contract, a test for each row of its table, synchronous and asynchronous."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest

from flagengine.transports.clock import ManualClock
from flagengine.transports.polling import DefinitionLoader, Failed, FailureKind
from flagengine.transports.polling.fetch_results import FetchResult
from flagengine.transports.polling.sources import cache as cache_module
from flagengine.transports.polling.sources.memory import MemoryDefinitions

pytestmark = pytest.mark.contract("flag-definition-loader")

SERVED: dict[str, Any] = {
    "flags": [{"key": "served"}],
    "group_type_mapping": {"0": "company"},
    "cohorts": {"1": {}},
    "minimal_flag_called_events": True,
    "property_matching_version": 2,
}
SERVED_ALONE: dict[str, Any] = {"flags": [{"key": "served"}]}
CACHED: dict[str, Any] = {"flags": [{"key": "cached"}]}

Outcome = Callable[[], Any]


def raises() -> Any:
    raise ConnectionError("redis://:password@host")


class Provider:
    """A provider whose operations follow the test's script; it records the order of calls."""

    def __init__(
        self,
        *,
        should_fetch: Outcome = lambda: True,
        get: Outcome = lambda: None,
        store: Outcome = lambda: None,
        shutdown: Outcome = lambda: None,
    ) -> None:
        self.outcomes = {
            "should_fetch": should_fetch,
            "get": get,
            "store": store,
            "shutdown": shutdown,
        }
        self.calls: list[str] = []
        self.stored: list[dict[str, Any]] = []
        self.on_store: Outcome = lambda: None

    def note(self, operation: str) -> Any:
        self.calls.append(operation)
        return self.outcomes[operation]()

    def should_fetch_flag_definitions(self) -> Any:
        return self.note("should_fetch")

    def get_flag_definitions(self) -> Any:
        return self.note("get")

    def on_flag_definitions_received(self, document: dict[str, Any]) -> Any:
        self.stored.append(document)
        self.on_store()
        return self.note("store")

    def shutdown(self) -> Any:
        return self.note("shutdown")


class AsyncProvider(Provider):
    """A provider with coroutine functions."""

    async def should_fetch_flag_definitions(self) -> Any:
        await asyncio.sleep(0)
        return self.note("should_fetch")

    async def get_flag_definitions(self) -> Any:
        await asyncio.sleep(0)
        return self.note("get")

    async def on_flag_definitions_received(self, document: dict[str, Any]) -> Any:
        await asyncio.sleep(0)
        self.stored.append(document)
        self.on_store()
        return self.note("store")

    async def shutdown(self) -> Any:
        await asyncio.sleep(0)
        return self.note("shutdown")


@pytest.fixture(params=[Provider, AsyncProvider], ids=["sync", "async"])
def make(request: pytest.FixtureRequest) -> Callable[..., Provider]:
    made: Callable[..., Provider] = request.param
    return made


Make = Callable[..., Provider]


def keys(loader: DefinitionLoader) -> list[str]:
    snapshot = loader.current.snapshot
    return [] if snapshot is None else list(snapshot.flags)


def started(
    provider: Provider, clock: ManualClock, source: MemoryDefinitions | None = None
) -> tuple[DefinitionLoader, MemoryDefinitions]:
    source = source or MemoryDefinitions(SERVED)
    return DefinitionLoader(source, cache=provider, clock=clock), source


def test_its_turn_fetches_publishes_and_then_stores(make: Make, clock: ManualClock) -> None:
    provider = make()
    loader, _ = started(provider, clock)
    in_use_when_stored: list[list[str]] = []
    provider.on_store = lambda: in_use_when_stored.append(keys(loader))
    loader.tick()
    assert keys(loader) == ["served"]
    assert in_use_when_stored == [["served"]]
    assert provider.stored == [SERVED]


def test_not_its_turn_and_cached_publishes_without_a_request(
    make: Make, clock: ManualClock
) -> None:
    loader, source = started(make(should_fetch=lambda: False, get=lambda: CACHED), clock)
    loader.tick()
    assert keys(loader) == ["cached"]
    assert source.fetches == 0


def test_not_its_turn_and_nothing_cached_keeps_what_is_loaded(
    make: Make, clock: ManualClock
) -> None:
    provider = make()
    loader, source = started(provider, clock)
    loader.tick()
    provider.outcomes["should_fetch"] = lambda: False
    clock.advance(30)
    loader.tick()
    assert keys(loader) == ["served"]
    assert source.fetches == 1


def test_not_its_turn_with_nothing_cached_or_loaded_fetches_directly(
    make: Make, clock: ManualClock
) -> None:
    provider = make(should_fetch=lambda: False)
    loader, source = started(provider, clock)
    loader.tick()
    assert keys(loader) == ["served"]
    assert source.fetches == 1
    assert provider.stored == []


def test_an_undecided_turn_warns_and_fetches_directly(
    make: Make, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    loader, source = started(make(should_fetch=raises), clock)
    loader.tick()
    assert keys(loader) == ["served"]
    assert source.fetches == 1
    assert "should_fetch" in caplog.text
    assert "password" not in caplog.text


@pytest.mark.parametrize("get", [raises, lambda: {"no": "flags"}, lambda: "text", lambda: b"\xff"])
def test_a_cache_that_cannot_be_read_warns_and_keeps(
    get: Outcome, make: Make, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    provider = make()
    loader, source = started(provider, clock)
    loader.tick()
    provider.outcomes |= {"should_fetch": lambda: False, "get": get}
    clock.advance(30)
    with caplog.at_level(logging.WARNING):
        loader.tick()
    assert keys(loader) == ["served"]
    assert source.fetches == 1
    assert len(caplog.records) == 1
    assert "password" not in caplog.text
    error = loader.health().last_error
    assert error is not None
    assert error.kind is FailureKind.CACHE
    assert error.message.startswith("could not read the definition cache: ")


def test_a_cache_that_cannot_be_read_with_nothing_loaded_fetches_directly(
    make: Make, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    loader, _ = started(make(should_fetch=lambda: False, get=raises), clock)
    loader.tick()
    assert keys(loader) == ["served"]
    assert "get_flag_definitions" in caplog.text


def test_a_store_that_fails_warns_and_the_definitions_stay(
    make: Make, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    loader, _ = started(make(store=raises), clock)
    loader.tick()
    assert keys(loader) == ["served"]
    assert "on_flag_definitions_received" in caplog.text


def test_a_shutdown_that_fails_warns_and_the_rest_goes_on(
    make: Make, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    provider = make(shutdown=raises)
    loader, _ = started(provider, clock)
    loader.tick()
    loader.shutdown()
    loader.shutdown()
    assert provider.calls.count("shutdown") == 1
    assert "shutdown" in caplog.text


def test_a_failed_fetch_stores_nothing(make: Make, clock: ManualClock) -> None:
    provider, source = make(), MemoryDefinitions()
    source.fail(Failed(FailureKind.STATUS, "HTTP 503", 503))
    loader, _ = started(provider, clock, source)
    loader.tick()
    assert provider.stored == []


def test_unchanged_definitions_are_confirmed_where_the_provider_wants_to_know(
    make: Make, clock: ManualClock
) -> None:
    provider = make()
    confirmed: list[bool] = []
    provider.on_flag_definitions_unchanged = lambda: confirmed.append(True)  # type: ignore[attr-defined]
    loader, _ = started(provider, clock)
    loader.tick()
    clock.advance(30)
    loader.tick()
    assert confirmed == [True]
    assert len(provider.stored) == 1


def test_what_the_cache_has_lost_is_stored_again(make: Make, clock: ManualClock) -> None:
    provider, found = make(), [True, False, True]
    provider.on_flag_definitions_unchanged = lambda: found.pop(0)  # type: ignore[attr-defined]
    loader, _ = started(provider, clock)
    counts = []
    for _ in range(5):
        loader.tick()
        counts.append(len(provider.stored))
        clock.advance(30)
    assert counts == [1, 1, 1, 2, 2]
    assert found == []


def test_what_could_not_be_stored_is_stored_at_the_next_poll(
    make: Make, clock: ManualClock
) -> None:
    provider = make(store=raises)
    provider.on_flag_definitions_unchanged = lambda: None  # type: ignore[attr-defined]
    loader, _ = started(provider, clock)
    loader.tick()
    provider.outcomes["store"] = lambda: None
    for _ in range(3):
        clock.advance(30)
        loader.tick()
    assert len(provider.stored) == 2
    assert keys(loader) == ["served"]


def test_without_a_source_the_cache_is_all_there_is(make: Make, clock: ManualClock) -> None:
    provider = make(should_fetch=lambda: True)
    loader = DefinitionLoader(None, cache=provider, clock=clock)
    loader.tick()
    assert not loader.is_ready
    provider.outcomes["get"] = lambda: CACHED
    clock.advance(30)
    loader.tick()
    assert keys(loader) == ["cached"]


def test_definitions_from_the_cache_carry_no_version_to_the_server(
    make: Make, clock: ManualClock
) -> None:
    provider = make(should_fetch=lambda: False, get=lambda: CACHED)
    versions: list[str | None] = []

    class Source(MemoryDefinitions):
        def fetch(self, version: str | None) -> FetchResult:
            versions.append(version)
            return super().fetch(version)

    loader, _ = started(provider, clock, Source(SERVED))
    loader.tick()
    provider.outcomes["should_fetch"] = lambda: True
    clock.advance(30)
    loader.tick()
    assert versions == [None]
    assert keys(loader) == ["served"]


class TextProvider(Provider):
    """A provider that stores JSON text."""

    def get_flag_definitions_text(self) -> Any:
        return self.note("get text")

    def on_flag_definitions_text_received(self, text: Any) -> Any:
        self.stored.append(text)
        return self.note("store text")


TEXT = b'{ "flags": [{"key": "served"}] }'


def text_provider(**outcomes: Outcome) -> TextProvider:
    provider = TextProvider()
    provider.outcomes |= {"get text": lambda: None, "store text": lambda: None} | outcomes
    return provider


def test_a_provider_for_text_gets_it_as_the_source_had_it(clock: ManualClock) -> None:
    provider = text_provider()
    loader, source = started(provider, clock, MemoryDefinitions(TEXT))
    loader.tick()
    source.replace(SERVED)
    clock.advance(30)
    loader.tick()
    assert provider.stored == [TEXT, SERVED]
    assert [call for call in provider.calls if "store" in call] == ["store text", "store"]


def test_a_provider_of_documents_gets_the_document_that_the_text_holds(
    make: Make, clock: ManualClock
) -> None:
    provider = make()
    loader, _ = started(provider, clock, MemoryDefinitions(TEXT))
    loader.tick()
    assert provider.stored == [{"flags": [{"key": "served"}]}]


def test_text_is_read_from_a_provider_for_text(clock: ManualClock) -> None:
    provider = text_provider(**{"should_fetch": lambda: False, "get text": lambda: TEXT})
    loader, source = started(provider, clock)
    loader.tick()
    assert keys(loader) == ["served"]
    assert (source.fetches, provider.calls) == (0, ["should_fetch", "get text"])


def test_a_turn_that_is_lost_and_won_announces_equal_definitions_once(
    make: Make, clock: ManualClock
) -> None:
    provider, heard = make(), list[object]()
    loader, _ = started(provider, clock, MemoryDefinitions(TEXT))
    loader.store.subscribe(heard.append)
    for has_turn in (True, False, True, False):
        provider.outcomes |= {"should_fetch": lambda t=has_turn: t, "get": lambda: SERVED_ALONE}
        loader.tick()
        clock.advance(30)
    assert len(heard) == 1


def test_what_was_read_from_the_cache_is_not_stored_there_again(
    make: Make, clock: ManualClock
) -> None:
    provider = make(get=lambda: CACHED)
    loader, _ = started(provider, clock)
    loader.tick()
    provider.outcomes["should_fetch"] = lambda: False
    clock.advance(30)
    loader.tick()
    assert keys(loader) == ["cached"]
    assert provider.stored == [SERVED]


@pytest.mark.parametrize("stored", [b"{", b"[]", b"\xff", {"no": "flags"}, 5])
def test_a_broken_document_in_the_cache_leads_to_the_server_while_nothing_is_loaded(
    stored: Any, make: Make, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    loader, source = started(make(should_fetch=lambda: False, get=lambda: stored), clock)
    loader.tick()
    assert keys(loader) == ["served"]
    assert source.fetches == 1
    assert "get_flag_definitions" in caplog.text


def test_an_operation_that_hangs_is_given_up_and_the_server_asked(
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(cache_module, "OPERATION_TIMEOUT", 0.01)
    let_go = threading.Event()
    loader, _ = started(Provider(should_fetch=let_go.wait), clock)
    loader.tick()
    assert keys(loader) == ["served"]
    assert "CallTimeoutError" in caplog.text
    let_go.set()


def test_a_coroutine_that_hangs_is_cancelled(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_module, "OPERATION_TIMEOUT", 0.01)
    cancelled: list[bool] = []

    class Hanging(AsyncProvider):
        async def should_fetch_flag_definitions(self) -> bool:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.append(True)
                raise
            return True

    loader, source = started(Hanging(), clock)
    loader.tick()
    assert cancelled == [True]
    assert source.fetches == 1
    loader.shutdown()


def test_the_bound_is_ten_seconds() -> None:
    assert cache_module.OPERATION_TIMEOUT == 10.0
