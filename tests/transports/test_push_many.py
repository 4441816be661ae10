"""Many events at once: what a loop of ``push`` does with them, and an answer that a server can rely on."""

from __future__ import annotations

import logging
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagengine.transports.batching.batch import Delivered, Dropped, QueueAction, Retried
from flagengine.transports.batching.delivery import DeliveryOutcome, Disposition
from flagengine.transports.batching.drivers import ThreadDriver
from flagengine.transports.batching.event import Event
from flagengine.transports.batching.limits import LaneLimits, Overflow
from flagengine.transports.batching.pipeline import EventPipeline, LaneSetup
from flagengine.transports.batching.sinks.memory import MemorySink
from flagengine.transports.batching.spool.records import encode_start
from flagengine.transports.batching.spool.spool import Spool
from flagengine.transports.errors import QueueFullError, StatusError

from .support import NO_JITTER, Bench, HeldSink, make

RETRY = DeliveryOutcome(Disposition.RETRY, StatusError(503))
SMALL = len(make(properties={"text": ""}).body)


def sized(extra: int) -> Event:
    return make(properties={"text": "x" * extra})


class Twin:
    """A pipeline that pushes events either at once or one after the other."""

    def __init__(self, folder: str, limits: dict[str, Any], *, at_once: bool) -> None:
        self.at_once = at_once
        self.sink = MemorySink()
        self.folder = Path(folder)
        segment_bytes = len(encode_start(0)) + 3 * SMALL
        spills = limits["overflow"] is Overflow.SPILL
        spool = Spool(folder, segment_bytes=segment_bytes) if spills else None
        setup = LaneSetup(self.sink, LaneLimits(**limits, retry=NO_JITTER), spool=spool)
        self.bench = Bench(lanes={"events": setup})

    def push(self, events: Sequence[Event]) -> list[str | None]:
        if self.at_once:
            return self.bench.pipeline.push_many(iter(events))
        return [self.push_one(event) for event in events]

    def push_one(self, event: Event) -> str | None:
        try:
            return self.bench.pipeline.push(event)
        except QueueFullError:
            return None

    def step(self, step: str | list[Event]) -> list[str | None]:
        match step:
            case "wait":
                self.bench.tick(5.0)
            case "fail":
                self.sink.play(RETRY)
            case "flush":
                self.bench.pipeline.flush()
            case "end":
                self.bench.pipeline.shutdown(1.0)
            case list():
                return self.push(step)
        return []

    def told(self) -> dict[str, list[str]]:
        """Return the uuids of the lost events, in order, by what was said of them."""
        found = defaultdict(list)
        for error, events in self.bench.errors:
            found[type(error).__name__] += [event.uuid for event in events]
        return found

    def acted(self) -> list[tuple[str, str]]:
        return [
            (type(action).__name__, event.uuid)
            for action in self.bench.actions
            for event in events_of(action)
        ]

    def state(self) -> object:
        return (
            self.bench.pipeline.counters(),
            self.told(),
            self.acted(),
            [[event.uuid for event in batch.events] for batch in self.sink.batches],
            [path.read_bytes() for path in sorted(self.folder.rglob("*.spool"))],
        )


def events_of(action: QueueAction) -> tuple[Event, ...]:
    return action.events if isinstance(action, Delivered | Dropped | Retried) else ()


steps = st.lists(
    st.one_of(
        st.lists(st.integers(0, 12).map(sized), max_size=12),
        st.sampled_from(["wait", "fail", "flush", "end"]),
    ),
    max_size=8,
)


@given(
    st.sampled_from(list(Overflow)),
    steps,
    st.fixed_dictionaries(
        {
            "max_queue_size": st.integers(1, 9),
            "max_queue_bytes": st.sampled_from([2 * SMALL, 5 * SMALL + 3, 10**6]),
            "max_batch_size": st.integers(1, 5),
            "max_event_bytes": st.just(SMALL + 10),
            "flush_at": st.integers(1, 5),
        }
    ),
)
def test_it_is_a_loop_of_pushes(
    overflow: Overflow, steps: list[str | list[Event]], limits: dict[str, Any]
) -> None:
    limits["overflow"] = overflow
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        many, loop = Twin(first, limits, at_once=True), Twin(second, limits, at_once=False)
        for step in steps:
            gone = {uuid for _, uuid in many.acted()}
            answers = many.step(step)
            evicted = {uuid for kind, uuid in many.acted() if kind == "Dropped"} - gone
            expected = [None if uuid in evicted else uuid for uuid in loop.step(step)]
            assert answers == expected
            assert many.state() == loop.state()
        many.step("end")


def test_an_event_that_a_later_one_evicts_is_not_accepted() -> None:
    bench = Bench(max_queue_size=3, overflow=Overflow.DROP_OLDEST)
    bench.capture(2)
    events = [make(f"e{number}") for number in range(5)]
    uuids = [event.uuid for event in events]
    assert bench.pipeline.push_many(events) == [None, None, *uuids[2:]]
    bench.pipeline.flush()
    assert bench.pipeline.counters().delivered == 3


def test_a_queue_that_raises_answers_instead() -> None:
    bench = Bench(max_queue_size=2, overflow=Overflow.RAISE)
    events = [make(), make(), make()]
    assert bench.pipeline.push_many(events) == [events[0].uuid, events[1].uuid, None]
    assert [type(error) for error, _ in bench.errors] == [QueueFullError]


def test_no_events_are_no_trouble() -> None:
    bench = Bench()
    assert bench.pipeline.push_many([]) == []
    assert bench.tick(60.0) == 0


def test_what_was_refused_is_said_once_with_the_number(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(max_queue_size=2, max_event_bytes=1000)
    bench.pipeline.push_many([make(), make(), *(make() for _ in range(7)), sized(2000)])
    assert [len(events) for _, events in bench.errors] == [7, 1]
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
    assert "is full (2 events), so 7 events were not accepted" in caplog.text


def threaded(sink: MemorySink, **limits: Any) -> EventPipeline:
    setup = LaneSetup(sink, LaneLimits(overflow=Overflow.BLOCK, **limits))
    return EventPipeline({"events": setup}, driver=ThreadDriver())


def test_a_blocking_call_wakes_the_worker_that_makes_room() -> None:
    sink = MemorySink()
    pipeline = threaded(sink, max_queue_size=2, max_batch_size=1, block_timeout=30.0)
    events = [make(f"e{number}") for number in range(20)]
    assert pipeline.push_many(events) == [event.uuid for event in events]
    assert pipeline.shutdown()
    assert sink.events == events


def test_the_events_of_a_blocking_call_wait_together() -> None:
    sink = HeldSink()
    pipeline = threaded(sink, flush_at=1, max_queue_size=2, max_batch_size=1, block_timeout=0.1)
    pipeline.push(make())
    assert sink.entered.wait(10)
    began = time.monotonic()
    answers = pipeline.push_many([make() for _ in range(102)])
    assert time.monotonic() - began < 5.0, "a loop of pushes would wait ten seconds"
    assert [answer is None for answer in answers] == [False] * 2 + [True] * 100
    sink.release.set()
    pipeline.shutdown()
