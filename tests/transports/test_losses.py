"""``on_error`` hears of every lost event, before the call returns that the loss concerns."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from flagengine.transports.batching import announcements
from flagengine.transports.batching.batch import Batch, DropReason
from flagengine.transports.batching.delivery import DELIVERED, DeliveryOutcome, Disposition
from flagengine.transports.batching.drivers import ManualDriver
from flagengine.transports.batching.event import Event
from flagengine.transports.batching.limits import LaneLimits, Overflow
from flagengine.transports.batching.pipeline import EventPipeline, LaneSetup
from flagengine.transports.batching.sinks.http import Destination, HttpSink
from flagengine.transports.batching.sinks.memory import MemorySink
from flagengine.transports.batching.wire_v0 import WireV0
from flagengine.transports.clock import ManualClock
from flagengine.transports.errors import (
    DeliveryError,
    InvalidEventError,
    QueueFullError,
    StatusError,
    TransportError,
)
from flagengine.transports.http.base import Request, Response
from flagengine.transports.retry import RetryPolicy

from .support import API_KEY, Bench, HeldSink, StartedThreads, make

QUICK = RetryPolicy(base_delay=0.01)
REJECTED = DeliveryOutcome(Disposition.REJECTED, StatusError(401))
RETRY = DeliveryOutcome(Disposition.RETRY, StatusError(503))


class Heard:
    """An ``on_error`` that remembers what it was told."""

    def __init__(self, also: Callable[[TransportError], object] = lambda _: None) -> None:
        self.calls: list[tuple[TransportError, tuple[Event, ...]]] = []
        self.also = also

    def __call__(self, error: TransportError, events: tuple[Event, ...]) -> None:
        self.calls.append((error, events))
        self.also(error)

    @property
    def uuids(self) -> list[str]:
        return [event.uuid for _, events in self.calls for event in events]


@contextmanager
def running(sink: Any, heard: Any, **limits: Any) -> Iterator[EventPipeline]:
    setup = LaneSetup(sink, LaneLimits(**{"retry": QUICK, **limits}))
    pipeline = EventPipeline({"events": setup}, on_error=heard)
    try:
        yield pipeline
    finally:
        getattr(sink, "release", threading.Event()).set()
        pipeline.shutdown(0, discard=True)


def is_balanced(pipeline: EventPipeline) -> bool:
    counters = pipeline.counters()
    gone = counters.delivered + sum(counters.dropped.values()) + counters.kept
    return counters.accepted + counters.recovered == gone + counters.pending


# The moment.


@pytest.mark.contract("flush", "shutdown", "capture")
@pytest.mark.parametrize("ending", ["flush", "shutdown", "deliver"])
def test_the_callback_returns_before_the_call_that_it_concerns(ending: str) -> None:
    heard = Heard(lambda _: time.sleep(0.05))
    with running(MemorySink([REJECTED]), heard, flush_at=1000) as pipeline:
        event = make()
        if ending == "deliver":
            assert not pipeline.deliver(event)
        else:
            pipeline.push(event)
            assert not getattr(pipeline, ending)(timeout=5)
        assert heard.uuids == [event.uuid]


@pytest.mark.contract("flush")
def test_each_loss_makes_one_flush_false() -> None:
    bench = Bench()
    bench.memory.play(Response(401))
    bench.capture(1)
    assert [bench.pipeline.flush(), bench.pipeline.flush()] == [False, True]
    bench.pipeline.capture({"event": "no id"})
    assert [bench.pipeline.flush(), bench.pipeline.flush()] == [False, True]
    assert bench.pipeline.shutdown()


@pytest.mark.contract("shutdown")
def test_a_loss_since_the_last_flush_makes_the_shutdown_false() -> None:
    bench = Bench(flush_at=1)
    bench.memory.play(Response(401))
    bench.capture(1)
    bench.tick()
    assert not bench.pipeline.shutdown()
    assert not bench.pipeline.shutdown(), "a second call has the same answer"


@pytest.mark.contract("flush")
def test_flushes_at_the_same_time_all_answer_for_a_loss() -> None:
    sink = HeldSink()
    sink.play(REJECTED)
    answers: list[bool] = []
    with running(sink, Heard()) as pipeline:
        pipeline.push(make())
        threads = [
            threading.Thread(target=lambda: answers.append(pipeline.flush(5))) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        assert sink.entered.wait(5)
        sink.release.set()
        for thread in threads:
            thread.join()
        assert False in answers
        assert pipeline.flush(5)


# The ways to lose an event.


@pytest.mark.contract("event-batcher")
@pytest.mark.parametrize("overflow", [Overflow.DROP_NEW, Overflow.DROP_OLDEST, Overflow.BLOCK])
def test_every_event_that_a_full_queue_costs_is_told(overflow: Overflow) -> None:
    heard = Heard()
    sink = HeldSink()
    with running(sink, heard, max_queue_size=5, overflow=overflow, block_timeout=0.001) as pipeline:
        pipeline.push(make())
        assert sink.entered.wait(5) or pipeline.flush(0.01) is False
        events = [make(f"e{number}") for number in range(300)]
        accepted = [pipeline.push(event) for event in events]
        pipeline.flush(0.01)
        lost = pipeline.counters()
        assert len(heard.uuids) == sum(lost.refused.values()) + sum(lost.dropped.values())
        if overflow is not Overflow.DROP_OLDEST:
            refused = zip(events, accepted, strict=True)
            assert heard.uuids == [event.uuid for event, uuid in refused if uuid is None]
        assert len(set(heard.uuids)) == len(heard.uuids) >= 294


@pytest.mark.contract("event-batcher")
def test_a_queue_that_raises_tells_as_well() -> None:
    bench = Bench(max_queue_size=1, overflow=Overflow.RAISE)
    bench.capture(1)
    with pytest.raises(QueueFullError):
        bench.capture(1)
    assert [len(events) for _, events in bench.errors] == [1]


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ({"distinct_id": "u"}, "event name must be non-empty text, got NoneType"),
        ({"event": "e"}, "distinct_id must be text with a UTF-8 form or a number, got NoneType"),
        ({"event": " ", "distinct_id": "u"}, "event name must be non-empty text, got blank text"),
    ],
)
def test_an_invalid_event_is_told(message: dict[str, Any], error: str) -> None:
    bench = Bench()
    assert bench.pipeline.capture({**message, "properties": {"a": 1}}) is None
    ((told, (event,)),) = bench.errors
    assert isinstance(told, InvalidEventError)
    assert str(told) == error
    assert event.decoded()["properties"] == {"a": 1}
    assert bench.pipeline.counters().refused == {"invalid": 1}


class Unreadable(dict[str, Any]):
    def get(self, *_: object) -> Any:
        raise ZeroDivisionError


def test_an_event_that_cannot_be_read_is_told() -> None:
    bench = Bench()
    assert bench.pipeline.capture(Unreadable()) is None
    ((told, events),) = bench.errors
    assert str(told) == "the event cannot be read: ZeroDivisionError"
    assert len(events) == 1


@pytest.mark.parametrize(
    ("status", "reason", "requests"),
    [(400, "rejected", 1), (401, "rejected", 1), (413, "too_large", 3), (503, "exhausted", 4)],
)
def test_what_the_server_does_not_take_is_told(status: int, reason: str, requests: int) -> None:
    bench = Bench()
    bench.memory.default = Response(status)
    uuids = bench.capture(2)
    while bench.pipeline.pending_count():
        bench.pipeline.flush()
    assert [event.uuid for _, events in bench.errors for event in events] == uuids
    assert set(bench.reasons) == {reason}
    assert len(bench.memory.requests) == requests


def test_what_is_left_at_the_end_is_told() -> None:
    heard = Heard()
    sink = HeldSink()
    with running(sink, heard, flush_at=1, max_batch_size=2) as pipeline:
        first = pipeline.push(make())
        assert sink.entered.wait(5)
        rest = [pipeline.push(make()) for _ in range(5)]
        assert not pipeline.shutdown(0.01)
        assert heard.uuids == [first, *rest]
        late = make()
        assert pipeline.push(late) is None
        assert not pipeline.flush(1)
        assert heard.uuids[-1] == late.uuid
        reasons = Counter(getattr(error, "reason", "closed") for error, _ in heard.calls)
        assert reasons == {"unconfirmed": 1, "shutdown": 1, "closed": 1}


def test_an_event_that_cannot_be_encoded_costs_itself() -> None:
    class Picky(WireV0):
        def request(self, batch: Batch, **options: Any) -> Request:
            if any(event.name == "bad" for event in batch.events):
                raise MemoryError
            return super().request(batch, **options)

    bench = Bench(wire=Picky(Destination(API_KEY, "http://host")))
    events = [make("good"), make("bad"), make("good"), make("good")]
    for event in events:
        bench.pipeline.push(event)
    assert not bench.pipeline.flush()
    assert bench.pipeline.counters().delivered == 3
    ((error, lost),) = bench.errors
    assert lost == (events[1],)
    assert "cannot be encoded: MemoryError" in str(error)


# What must not lose a batch.


class Odd:
    """A sink whose deliveries return or raise what they are told to."""

    def __init__(self, *results: object) -> None:
        self.results = list(results)
        self.events: list[Event] = []

    def deliver(self, batch: Batch, *, timeout: float) -> Any:
        result = self.results.pop(0) if self.results else DELIVERED
        if isinstance(result, BaseException):
            raise result
        if result is DELIVERED:
            self.events += batch.events
        return result

    def close(self) -> None:
        pass


ODD_RESULTS = [
    None,
    True,
    "delivered",
    DeliveryOutcome("delivered"),  # type: ignore[arg-type]
    DeliveryOutcome(Disposition.PARTIAL, retry=None),  # type: ignore[arg-type]
    DeliveryOutcome(Disposition.PARTIAL, refused={"x": 1}.keys()),  # type: ignore[arg-type]
    DeliveryOutcome(Disposition.RETRY, retry_after="soon"),  # type: ignore[arg-type]
    MemoryError(),
    RecursionError(),
]


@pytest.mark.parametrize("result", ODD_RESULTS, ids=lambda result: str(result)[:40])
def test_whatever_a_sink_returns_no_event_is_unaccounted_for(result: object) -> None:
    sink = Odd(result)
    bench = Bench(lanes={"events": LaneSetup(sink)})
    uuids = bench.capture(2)
    bench.pipeline.flush()
    assert is_balanced(bench.pipeline)
    assert bench.pipeline.shutdown(60)
    assert [event.uuid for event in sink.events] == uuids


@pytest.mark.parametrize("result", [SystemExit(), KeyboardInterrupt(), GeneratorExit()])
def test_a_worker_survives_whatever_its_sink_raises(
    result: BaseException, started_threads: StartedThreads
) -> None:
    sink = Odd(result)
    with running(sink, Heard(), flush_at=1) as pipeline:
        uuid = pipeline.push(make())
        deadline = time.monotonic() + 5
        while not sink.events and time.monotonic() < deadline:
            time.sleep(0.01)
        assert [event.uuid for event in sink.events] == [uuid]
        assert started_threads().count("flagengine-events") == 1
        assert pipeline.shutdown(5)
        assert is_balanced(pipeline)


class OddClock:
    def __init__(self, monotonic: Any = None, wall: Any = None) -> None:
        self.readings = {"monotonic": monotonic, "wall": wall}

    def monotonic(self) -> float:
        return self.read("monotonic", time.monotonic())

    def wall(self) -> float:
        return self.read("wall", time.time())

    def read(self, what: str, otherwise: float) -> float:
        reading = self.readings[what]
        if isinstance(reading, Exception):
            raise reading
        return otherwise if reading is None else reading  # type: ignore[no-any-return]


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize("what", ["monotonic", "wall"])
@pytest.mark.parametrize("reading", [NAN, INF, -INF, 1e300, -1e300, "now", ZeroDivisionError()])
def test_whatever_the_clock_says_events_are_delivered(what: str, reading: Any) -> None:
    clock = OddClock()
    sink = MemorySink()
    pipeline = EventPipeline({"events": LaneSetup(sink)}, clock=clock, driver=ManualDriver())
    uuids = [pipeline.capture({"event": "e", "distinct_id": "u"})]
    clock.readings[what] = reading
    uuids.append(pipeline.capture({"event": "e", "distinct_id": "u"}))
    assert None not in uuids
    assert pipeline.flush()
    uuids.append(pipeline.capture({"event": "e", "distinct_id": "u"}))
    assert pipeline.shutdown()
    assert [event.uuid for event in sink.events] == uuids


@pytest.mark.parametrize("wall", [-1e18, -62135596801.0, 253402300800.0, 1e18])
def test_before_the_year_1_and_after_9999_events_are_captured(wall: float) -> None:
    clock = ManualClock(wall=wall)
    bench = Bench()
    bench.pipeline._clock = clock
    assert bench.pipeline.capture({"event": "e", "distinct_id": "u"}) is not None
    assert bench.pipeline.flush()


# Callbacks.


@pytest.mark.parametrize("error", [ZeroDivisionError(), SystemExit()], ids=["error", "exit"])
def test_a_callback_that_raises_hears_of_the_next_loss(error: BaseException) -> None:
    def fail(_: object) -> None:
        raise error

    heard = Heard(fail)
    with running(MemorySink([REJECTED] * 3), heard, max_batch_size=1) as pipeline:
        uuids = [pipeline.push(make()) for _ in range(3)]
        assert not pipeline.flush(5)
        assert heard.uuids == uuids


@pytest.mark.parametrize("method", ["capture", "flush", "shutdown", "deliver"])
@pytest.mark.parametrize("driver", [None, ManualDriver()], ids=["threads", "manual"])
def test_a_callback_may_use_the_pipeline(method: str, driver: Any) -> None:
    done = threading.Event()

    def use(_: object) -> None:
        match method:
            case "capture":
                pipeline.capture({"event": "error", "distinct_id": "u"})
            case "deliver":
                pipeline.deliver(make("error"), timeout=1)
            case _:
                getattr(pipeline, method)()
        done.set()

    heard = Heard(use)
    lanes = {"events": LaneSetup(MemorySink([REJECTED]), LaneLimits(retry=QUICK))}
    pipeline = EventPipeline(lanes, driver=driver, on_error=heard)
    event = make()
    pipeline.push(event)
    started = time.monotonic()
    assert not pipeline.flush(5)
    assert done.wait(5)
    pipeline.shutdown(5)
    assert time.monotonic() - started < 5
    assert heard.uuids[0] == event.uuid
    assert is_balanced(pipeline)
    assert pipeline.pending_count() == 0


def test_a_callback_that_blocks_holds_up_neither_captures_nor_deliveries_nor_the_end() -> None:
    release = threading.Event()
    heard = Heard(lambda _: release.wait(20))
    sink = MemorySink([REJECTED])
    try:
        with running(sink, heard, flush_at=1, max_batch_size=1) as pipeline:
            pipeline.push(make())
            later = [pipeline.push(make()) for _ in range(5)]
            started = time.monotonic()
            assert not pipeline.flush(0.2)
            assert [event.uuid for event in sink.events] == later
            assert pipeline.shutdown(0.2)
            assert time.monotonic() - started < 5
    finally:
        release.set()


def test_a_callback_whose_own_captures_are_refused_is_not_called_for_ever() -> None:
    calls: list[int] = []
    bench = Bench(max_queue_size=1)

    def capture(*_: object) -> None:
        calls.append(1)
        bench.capture(3)

    bench.pipeline._announcer._on_error = capture
    bench.capture(2)
    assert bench.pipeline.counters().refused == {"queue_full": 4}
    assert len(calls) == 1


def test_a_storm_of_losses_is_told_in_a_few_calls() -> None:
    heard = Heard()
    sink = HeldSink()
    with running(sink, heard, max_queue_size=1, flush_at=1) as pipeline:
        pipeline.push(make())
        assert sink.entered.wait(5)
        pipeline.push(make())
        events = [make() for _ in range(20_000)]
        refused = [event.uuid for event in events if pipeline.push(event) is None]
        pipeline.flush(0.01)
        deadline = time.monotonic() + 5
        while len(heard.uuids) < len(refused) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert heard.uuids == refused
        assert len(heard.calls) < 500
        assert all(len(events) <= announcements.MAX_EVENTS for _, events in heard.calls)


def test_a_loss_that_comes_while_nothing_waits_is_told_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(announcements, "_PAUSE", 0)
    monkeypatch.setattr(announcements, "_IDLE_SECONDS", 3600)
    told = threading.Semaphore(0)
    sink = HeldSink()
    with running(sink, lambda *_: told.release(), max_queue_size=1, flush_at=1) as pipeline:
        pipeline.push(make())
        assert sink.entered.wait(5)
        pipeline.push(make())
        while pipeline.push(make()) is not None:
            pass
        assert told.acquire(timeout=5)
        for _ in range(20):
            pipeline.push(make())
            assert told.acquire(timeout=5)


def test_a_callback_that_falls_far_behind_is_told_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcements, "MAX_WAITING", 10)
    release = threading.Event()
    heard = Heard(lambda _: release.wait(20))
    sink = HeldSink()
    with running(sink, heard, max_queue_size=1, flush_at=1) as pipeline:
        pipeline.push(make())
        assert sink.entered.wait(5)
        pipeline.push(make())
        pipeline.push(make())
        while not heard.calls:
            time.sleep(0.001)
        for _ in range(500):
            pipeline.push(make())
        release.set()
        pipeline._announcer.wait(pipeline._announcer.posted, 5)
        assert [len(events) for _, events in heard.calls] == [1, 10]
        assert "500 events were not accepted" in str(heard.calls[1][0])


# The log.


def test_an_episode_has_a_line_at_its_beginning_and_one_at_its_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench = Bench(max_queue_size=2)
    bench.capture(50)
    assert [record.getMessage() for record in caplog.records] == [
        "event 'e2' was not accepted: the queue of lane 'events' is full (2 events)"
    ]
    bench.pipeline.flush()
    assert caplog.records[-1].getMessage() == (
        "the queue of lane 'events' has room again; 48 events were lost while it was full"
    )
    assert len(caplog.records) == 2


def test_a_queue_that_stays_full_is_logged_once_though_batches_arrive(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench = Bench(max_queue_size=10, flush_at=1, max_batch_size=1)
    bench.capture(11)
    for _ in range(20):
        bench.tick()
        bench.capture(2)
    assert sum("is full" in record.getMessage() for record in caplog.records) == 1


def test_lost_batches_are_logged_once_with_their_sum(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(max_batch_size=1)
    bench.memory.play(*[Response(400)] * 5)
    bench.capture(6)
    bench.pipeline.flush()
    first, last = (record.getMessage() for record in caplog.records)
    assert first.startswith("event 'e0' of lane 'events' lost (rejected)")
    assert last == "lane 'events' delivers again; 5 events were lost before"


def test_no_loss_is_critical(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()
    bench.memory.default = Response(503)
    bench.capture(3)
    bench.pipeline.shutdown(0.1)
    assert max(record.levelno for record in caplog.records) == logging.ERROR


@pytest.mark.parametrize("text", ["\x1b[31mred", "a\x9b2Jb", "a\u202eb", "a\u2028b", "a\x00b"])
def test_what_others_write_is_harmless_in_logs_and_errors(
    text: str, caplog: pytest.LogCaptureFixture
) -> None:
    bench = Bench()
    bench.memory.play(Response(500, body=text.encode()), Response(400, body=text.encode()))
    bench.capture(1)
    bench.pipeline.flush()
    bench.pipeline.flush()
    bench.pipeline.push(make(text, properties={"big": "x" * 1_000_000}))
    shown = [*(record.getMessage() for record in caplog.records)]
    shown += [str(error) for error, _ in bench.errors]
    assert len(shown) >= 4
    for line in shown:
        assert line.isprintable(), line


# The same uuid.


@pytest.mark.contract("capture")
def test_one_uuid_delivered_by_several_threads_arrives_from_each() -> None:
    uuid = make().uuid
    sink = MemorySink()
    barrier = threading.Barrier(6)
    answers: list[bool] = []
    with running(sink, Heard(), flush_at=2, max_batch_size=2) as pipeline:

        def deliver() -> None:
            barrier.wait()
            answers.append(pipeline.deliver(make(uuid=uuid)))

        threads = [threading.Thread(target=deliver) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == [True] * 6
        assert len(sink.events) == 6


@pytest.mark.contract("capture")
def test_each_of_two_events_with_one_uuid_has_its_own_answer() -> None:
    uuid = make().uuid
    bench = Bench()
    bench.memory.play(Response(400))
    bench.pipeline.push(make("queued", uuid=uuid))
    bench.pipeline.flush()
    assert bench.pipeline.deliver(make("immediate", uuid=uuid))
    bench.memory.play(Response(200), Response(400))
    bench.pipeline.push(make("queued", uuid=uuid))
    bench.pipeline.flush()
    assert not bench.pipeline.deliver(make("immediate", uuid=uuid))


def test_lanes_do_not_share_uuids() -> None:
    uuid = make().uuid
    lanes = {name: LaneSetup(MemorySink([outcome])) for name, outcome in (
        ("events", REJECTED), ("ai", DELIVERED))}  # fmt: skip
    bench = Bench(lanes=lanes)
    bench.pipeline.push(make(uuid=uuid))
    assert bench.pipeline.deliver(make(uuid=uuid), lane="ai")
    bench.pipeline.flush()
    assert bench.pipeline.counters().dropped == {DropReason.REJECTED: 1}


def test_a_request_that_the_transport_cannot_make_is_told() -> None:
    class Broken:
        def request(self, request: Request, /) -> Response:
            raise MemoryError

    bench = Bench()
    sink = HttpSink(Broken(), WireV0(Destination(API_KEY, "http://host")), bench.clock)
    bench = Bench(lanes={"events": LaneSetup(sink)})
    bench.capture(2)
    bench.pipeline.shutdown(60)
    ((error, events),) = bench.errors
    assert isinstance(error, DeliveryError)
    assert len(events) == 2
    assert is_balanced(bench.pipeline)
