"""Every method with a timeout reads it alike, before it does anything."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from flagengine.transports import (
    AsyncClient,
    Client,
    ManualDriver,
    MemoryDefinitions,
    MemorySink,
    Request,
    Response,
)
from flagengine.transports.batching.pipeline import EventPipeline, LaneSetup
from flagengine.transports.client import verbs
from flagengine.transports.openfeature import FlagengineProvider
from flagengine.transports.polling import DefinitionLoader, ThreadPollDriver

from .bench import flag

pytestmark = pytest.mark.contract("shutdown")

GOOD = [None, "5", " 2.5 ", 5, timedelta(seconds=5), Decimal(5), float("inf"), 10**400]
GOOD += [sys.maxsize, 1e300]
BAD = ["soon", "", "nan", float("nan"), True, b"5", [5], object()]
# A source in memory is read when the client is made.
FETCHED_AT_START = 1
METHODS = ["flush", "shutdown", "reload_feature_flags", "wait_for_local_evaluation_ready", "fetch"]


class Server:
    def __init__(self) -> None:
        self.timeouts: list[float] = []

    def request(self, request: Request, /) -> Response:
        self.timeouts.append(request.timeout)
        return Response(200, body=b"{}")


@pytest.fixture(autouse=True)
def _log_everything_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verbs, "_logged", set())


def options(sink: MemorySink, source: MemoryDefinitions, server: Server) -> dict[str, Any]:
    return {"sink": sink, "definitions": source, "transport": server, "flush_interval": 1000}


def called(client: Any, method: str, timeout: Any) -> Any:
    first = ("https://host.test",) if method == "fetch" else ()
    return getattr(client, method)(*first, timeout=timeout)


def sync(method: str, timeout: Any, **given: Any) -> tuple[Any, Client]:
    client = Client(**given)
    client.capture("e", distinct_id="u")
    return called(client, method, timeout), client


def on_a_loop(method: str, timeout: Any, **given: Any) -> tuple[Any, AsyncClient]:
    async def main() -> tuple[Any, AsyncClient]:
        client = AsyncClient(**given)
        client.capture("e", distinct_id="u")
        return await called(client, method, timeout), client

    return asyncio.run(main())


Run = Callable[..., tuple[Any, Any]]
both = pytest.mark.parametrize("run", [sync, on_a_loop])


@both
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("timeout", GOOD, ids=lambda each: str(each)[:20])
def test_a_time_in_any_form_is_read(run: Run, method: str, timeout: Any, caplog: Any) -> None:
    sink, source, server = MemorySink(), MemoryDefinitions({"flags": [flag("f")]}), Server()
    result, client = run(method, timeout, **options(sink, source, server))
    assert result is not False
    assert len(sink.events) == (method in {"flush", "shutdown"})
    assert source.fetches == FETCHED_AT_START + (method == "reload_feature_flags")
    assert len(server.timeouts) == (method == "fetch")
    assert caplog.messages == []
    assert client.components.status.is_closed is (method == "shutdown")


@both
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("timeout", BAD, ids=lambda each: str(each)[:6])
def test_with_anything_else_nothing_is_done(
    run: Run, method: str, timeout: Any, caplog: Any
) -> None:
    sink, source, server = MemorySink(), MemoryDefinitions({"flags": [flag("f")]}), Server()
    result, client = run(method, timeout, **options(sink, source, server))
    assert not result
    assert (len(sink.events), source.fetches, server.timeouts) == (0, FETCHED_AT_START, [])
    assert not client.components.status.is_closed
    assert len(caplog.messages) == 1
    assert f"{method}(): timeout must be a number of seconds such as 10 or None, got" in caplog.text
    assert client.pending_count() == 1


@both
def test_a_time_below_zero_is_no_time(run: Run) -> None:
    sink, source = MemorySink(), MemoryDefinitions({"flags": [flag("f")]})
    lost: list[int] = []
    given = {
        **options(sink, source, Server()),
        "on_error": lambda _, events: lost.append(len(events)),
    }
    result, client = run("shutdown", -1, **given)
    assert (result, client.pending_count()) == (False, 0)
    assert len(sink.events) + sum(lost) == 1


def test_a_fetch_has_its_own_time_or_that_of_the_client() -> None:
    server = Server()
    client = Client("phc_key", transport=server, request_timeout=7)
    for timeout in (None, "2.5", timedelta(seconds=3), float("inf")):
        client.fetch("https://host.test", timeout=timeout)
    assert server.timeouts == [7, 2.5, 3, 2e6]


def test_a_shutdown_without_a_limit_ends_polling_too() -> None:
    source = MemoryDefinitions({"flags": [flag("f")]})
    client = Client(sink=MemorySink(), definitions=source)
    assert client.is_feature_enabled("f", "u")
    assert client.shutdown(None)
    assert client.components.loader is not None
    assert client.components.loader.is_stopped
    assert client.shutdown(None)


@pytest.mark.parametrize("timeout", ["soon", True, float("nan")])
def test_the_parts_of_a_client_raise_before_they_do_anything(timeout: Any) -> None:
    pipeline = EventPipeline({"events": LaneSetup(MemorySink())}, driver=ManualDriver())
    source = MemoryDefinitions({"flags": []})
    loader = DefinitionLoader(source, driver=ThreadPollDriver())
    calls = (
        pipeline.flush,
        pipeline.shutdown,
        loader.reload,
        loader.wait_until_ready,
        loader.shutdown,
    )
    for call in calls:
        with pytest.raises((TypeError, ValueError), match="timeout must be a number of seconds"):
            call(timeout)
    assert pipeline.capture({"event": "e", "distinct_id": "u"}) is not None
    assert (source.fetches, loader.is_stopped) == (0, False)
    with pytest.raises((TypeError, ValueError), match="ready_timeout must be a number of seconds"):
        FlagengineProvider(Client("phc_key"), ready_timeout=timeout)
