"""Hooks and callbacks that raise, capture, or lose events."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import Any

import pytest

from flagengine.transports import AsyncClient, MemorySink, Response

from .bench import BATCH, Bench

pytestmark = pytest.mark.contract("before-send-hook")


@pytest.mark.parametrize(
    "capture",
    [
        lambda client: client.capture("inner", distinct_id="u"),
        lambda client: client.capture_immediate("inner", distinct_id="u"),
        lambda client: client.capture_ai("inner", distinct_id="u"),
        lambda client: client.identify("u"),
        lambda client: client.capture_exception(ValueError(), "u"),
    ],
)
def test_a_hook_that_captures_is_refused_at_once(
    capture: Any, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[str] = []

    def hook(message: dict[str, Any]) -> dict[str, Any]:
        calls.append(message["event"])
        assert capture(bench.client) is None
        return message

    with Bench(before_send=hook) as bench:
        for _ in range(3):
            assert bench.client.capture("outer", distinct_id="u") is not None
        counters = bench.client.counters()
        assert counters is not None
        assert counters.refused == {"recursion": 3}
        assert [event["event"] for event in bench.events()] == ["outer"] * 3
    assert calls == ["outer"] * 3
    assert caplog.text.count("which is refused") == 1


def test_a_hook_that_captures_with_another_client_comes_back_to_none() -> None:
    def hook_of(other: list[Bench]) -> Any:
        def hook(message: dict[str, Any]) -> dict[str, Any]:
            other[0].client.capture("again", distinct_id="u")
            return message

        return hook

    first: list[Bench] = []
    second: list[Bench] = []
    with Bench(before_send=hook_of(second)) as a, Bench(before_send=hook_of(first)) as b:
        first.append(a)
        second.append(b)
        assert a.client.capture("e", distinct_id="u") is not None
        assert [len(a.events()), len(b.events())] == [1, 1]


def test_other_threads_capture_while_a_hook_runs() -> None:
    inside, done = threading.Event(), threading.Event()

    def hook(message: dict[str, Any]) -> dict[str, Any]:
        if message["event"] == "slow":
            inside.set()
            assert done.wait(5)
        return message

    with Bench(before_send=hook) as bench:
        slow = threading.Thread(target=lambda: bench.client.capture("slow", distinct_id="u"))
        slow.start()
        assert inside.wait(5)
        assert bench.client.capture("quick", distinct_id="u") is not None
        done.set()
        slow.join()
        assert {event["event"] for event in bench.events()} == {"slow", "quick"}


def test_a_task_that_a_hook_makes_may_capture() -> None:
    sink = MemorySink()
    tasks: list[asyncio.Task[None]] = []

    async def later() -> None:
        client.capture("later", distinct_id="u")

    def hook(message: dict[str, Any]) -> dict[str, Any]:
        if message["event"] == "first":
            tasks.append(asyncio.get_running_loop().create_task(later()))
        return message

    async def main() -> None:
        client.capture("first", distinct_id="u")
        await asyncio.gather(*tasks)
        await client.shutdown()

    client = AsyncClient(sink=sink, before_send=hook)
    asyncio.run(main())
    assert sorted(event.name for event in sink.events) == ["first", "later"]


def test_what_a_hook_drops_is_no_loss_and_what_it_breaks_is() -> None:
    heard: list[tuple[Exception, Any]] = []

    def hook(message: dict[str, Any]) -> dict[str, Any] | None:
        if message["event"] == "broken":
            raise ZeroDivisionError
        return None

    with Bench(before_send=hook, on_error=lambda *told: heard.append(told)) as bench:
        bench.client.capture("unwanted", distinct_id="u")
        assert bench.client.flush()
        assert bench.client.capture("broken", distinct_id="u", properties={"secret": 1}) is None
        assert not bench.client.flush()
        counters = bench.client.counters()
        assert counters is not None
        assert counters.refused == {"hook_failed": 1}
    ((error, (event,)),) = heard
    assert str(error) == "before_send raised ZeroDivisionError, so event 'broken' was dropped"
    assert event.name == "broken"
    assert b"secret" not in event.body, "the hook might have removed it"


@pytest.mark.parametrize("name", ["capture", "*", "error"])
def test_a_listener_that_captures_is_not_called_for_that(name: str) -> None:
    calls: list[object] = []

    def capture(*payload: object) -> None:
        calls.append(payload)
        bench.client.capture("inner", distinct_id="u")
        bench.client.capture("", distinct_id="u")

    with Bench() as bench:
        bench.client.on(name, capture)
        bench.client.capture("outer", distinct_id="u")
        bench.client.capture("", distinct_id="u")
        assert len(calls) <= 4
        assert bench.events()


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda client: client.capture("", distinct_id="u"), "invalid"),
        (lambda client: client.capture("e", distinct_id="u", properties=Broken()), "invalid"),
        (lambda client: client.capture("e", distinct_id="u" * 1_000_000), "too_large"),
    ],
)
def test_an_event_that_cannot_be_made_is_told(call: Any, reason: str) -> None:
    heard: list[Any] = []
    with Bench(on_error=lambda error, events: heard.extend(events)) as bench:
        assert call(bench.client) is None
        counters = bench.client.counters()
        assert counters is not None
        assert counters.refused == {reason: 1}
        assert len(heard) == 1


class Broken(dict[str, Any]):
    def __iter__(self) -> Any:
        raise ZeroDivisionError

    keys = items = __iter__  # type: ignore[assignment]


def test_after_the_shutdown_each_event_is_told_and_the_log_has_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    heard: list[Any] = []
    with Bench(on_error=lambda error, events: heard.extend(events)) as bench:
        bench.client.shutdown()
        for _ in range(3):
            assert bench.client.capture("late", distinct_id="u") is None
    assert [event.name for event in heard] == ["late"] * 3
    assert caplog.text.count("shut down") == 1


def test_a_dry_run_is_no_loss() -> None:
    with Bench() as bench:
        assert bench.client.prepare_event_message("", distinct_id="u") is None
        assert bench.client.flush()
        assert bench.errors == []


@pytest.mark.contract("capture")
def test_one_uuid_by_several_threads_is_each_ones_own() -> None:
    uuid = "0190a5d2-7c4b-7000-8000-000000000000"
    answers: list[str | None] = []
    barrier = threading.Barrier(6)

    def capture() -> None:
        barrier.wait()
        answers.append(client.capture_immediate("e", distinct_id="u", uuid=uuid))

    with Bench(driver=None) as bench:
        client = bench.client
        threads = [threading.Thread(target=capture) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == [uuid] * 6


@pytest.mark.contract("flush")
def test_an_asynchronous_flush_answers_for_losses_too() -> None:
    async def main() -> list[bool]:
        with Bench() as bench:
            client = AsyncClient("phc_x", transport=bench.server, driver=None)
            bench.server.play(BATCH, Response(401))
            client.capture("e", distinct_id="u")
            return [await client.flush(), await client.flush(), await client.shutdown()]

    assert asyncio.run(main()) == [False, True, True]


@pytest.mark.contract("flush")
def test_a_flush_that_nobody_waited_for_leaves_its_answer_to_the_next() -> None:
    async def main() -> list[bool]:
        called, go_on = asyncio.Event(), asyncio.Event()

        async def on_error(_error: object, _events: object) -> None:
            called.set()
            await go_on.wait()

        with Bench() as bench:
            client = AsyncClient("phc_x", transport=bench.server, on_error=on_error)
            bench.server.play(BATCH, Response(401))
            client.capture("e", distinct_id="u")
            flushing = asyncio.create_task(client.flush())
            await called.wait()
            flushing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await flushing
            go_on.set()
            return [await client.flush(), await client.flush(), await client.shutdown()]

    assert asyncio.run(main()) == [False, True, True]
