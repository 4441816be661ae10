"""The thread driver with real threads, synchronised by events and joins, without sleeping."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from flagengine.transports.batching.batch import Batch
from flagengine.transports.batching.delivery import DELIVERED, DeliveryOutcome, Disposition
from flagengine.transports.batching.drivers import ThreadDriver
from flagengine.transports.batching.limits import LaneLimits, Overflow
from flagengine.transports.batching.pipeline import EventPipeline, LaneSetup
from flagengine.transports.batching.sinks.memory import MemorySink
from flagengine.transports.errors import StatusError
from flagengine.transports.retry import RetryPolicy

from .support import HeldSink, StartedThreads, make

QUICK = RetryPolicy(base_delay=0.01)


def pipeline_of(
    sink: Any, *, driver: Any = None, on_action: Any = None, **limits: Any
) -> EventPipeline:
    setup = LaneSetup(sink, LaneLimits(**{"retry": QUICK, **limits}))
    return EventPipeline({"events": setup}, driver=driver, on_action=on_action)


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.002)


@pytest.mark.contract("event-batcher")
def test_no_thread_runs_before_the_first_event_or_after_shutdown(
    started_threads: StartedThreads,
) -> None:
    pipeline = pipeline_of(MemorySink())
    assert started_threads() == []
    pipeline.push(make())
    assert started_threads() == ["flagengine-events"]
    assert pipeline.shutdown(timeout=5)
    eventually(lambda: started_threads() == [])


@pytest.mark.contract("event-batcher")
def test_a_full_batch_starts_without_flush_and_before_its_interval() -> None:
    sink = HeldSink()
    pipeline = pipeline_of(sink, flush_at=2, flush_interval=60.0)
    pipeline.push(make())
    pipeline.push(make())
    assert sink.entered.wait(10)
    sink.release.set()
    pipeline.shutdown(timeout=5)


@pytest.mark.contract("event-batcher")
def test_producers_go_on_while_a_send_runs() -> None:
    sink = HeldSink()
    pipeline = pipeline_of(sink, flush_at=1, max_batch_size=1)
    pipeline.push(make())
    assert sink.entered.wait(5)
    uuids = [pipeline.push(make()) for _ in range(50)]
    assert None not in uuids
    sink.release.set()
    assert pipeline.flush(timeout=5)
    assert len(sink.events) == 51
    pipeline.shutdown(timeout=5)


@pytest.mark.contract("retry-queue")
def test_the_background_retries_without_another_flush() -> None:
    sink = MemorySink([DeliveryOutcome(Disposition.RETRY, StatusError(503))] * 2)
    pipeline = pipeline_of(sink)
    pipeline.push(make())
    assert not pipeline.flush(timeout=5)
    eventually(lambda: len(sink.events) == 1)
    assert [batch.attempt for batch in sink.batches] == [1, 2, 3]
    pipeline.shutdown(timeout=5)


@pytest.mark.contract("flush")
def test_concurrent_flushes_join_and_each_event_is_sent_once() -> None:
    sink = MemorySink()
    pipeline = pipeline_of(sink, max_batch_size=3)
    uuids = [pipeline.push(make()) for _ in range(30)]
    answers: list[bool] = []
    threads = [threading.Thread(target=lambda: answers.append(pipeline.flush(5))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [True] * 6
    assert [event.uuid for event in sink.events] == uuids
    pipeline.shutdown(timeout=5)


@pytest.mark.contract("flush", "shutdown")
def test_flush_and_shutdown_keep_to_their_timeouts(started_threads: StartedThreads) -> None:
    sink = HeldSink()
    pipeline = pipeline_of(sink)
    pipeline.push(make())
    started = time.monotonic()
    assert not pipeline.flush(timeout=0.05)
    assert not pipeline.shutdown(timeout=0.05)
    assert time.monotonic() - started < 5
    assert pipeline.counters().dropped == {"unconfirmed": 1}
    sink.release.set()
    eventually(lambda: started_threads() == [])
    assert pipeline.counters().delivered == 0, "an outcome after the end changes nothing"


@pytest.mark.contract("shutdown")
def test_flush_and_shutdown_from_a_callback_do_not_deadlock() -> None:
    done = threading.Event()

    def callback(_: object) -> None:
        pipeline.flush(timeout=5)
        assert pipeline.shutdown(timeout=5) is False
        done.set()

    sink = MemorySink()
    pipeline = pipeline_of(sink, flush_at=1, on_action=callback)
    pipeline.push(make())
    assert done.wait(5)
    assert pipeline.shutdown(timeout=5), "a second call waits for the first"
    assert pipeline.push(make()) is None


def test_block_waits_for_room_and_gives_up_at_its_deadline() -> None:
    sink = HeldSink()
    pipeline = pipeline_of(
        sink, flush_at=1, max_batch_size=1, max_queue_size=1,
        overflow=Overflow.BLOCK, block_timeout=0.05,
    )  # fmt: skip
    pipeline.push(make())
    assert sink.entered.wait(5)
    assert pipeline.push(make()) is not None
    assert pipeline.push(make()) is None, "the queue had no room during the whole wait"
    waiting = threading.Timer(0.01, sink.release.set)
    waiting.start()
    assert pipeline.push(make()) is not None
    waiting.join()
    pipeline.shutdown(timeout=5)


def test_block_does_not_wait_for_an_event_that_is_too_large() -> None:
    sink = HeldSink()
    pipeline = pipeline_of(
        sink, flush_at=1, max_batch_size=1, max_queue_size=1, max_event_bytes=1000,
        overflow=Overflow.BLOCK, block_timeout=30.0,
    )  # fmt: skip
    pipeline.push(make())
    assert sink.entered.wait(5)
    assert pipeline.push(make()) is not None
    started = time.monotonic()
    assert pipeline.push(make(properties={"text": "x" * 1000})) is None
    assert time.monotonic() - started < 5.0
    assert pipeline.counters().refused == {"too_large": 1}
    sink.release.set()
    pipeline.shutdown(timeout=5)


def test_a_capture_from_a_signal_handler_or_finaliser_does_not_deadlock() -> None:
    pipeline = pipeline_of(MemorySink())
    with pipeline._lock:
        assert pipeline.push(make()) is not None
    assert pipeline.shutdown(timeout=5)
    assert pipeline.counters().delivered == 1


def test_an_idle_thread_ends_and_comes_back_with_the_next_event(
    started_threads: StartedThreads,
) -> None:
    sink = MemorySink()
    pipeline = pipeline_of(sink, driver=ThreadDriver(idle_seconds=0.01), flush_at=1)
    for number in range(1, 4):
        pipeline.push(make())
        eventually(lambda: started_threads() == [])
        assert len(sink.events) == number
    pipeline.shutdown(timeout=5)


def test_a_forgotten_pipeline_is_collected(started_threads: StartedThreads) -> None:
    pipeline = pipeline_of(MemorySink(), driver=ThreadDriver(idle_seconds=0.01), flush_at=1)
    pipeline.push(make())
    eventually(lambda: started_threads() == [])
    reference = weakref.ref(pipeline)
    del pipeline
    gc.collect()
    assert reference() is None


def test_without_threads_the_caller_of_flush_does_the_work(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(threading.Thread, "start", lambda _thread: refuse_thread())
    sink = MemorySink([DeliveryOutcome(Disposition.RETRY, StatusError(503))])
    pipeline = pipeline_of(sink)
    pipeline.push(make())
    assert not pipeline.flush()
    assert pipeline.shutdown(timeout=5)
    assert len(sink.events) == 1
    assert "could not start a thread" in caplog.text


@pytest.mark.contract("flush")
def test_a_thread_that_begins_while_a_caller_sends_goes_on_after_it(
    started_threads: StartedThreads,
) -> None:
    looked = threading.Event()

    class Watched(EventPipeline):
        def seconds_until_due(self, lane: str) -> float | None:
            wait = super().seconds_until_due(lane)
            if started_threads() and self.is_worker():
                looked.set()
            return wait

    class Sink(MemorySink):
        def deliver(self, batch: Batch, *, timeout: float) -> DeliveryOutcome:
            if not self.batches:
                # The caller sends. A thread that begins now finds this batch in flight.
                patches.undo()
                pipeline.push(make())
                assert looked.wait(5)
            return super().deliver(batch, timeout=timeout)

    sink = Sink()
    pipeline = Watched({"events": LaneSetup(sink, LaneLimits(max_batch_size=1))})
    with pytest.MonkeyPatch.context() as patches:
        patches.setattr(threading.Thread, "start", lambda _thread: refuse_thread())
        for _ in range(3):
            pipeline.push(make())
        assert pipeline.flush(timeout=5)
    assert pipeline.shutdown(timeout=5)
    assert len(sink.events) == 4


def refuse_thread() -> None:
    msg = "can't start new thread"
    raise RuntimeError(msg)


def test_eight_threads_lose_and_double_nothing() -> None:
    outcomes = [
        DELIVERED,
        DeliveryOutcome(Disposition.RETRY, StatusError(503)),
        DeliveryOutcome(Disposition.SPLIT, StatusError(413)),
    ]
    sink = MemorySink([outcomes[number % 3] for number in range(200)])
    pipeline = pipeline_of(
        sink, flush_at=7, max_batch_size=7, max_queue_size=100_000,
        retry=RetryPolicy(max_retries=1000, base_delay=0.0),
    )  # fmt: skip
    accepted: list[list[str | None]] = [[] for _ in range(8)]

    def produce(mine: list[str | None]) -> None:
        mine += [pipeline.push(make()) for _ in range(250)]

    threads = [threading.Thread(target=produce, args=(mine,)) for mine in accepted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # The result depends on whether a single event was too large during the shutdown or before.
    pipeline.shutdown(timeout=20)
    counters = pipeline.counters()
    assert counters.dropped.keys() <= {"too_large"}
    delivered = [event.uuid for event in sink.events]
    assert len(set(delivered)) == len(delivered) == counters.delivered
    assert counters.delivered + sum(counters.dropped.values()) == counters.accepted == 2000
    for mine in accepted:
        arrived = [uuid for uuid in delivered if uuid in set(mine)]
        assert arrived == [uuid for uuid in mine if uuid in set(delivered)], "order of one producer"
