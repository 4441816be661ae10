"""The acceptance scenarios about definitions: loaded, refreshed, shared."""

from __future__ import annotations

from typing import Any

import pytest

from flagengine.transports import Freshness, Response

from ..bench import DEFINITIONS, SECRET, Bench, flag

pytestmark = pytest.mark.contract("flag-definition-loader")

USER = "user-123"


class Provider:
    """A cache provider that follows the test's script, synchronous or asynchronous."""

    def __init__(self, *, fetches: Any = True, cached: Any = None, ends: Any = None) -> None:
        self._fetches, self._cached, self._ends = fetches, cached, ends
        self.stored: list[Any] = []
        self.shutdowns = 0

    def should_fetch_flag_definitions(self) -> Any:
        return _given(self._fetches)

    def get_flag_definitions(self) -> Any:
        return _given(self._cached)

    def on_flag_definitions_received(self, document: Any) -> None:
        self.stored.append(document)

    def shutdown(self) -> Any:
        self.shutdowns += 1
        return _given(self._ends)


class AsyncProvider(Provider):
    async def should_fetch_flag_definitions(self) -> Any:
        return super().should_fetch_flag_definitions()

    async def get_flag_definitions(self) -> Any:
        return super().get_flag_definitions()


def _given(answer: Any) -> Any:
    if isinstance(answer, Exception):
        raise answer
    return answer


def bench_with(provider: Provider | None = None, **options: Any) -> Bench:
    bench = Bench(secret_key=SECRET, flag_definition_cache_provider=provider, **options)
    bench.server.definitions = {"flags": [flag("beta-ui")]}
    return bench


def test_they_are_fetched_and_kept() -> None:
    loaded: list[int] = []
    with bench_with() as bench:
        bench.client.on("localEvaluationFlagsLoaded", loaded.append)
        assert not bench.client.is_local_evaluation_ready()
        bench.client.reload_feature_flags()
        assert bench.client.is_local_evaluation_ready()
        assert bench.client.get_feature_flag("beta-ui", USER) is True
        assert bench.client.definitions_health().freshness is Freshness.FRESH
        assert bench.flag_requests == []
        (request,) = bench.server.made(DEFINITIONS)
    assert loaded == [1]
    assert request.headers["Authorization"] == f"Bearer {SECRET}"


def test_a_failed_refresh_keeps_them(caplog: pytest.LogCaptureFixture) -> None:
    with bench_with() as bench:
        bench.client.reload_feature_flags()
        bench.server.play(DEFINITIONS, Response(500))
        bench.client.reload_feature_flags()
        assert bench.client.get_feature_flag("beta-ui", USER) is True
        assert len(bench.errors) == 1
    assert "the last good definitions stay in use" in caplog.text


def test_they_are_refreshed_after_the_interval() -> None:
    with bench_with(poll_interval=30) as bench:
        bench.client.tick()
        bench.server.definitions = {"flags": [flag("beta-ui", active=False)]}
        bench.client.tick()
        assert bench.client.get_feature_flag("beta-ui", USER) is True
        bench.clock.advance(30)
        bench.client.tick()
        assert bench.client.get_feature_flag("beta-ui", USER) is False
        assert len(bench.server.made(DEFINITIONS)) == 2


def test_what_a_provider_has_is_used_instead() -> None:
    provider = Provider(fetches=False, cached={"flags": [flag("cached")]})
    with bench_with(provider) as bench:
        assert bench.client.wait_for_local_evaluation_ready()
        assert bench.client.get_feature_flag("cached", USER) is True
        assert bench.server.made(DEFINITIONS) == []


def test_what_was_fetched_is_stored() -> None:
    provider = Provider()
    with bench_with(provider) as bench:
        bench.client.reload_feature_flags()
        assert [each["key"] for each in provider.stored[0]["flags"]] == ["beta-ui"]


def test_what_a_provider_promises_is_awaited() -> None:
    provider = AsyncProvider(fetches=False, cached={"flags": [flag("cached")]})
    with bench_with(provider) as bench:
        assert bench.client.wait_for_local_evaluation_ready()
        assert bench.client.get_feature_flag("cached", USER) is True


def test_a_provider_that_cannot_be_read_keeps_them() -> None:
    provider = Provider(fetches=False, cached={"flags": [flag("cached")]})
    with bench_with(provider) as bench:
        bench.client.reload_feature_flags()
        provider._cached = OSError()
        bench.client.reload_feature_flags()
        assert bench.client.get_feature_flag("cached", USER) is True
        assert bench.server.made(DEFINITIONS) == []


def test_a_provider_that_cannot_decide_is_passed_by() -> None:
    with bench_with(Provider(fetches=OSError())) as bench:
        bench.client.reload_feature_flags()
        assert bench.client.get_feature_flag("beta-ui", USER) is True


@pytest.mark.contract("shutdown")
def test_a_provider_is_shut_down_and_its_failure_stays_its_own() -> None:
    provider = Provider(ends=OSError())
    with bench_with(provider) as bench:
        bench.client.capture("Save", distinct_id=USER)
        assert bench.client.shutdown()
    assert provider.shutdowns == 1
