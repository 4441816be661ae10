"""The first reads of flags wait for definitions, instead of asking the server."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from flagengine.transports import AsyncClient, Client, MemorySink, Response
from flagengine.transports.polling.fetch_results import Failed, FailureKind, FetchResult, Loaded
from tests.threads import at_once

from .bench import DEFINITIONS, SECRET, Bench, FakeServer, flag, needs

USER = "user-1"
PATIENCE = 30.0
pytestmark = pytest.mark.contract("flag-definition-loader")


class Gate:
    """A source whose loads end when the test says so."""

    def __init__(self) -> None:
        self.is_asked = threading.Event()
        self.goes_on = threading.Event()
        self.loads = 0
        self.result: FetchResult = Loaded({"flags": [flag("f"), flag("open", needs("plan"))]})

    def fetch(self, _version: str | None) -> FetchResult:
        self.loads += 1
        self.is_asked.set()
        assert self.goes_on.wait(PATIENCE)
        return self.result


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = Gate()
    yield made
    made.goes_on.set()


def ask(gate: Gate) -> None:
    """Let the load end as soon as it has begun."""

    def open_gate() -> None:
        assert gate.is_asked.wait(PATIENCE)
        gate.goes_on.set()

    threading.Thread(target=open_gate, daemon=True).start()


READS: list[Callable[[Client], Any]] = [
    lambda client: client.get_feature_flag("f", USER),
    lambda client: client.is_feature_enabled("f", USER),
    lambda client: client.get_all_flags(USER, flag_keys=["f"])["f"],
    lambda client: client.evaluate_flags(USER, flag_keys=["f"]).get_flag("f"),
    lambda client: client.get_feature_flag("f", USER, only_evaluate_locally=True),
]


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("strict", [False, True])
def test_the_first_read_is_answered_locally(
    read: Callable[[Client], Any], strict: bool, gate: Gate
) -> None:
    ask(gate)
    options: dict[str, Any] = {"strict_local_evaluation": strict, "driver": None}
    with Bench(definitions=gate, wait_on_first_read=PATIENCE, **options) as bench:
        assert read(bench.client) is True
        assert bench.flag_requests == []


def test_events_with_flags_and_payload_look_ups_wait_too(gate: Gate) -> None:
    gate.goes_on.set()
    with Bench(definitions=gate) as bench:
        bench.client.capture("e", distinct_id=USER, send_feature_flags=True)
        (event,) = bench.events("e")
        assert bench.flag_requests == []
    assert event["properties"]["$feature/f"] is True
    gate.result = Loaded({"flags": [flag("f", filters={"payloads": {"true": "7"}})]})
    with Bench(definitions=gate) as bench:
        assert bench.client.get_feature_flag_payload("f", USER, match_value=True) == 7
        assert bench.flag_requests == []


def test_all_threads_wait_for_one_load(gate: Gate) -> None:
    ask(gate)
    with Bench(definitions=gate, wait_on_first_read=PATIENCE, driver=None) as bench:
        found = at_once(8, lambda number: bench.client.get_feature_flag("f", f"u{number}"))
        assert list(found) == [True] * 8
        assert (gate.loads, bench.flag_requests) == (1, [])


def test_after_a_failed_load_no_read_waits() -> None:
    source = Gate()
    source.goes_on.set()
    source.result = Failed(FailureKind.NETWORK, "refused")
    with Bench(definitions=source, wait_on_first_read=PATIENCE, driver=None) as bench:
        bench.server.flags = {"f": True}
        assert bench.client.get_feature_flag("f", USER) is True
        assert len(bench.flag_requests) == 1
        source.goes_on.clear()
        assert not bench.client.components.awaits_definitions
        assert bench.client.get_feature_flag("f", "another") is True
        source.goes_on.set()


def test_a_load_that_hangs_delays_reads_until_one_moment(gate: Gate) -> None:
    with Bench(definitions=gate, wait_on_first_read=0.01, driver=None) as bench:
        bench.server.flags = {"f": True}
        assert bench.client.get_feature_flag("f", USER) is True
        assert not bench.client.components.awaits_definitions
        assert bench.client.get_feature_flag("f", USER) is True
        assert gate.loads == 1
        gate.goes_on.set()
        assert bench.client.wait_for_local_evaluation_ready(PATIENCE)
        assert bench.client.get_feature_flag_result("f", USER).locally_evaluated


def test_zero_means_not_to_wait(gate: Gate) -> None:
    with Bench(definitions=gate, wait_on_first_read=0, driver=None) as bench:
        bench.server.flags = {"f": "remote"}
        assert bench.client.get_feature_flag("f", USER) == "remote"
        gate.goes_on.set()


def test_a_callback_of_the_loading_thread_does_not_wait_for_itself(gate: Gate) -> None:
    gate.result, heard = Failed(FailureKind.NETWORK, "refused"), []
    gate.goes_on.set()
    with Bench(definitions=gate, wait_on_first_read=PATIENCE, driver=None) as bench:
        components = bench.client.components
        bench.client.on("error", lambda _: heard.append(components.awaits_definitions))
        bench.client.get_feature_flag("f", USER)
        assert heard == [False]


def test_a_shutdown_ends_the_waiting(gate: Gate) -> None:
    bench = Bench(definitions=gate, wait_on_first_read=PATIENCE, driver=None)
    found: list[Any] = []
    reader = threading.Thread(target=lambda: found.append(bench.client.get_feature_flag("f", USER)))
    reader.start()
    assert gate.is_asked.wait(PATIENCE)
    bench.client.components.loader.stop()
    reader.join(PATIENCE)
    assert not reader.is_alive()
    gate.goes_on.set()
    bench.client.shutdown(0)
    assert bench.client.get_feature_flag("f", USER) is None


def test_without_threads_the_first_read_loads() -> None:
    with Bench(secret_key=SECRET) as bench:
        bench.server.definitions = {"flags": [flag("f")]}
        assert bench.client.get_feature_flag("f", USER) is True
        assert (len(bench.server.made(DEFINITIONS)), bench.flag_requests) == (1, [])


def test_without_threads_a_failed_load_is_not_repeated_by_the_next_read() -> None:
    with Bench(secret_key=SECRET) as bench:
        bench.server.play(DEFINITIONS, Response(500))
        bench.server.flags = {"f": True}
        for _ in range(3):
            assert bench.client.get_feature_flag("f", USER) is True
            bench.clock.advance(100)
        assert len(bench.server.made(DEFINITIONS)) == 1


def test_the_loop_goes_on_while_a_read_waits(gate: Gate) -> None:
    async def read() -> tuple[Any, list[str]]:
        order: list[str] = []
        async with AsyncClient(
            definitions=gate, sink=MemorySink(), wait_on_first_read=PATIENCE
        ) as client:
            reading = asyncio.create_task(client.get_feature_flag("f", USER))
            while not gate.is_asked.is_set():
                await asyncio.sleep(0)
            order.append("the loop")
            client.capture("e", distinct_id=USER, send_feature_flags=True)
            gate.goes_on.set()
            order.append(str(await reading))
        return await asyncio.sleep(0, client.counters().accepted), order

    accepted, order = asyncio.run(read())
    assert order == ["the loop", "True"]
    assert accepted == 2


def test_more_tasks_than_threads_wait_for_one_load(gate: Gate) -> None:
    async def read() -> tuple[list[Any], Any]:
        server = FakeServer()
        async with AsyncClient(
            "phc_key",
            definitions=gate,
            transport=server,
            sink=MemorySink(),
            wait_on_first_read=PATIENCE,
        ) as client:
            names = range(200)
            reads = [client.get_feature_flag("f", f"u{number}") for number in names]
            waiting = asyncio.gather(*reads)
            while not gate.is_asked.is_set():
                await asyncio.sleep(0)
            # Only waits hold threads, so other calls still have theirs.
            survey = await client.get_surveys()
            gate.goes_on.set()
            return await waiting, (survey, server.made("/flags/"))

    found, others = asyncio.run(read())
    assert found == [True] * 200
    assert others == ([], [])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_child_waits_for_its_own_load_if_none_had_ended(gate: Gate) -> None:
    with Bench(definitions=gate, wait_on_first_read=PATIENCE, driver=None) as bench:
        loader = bench.client.components.loader
        assert bench.client.components.published.snapshot is None
        assert gate.is_asked.wait(PATIENCE)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                gate.goes_on = threading.Event()
                gate.goes_on.set()
                status = 0 if bench.client.get_feature_flag("f", USER) is True else 2
                status = status or (3 if loader.is_awaited else 0)
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        gate.goes_on.set()
