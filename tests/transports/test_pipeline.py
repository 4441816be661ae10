"""The pipeline with a manual clock and a memory transport: batching, retries, flush, shutdown."""

from __future__ import annotations

import gzip
import json
import logging
import threading
import time
from typing import Any

import pytest

from flagengine.transports.batching.batch import Batch, Delivered, DropReason, Retried
from flagengine.transports.batching.delivery import DeliveryOutcome, Disposition
from flagengine.transports.batching.drivers import ManualDriver
from flagengine.transports.batching.limits import Exhausted, LaneLimits, Overflow
from flagengine.transports.batching.pipeline import EventPipeline, LaneSetup
from flagengine.transports.batching.sinks.memory import MemorySink
from flagengine.transports.clock import ManualClock
from flagengine.transports.errors import (
    EventTooLargeError,
    QueueFullError,
    RequestTimeoutError,
    StatusError,
)
from flagengine.transports.http.base import Request, Response

from .support import Bench, HeldSink, make


def sent(request: Request) -> list[dict[str, Any]]:
    assert request.body is not None
    events: list[dict[str, Any]] = json.loads(gzip.decompress(request.body))["batch"]
    return events


def names(request: Request) -> list[str]:
    return [event["event"] for event in sent(request)]


@pytest.mark.contract("event-batcher")
class TestBatching:
    def test_a_full_batch_is_sent_at_once_and_the_queue_is_empty(self) -> None:
        bench = Bench(flush_at=2)
        bench.capture(1)
        assert bench.tick() == 0
        bench.capture(1)
        assert bench.tick() == 1
        assert len(sent(bench.memory.requests[0])) == 2
        assert bench.pipeline.pending_count() == 0

    def test_a_single_event_is_sent_when_the_interval_has_passed(self) -> None:
        bench = Bench(flush_interval=10.0)
        bench.capture(1)
        assert bench.tick(9.9) == 0
        assert bench.tick(0.1) == 1

    def test_events_keep_their_order(self) -> None:
        bench = Bench()
        bench.capture(3)
        assert bench.pipeline.flush()
        assert names(bench.memory.requests[0]) == ["e0", "e1", "e2"]

    def test_a_request_holds_no_more_than_the_batch_size(self) -> None:
        bench = Bench(flush_at=5, max_batch_size=5)
        bench.capture(12)
        bench.pipeline.flush()
        assert [len(sent(request)) for request in bench.memory.requests] == [5, 5, 2]

    def test_the_batch_size_is_a_thousand_or_flush_at_when_that_is_more(self) -> None:
        assert LaneLimits(flush_at=20).batch_size == 1_000
        assert LaneLimits(flush_at=5_000).batch_size == 5_000

    def test_a_request_stays_below_five_mib_of_events(self) -> None:
        bench = Bench()
        bench.capture(12, properties={"text": "x" * 800_000})
        bench.pipeline.flush()
        assert [len(sent(request)) for request in bench.memory.requests] == [6, 6]

    def test_the_queue_has_room_for_ten_thousand(self, caplog: pytest.LogCaptureFixture) -> None:
        bench = Bench()
        assert len(bench.capture(10_005)) == 10_000
        assert bench.pipeline.counters().refused == {"queue_full": 5}
        warnings = [r for r in caplog.records if "not accepted" in r.getMessage()]
        assert len(warnings) == 1, "a full queue causes one warning"
        assert {type(error) for error, _ in bench.errors} == {QueueFullError}
        assert sum(len(events) for _, events in bench.errors) == 5

    def test_a_new_full_episode_warns_anew(self, caplog: pytest.LogCaptureFixture) -> None:
        bench = Bench(max_queue_size=4, flush_at=100)
        for _ in range(2):
            bench.capture(6)
            bench.pipeline.flush()
        assert sum("is full" in record.getMessage() for record in caplog.records) == 2

    def test_a_queue_that_is_still_more_than_half_full_does_not_warn_anew(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        bench = Bench(max_queue_size=4, flush_at=1, max_batch_size=1)
        bench.memory.play(Response(400))
        bench.capture(6)
        assert bench.tick() == 1
        assert len(bench.capture(2)) == 1
        assert sum("is full" in record.getMessage() for record in caplog.records) == 1

    def test_batches_in_flight_do_not_count_against_the_capacity(self) -> None:
        captured: list[str] = []

        def answer(_: Request) -> Response:
            captured.extend(bench.capture(3))
            return Response(200)

        bench = Bench(max_queue_size=3)
        bench.capture(3)
        bench.memory.play(answer)
        bench.tick()
        assert len(captured) == 3
        bench.tick()
        assert [event["uuid"] for event in sent(bench.memory.requests[1])] == captured

    def test_an_event_over_900_kib_is_refused_by_name_and_size(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        bench = Bench()
        assert bench.capture(1, properties={"secret": "s" * 900 * 1024}) == []
        assert "'e0'" in caplog.text
        assert "921600" in caplog.text
        assert "sss" not in caplog.text
        assert isinstance(bench.errors[0][0], EventTooLargeError)
        assert bench.capture(1, properties={"text": "x" * 890 * 1024}) != []

    def test_after_a_413_batches_are_smaller_and_grow_one_by_one(self) -> None:
        bench = Bench(flush_at=8, max_batch_size=8)
        bench.memory.play(Response(413))
        bench.capture(8)
        bench.pipeline.flush()
        assert [len(sent(request)) for request in bench.memory.requests] == [8, 4, 4]
        bench.capture(20)
        bench.pipeline.flush()
        assert [len(sent(request)) for request in bench.memory.requests[3:]] == [6, 7, 7]


@pytest.mark.contract("retry-queue")
class TestRetries:
    def test_four_requests_at_one_two_and_four_seconds_then_the_batch_is_dropped(self) -> None:
        bench = Bench()
        bench.memory.default = Response(503)
        bench.capture(2)
        assert not bench.pipeline.flush()
        for wait in (1.0, 2.0, 4.0):
            assert bench.tick(wait - 0.01) == 0
            assert bench.tick(0.01) == 1
        assert bench.tick(100) == 0
        assert len(bench.memory.requests) == 4
        assert bench.reasons == ["exhausted"]
        assert bench.dropped(DropReason.EXHAUSTED) == 2
        assert bench.pipeline.pending_count() == 0

    def test_after_a_delivery_the_next_failure_warns_anew(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        bench = Bench()
        for _ in range(2):
            bench.memory.play(Response(503), Response(503))
            bench.capture(1)
            assert [bench.pipeline.flush() for _ in range(3)] == [False, False, True]
        warnings = [r for r in caplog.records if "wait to be sent again" in r.getMessage()]
        assert len(warnings) == 2

    @pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
    def test_retryable_statuses_leave_the_events_queued(self, status: int) -> None:
        bench = Bench()
        bench.memory.play(Response(status))
        bench.capture(1)
        assert not bench.pipeline.flush()
        assert bench.pipeline.pending_count() == 1
        assert bench.tick(1.0) == 1
        assert bench.pipeline.pending_count() == 0

    def test_no_answer_leaves_the_events_queued(self) -> None:
        bench = Bench()
        bench.memory.play(RequestTimeoutError("x"))
        bench.capture(1)
        assert not bench.pipeline.flush()
        assert bench.pipeline.pending_count() == 1

    @pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 415])
    def test_terminal_statuses_drop_the_batch_and_the_drain_goes_on(self, status: int) -> None:
        bench = Bench(max_batch_size=2)
        bench.memory.play(Response(status))
        bench.capture(4)
        assert not bench.pipeline.flush()
        assert bench.pipeline.flush(), "each loss is answered for once"
        assert [names(request) for request in bench.memory.requests] == [["e0", "e1"], ["e2", "e3"]]
        assert bench.reasons == ["rejected"]
        error, events = bench.errors[0]
        assert isinstance(error.__cause__, StatusError)
        assert error.__cause__.status == status
        assert [event.name for event in events] == ["e0", "e1"]

    def test_retry_after_is_a_minimum(self) -> None:
        bench = Bench()
        bench.memory.play(Response(429, {"Retry-After": "3"}))
        bench.capture(1)
        bench.pipeline.flush()
        assert bench.tick(2.9) == 0
        assert bench.tick(0.1) == 1

    def test_retry_after_is_clamped_to_thirty_seconds(self) -> None:
        bench = Bench()
        bench.memory.play(Response(429, {"Retry-After": "86400"}))
        bench.capture(1)
        bench.pipeline.flush()
        assert bench.tick(29.9) == 0
        assert bench.tick(0.1) == 1

    def test_a_retry_repeats_the_envelopes_and_takes_no_new_events(self) -> None:
        bench = Bench()
        bench.memory.play(Response(503))
        bench.capture(2, timestamp="2025-01-01T00:00:00Z")
        bench.pipeline.flush()
        bench.capture(1)
        bench.tick(1.0)
        first, second = bench.memory.requests[:2]
        assert sent(first) == sent(second)
        bench.tick(10.0)
        assert names(bench.memory.requests[2]) == ["e0"]

    def test_a_413_halves_until_an_event_alone_is_dropped(self) -> None:
        def refuse_two(request: Request) -> Response:
            return Response(413 if "e2" in names(request) else 200)

        bench = Bench()
        bench.memory.default = refuse_two
        bench.capture(4)
        assert not bench.pipeline.flush()
        tried = [names(request) for request in bench.memory.requests]
        assert tried == [["e0", "e1", "e2", "e3"], ["e0", "e1"], ["e2", "e3"], ["e2"], ["e3"]]
        assert bench.reasons == ["too_large"]
        assert bench.pipeline.counters().delivered == 3

    def test_a_413_for_one_event_makes_no_second_request(self) -> None:
        bench = Bench()
        bench.memory.play(Response(413))
        bench.capture(1)
        assert not bench.pipeline.flush()
        assert bench.tick(100) == 0
        assert len(bench.memory.requests) == 1

    def test_retain_keeps_an_exhausted_batch_cools_off_and_starts_anew(self) -> None:
        bench = Bench(on_exhausted=Exhausted.RETAIN)
        bench.memory.default = Response(503)
        bench.capture(1)
        bench.pipeline.flush()
        for wait in (1.0, 2.0, 4.0):
            assert bench.tick(wait) == 1
        assert bench.pipeline.pending_count() == 1
        assert bench.tick(29.9) == 0
        assert bench.tick(0.1) == 1
        assert bench.tick(1.0) == 1
        assert bench.errors == []

    def test_v1_sends_only_the_retry_events_again_with_the_same_request_id(self) -> None:
        def answer(request: Request) -> Response:
            outcomes = zip(sent(request), ["ok", "drop", "retry"], strict=True)
            results = {event["uuid"]: {"result": outcome} for event, outcome in outcomes}
            return Response(200, {"Retry-After": "3"}, json.dumps({"results": results}).encode())

        bench = Bench(mode="v1")
        bench.memory.play(answer)
        bench.capture(3)
        assert not bench.pipeline.flush()
        assert bench.reasons == ["rejected"]
        assert [event.name for event in bench.errors[0][1]] == ["e1"]
        assert bench.tick(2.9) == 0
        assert bench.tick(0.1) == 1
        first, second = (request.headers for request in bench.memory.requests)
        assert names(bench.memory.requests[1]) == ["e2"]
        assert first["PostHog-Request-Id"] == second["PostHog-Request-Id"]
        assert (first["PostHog-Attempt"], second["PostHog-Attempt"]) == ("1", "2")
        assert first["PostHog-Request-Timestamp"] != second["PostHog-Request-Timestamp"]
        assert first["PostHog-Request-Id"] in str(bench.errors[0][0])

    def test_v1_batches_have_ids_of_their_own(self) -> None:
        bench = Bench(mode="v1", max_batch_size=1)
        bench.capture(2)
        bench.pipeline.flush()
        ids = {request.headers["PostHog-Request-Id"] for request in bench.memory.requests}
        assert len(ids) == 2


@pytest.mark.contract("flush")
class TestFlush:
    def test_an_empty_queue_makes_no_request(self) -> None:
        bench = Bench()
        assert bench.pipeline.flush()
        assert bench.memory.requests == []

    def test_each_batch_gets_one_attempt_and_the_lane_stops_at_the_first_failure(self) -> None:
        bench = Bench(max_batch_size=2)
        bench.memory.play(Response(200), Response(503))
        bench.capture(6)
        assert not bench.pipeline.flush()
        assert len(bench.memory.requests) == 2
        assert bench.pipeline.pending_count() == 4

    def test_a_flush_does_not_wait_for_our_own_backoff(self) -> None:
        bench = Bench()
        bench.memory.play(Response(503), Response(503))
        bench.capture(1)
        bench.pipeline.flush()
        assert not bench.pipeline.flush()
        assert bench.pipeline.flush()
        assert bench.clock.monotonic() == 0.0

    def test_a_flush_obeys_the_servers_retry_after(self) -> None:
        bench = Bench()
        bench.memory.play(Response(429, {"Retry-After": "3"}))
        bench.capture(1)
        bench.pipeline.flush()
        bench.clock.advance(2.9)
        assert not bench.pipeline.flush()
        assert len(bench.memory.requests) == 1
        bench.clock.advance(0.1)
        assert bench.pipeline.flush()

    def test_a_sink_that_raises_is_a_failure_like_another(self) -> None:
        class Broken(MemorySink):
            def deliver(self, batch: Any, *, timeout: float) -> DeliveryOutcome:
                raise ZeroDivisionError

        bench = Bench(lanes={"events": LaneSetup(Broken())})
        bench.capture(1)
        assert not bench.pipeline.flush()
        assert bench.pipeline.pending_count() == 1

    def test_an_interrupt_during_a_send_loses_nothing(self) -> None:
        class Interrupted(MemorySink):
            def deliver(self, batch: Any, *, timeout: float) -> DeliveryOutcome:
                raise KeyboardInterrupt

        bench = Bench(lanes={"events": LaneSetup(Interrupted())})
        bench.capture(1)
        with pytest.raises(KeyboardInterrupt):
            bench.pipeline.flush()
        assert bench.pipeline.pending_count() == 1

    def test_a_callback_that_raises_harms_nobody(self, caplog: pytest.LogCaptureFixture) -> None:
        def angry(*_: object) -> None:
            raise ZeroDivisionError

        sink = MemorySink([DeliveryOutcome(Disposition.REJECTED, StatusError(400))])
        pipeline = EventPipeline(
            {"events": LaneSetup(sink)}, driver=ManualDriver(), on_error=angry, on_action=angry
        )
        pipeline.push(make())
        assert not pipeline.flush()
        assert "callback" in caplog.text

    def test_every_action_is_reported(self) -> None:
        bench = Bench()
        bench.memory.play(Response(503))
        bench.capture(1)
        bench.pipeline.flush()
        bench.pipeline.flush()
        assert [type(action) for action in bench.actions] == [Retried, Delivered]


@pytest.mark.contract("capture")
class TestImmediate:
    def test_deliver_says_whether_the_event_arrived(self) -> None:
        bench = Bench()
        bench.memory.play(Response(200), Response(400), Response(503))
        assert [bench.pipeline.deliver(make()) for _ in range(3)] == [True, False, False]
        assert bench.pipeline.pending_count() == 1

    def test_an_invalid_message_is_dropped_with_a_warning(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        bench = Bench()
        assert bench.pipeline.capture({"event": "", "distinct_id": "u"}) is None
        assert "event name" in caplog.text
        assert bench.pipeline.pending_count() == 0


@pytest.mark.contract("shutdown")
class TestShutdown:
    def test_everything_is_delivered_and_the_sink_is_closed(self) -> None:
        sink = MemorySink()
        bench = Bench(lanes={"events": LaneSetup(sink)})
        bench.capture(3)
        assert bench.pipeline.shutdown()
        assert len(sink.events) == 3
        assert sink.is_closed

    def test_later_events_are_refused_with_a_warning(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        bench = Bench()
        bench.pipeline.shutdown()
        assert bench.capture(2) == []
        assert caplog.text.count("shut down") == 1
        assert bench.pipeline.counters().refused == {"closed": 2}

    def test_it_keeps_retrying_until_its_deadline(self) -> None:
        bench = Bench()
        bench.memory.play(Response(503), Response(503))
        bench.capture(1)
        assert bench.pipeline.shutdown(timeout=30.0)
        assert bench.clock.monotonic() == pytest.approx(3.0)

    def test_at_the_deadline_it_returns_and_accounts_for_the_rest(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        bench = Bench(max_batch_size=2)
        bench.memory.default = Response(503)
        bench.capture(3)
        assert not bench.pipeline.shutdown(timeout=2.0)
        assert bench.clock.monotonic() == pytest.approx(2.0)
        assert [record.levelno for record in caplog.records].count(logging.ERROR) == 1
        assert bench.reasons == ["shutdown", "shutdown"]
        assert bench.pipeline.counters().dropped == {"shutdown": 3}

    def test_a_second_call_changes_nothing(self) -> None:
        bench = Bench()
        bench.capture(1)
        assert bench.pipeline.shutdown()
        assert bench.pipeline.shutdown()
        assert len(bench.memory.requests) == 1

    def test_discard_sends_nothing(self) -> None:
        bench = Bench()
        bench.capture(3)
        bench.pipeline.shutdown(timeout=0.0, discard=True)
        assert bench.memory.requests == []
        assert bench.pipeline.counters().dropped == {"discarded": 3}
        assert bench.pipeline.pending_count() == 0


@pytest.mark.contract("event-batcher")
class TestOverflow:
    def bench(self, overflow: Overflow, **limits: Any) -> Bench:
        return Bench(overflow=overflow, max_queue_size=3, flush_at=100, **limits)

    def test_drop_oldest_makes_room_and_reports_what_went(self) -> None:
        bench = self.bench(Overflow.DROP_OLDEST)
        uuids = bench.capture(5)
        assert len(uuids) == 5
        assert bench.reasons == ["evicted", "evicted"]
        bench.pipeline.flush()
        assert [event["uuid"] for event in sent(bench.memory.requests[0])] == uuids[2:]

    def test_raise_raises(self) -> None:
        bench = self.bench(Overflow.RAISE)
        bench.capture(3)
        with pytest.raises(QueueFullError, match="'events' is full"):
            bench.pipeline.push(make())
        assert bench.pipeline.counters().refused == {"queue_full": 1}

    def test_block_does_not_wait_when_nobody_else_works(self) -> None:
        bench = self.bench(Overflow.BLOCK, block_timeout=60.0)
        assert len(bench.capture(4)) == 3

    def test_spill_needs_a_spool(self) -> None:
        with pytest.raises(ValueError, match="spool"):
            LaneSetup(MemorySink(), LaneLimits(overflow=Overflow.SPILL))

    def test_a_queue_is_bounded_in_bytes_too(self) -> None:
        bench = Bench(max_queue_bytes=1000, flush_at=100)
        assert len(bench.capture(20, properties={"text": "x" * 200})) < 5

    def test_block_does_not_wait_where_only_the_caller_could_make_room(self) -> None:
        bench = Bench(max_queue_size=1, overflow=Overflow.BLOCK, block_timeout=30.0)
        started = time.monotonic()
        assert len(bench.capture(2)) == 1
        assert time.monotonic() - started < 5.0
        assert bench.pipeline.counters().refused == {"queue_full": 1}

    @pytest.mark.parametrize(
        "wrong", [{"flush_at": 0}, {"max_queue_size": -1}, {"flush_interval": 0}]
    )
    def test_senseless_limits_are_refused(self, wrong: dict[str, int]) -> None:
        with pytest.raises(ValueError, match="greater than 0"):
            LaneLimits(**wrong)  # type: ignore[arg-type]


@pytest.mark.contract("capture-ai")
class TestLanes:
    def test_a_broken_lane_does_not_hold_up_another(self) -> None:
        ai = MemorySink([DeliveryOutcome(Disposition.RETRY, StatusError(503))])
        events = MemorySink()
        bench = Bench(
            lanes={"events": LaneSetup(events), "ai": LaneSetup(ai, LaneLimits().with_ai_events())}
        )
        bench.pipeline.push(make("ai event"), lane="ai")
        bench.pipeline.push(make("plain"))
        assert not bench.pipeline.flush()
        assert [event.name for event in events.events] == ["plain"]
        assert ai.events == []
        assert bench.pipeline.flush(lanes=["events"])
        assert bench.pipeline.flush(lanes=["ai"])
        assert [event.name for event in ai.events] == ["ai event"]

    def test_the_ai_lane_takes_events_of_eight_mib(self) -> None:
        bench = Bench(lanes={"ai": LaneSetup(MemorySink(), LaneLimits().with_ai_events())})
        for size, is_taken in ((7_900_000, True), (8_400_000, False)):
            event = make(properties={"text": "x" * size})
            assert (bench.pipeline.push(event, lane="ai") is not None) == is_taken


def test_a_flush_of_several_lanes_keeps_its_deadline() -> None:
    allowed: list[float] = []
    clock = ManualClock()

    class SlowSink:
        """A sink that uses up the time that it is given."""

        def deliver(self, batch: Batch, *, timeout: float) -> DeliveryOutcome:
            allowed.append(timeout)
            clock.advance(timeout)
            return DeliveryOutcome(Disposition.RETRY, RequestTimeoutError("slow"))

        def close(self) -> None:
            pass

    lanes = {name: LaneSetup(SlowSink()) for name in ("events", "ai")}
    pipeline = EventPipeline(lanes, clock=clock, driver=ManualDriver())
    for lane in lanes:
        pipeline.capture({"event": "e", "distinct_id": "u"}, lane=lane)
    assert not pipeline.flush(0.5)
    assert allowed == [0.5]
    assert clock.monotonic() == 0.5


@pytest.mark.parametrize(
    "waits_too", [[], ["ai"]], ids=["alone", "another lane waits for its retry"]
)
def test_a_flush_waits_for_the_batch_of_another_thread_and_no_longer(waits_too: list[str]) -> None:
    held, failing, clock = HeldSink(), MemorySink(), ManualClock()
    failing.play(DeliveryOutcome(Disposition.RETRY, RequestTimeoutError("slow")))

    class Releasing(ManualDriver):
        """A driver that lets the other thread go on when this one has nothing else to do."""

        def drives(self, lane: str) -> bool:
            is_ours = threading.current_thread() is threading.main_thread()
            if is_ours and len(failing.batches) == len(waits_too):
                held.release.set()
            return super().drives(lane)

        def pause(self, seconds: float) -> None:
            clock.advance(seconds)

    lanes = {"events": LaneSetup(held), "ai": LaneSetup(failing)}
    pipeline = EventPipeline(lanes, clock=clock, driver=Releasing())
    for lane in ["events", *waits_too]:
        pipeline.capture({"event": "e", "distinct_id": "u"}, lane=lane)
    other = threading.Thread(target=lambda: pipeline.flush(lanes=["events"]))
    other.start()
    assert held.entered.wait(10)
    assert pipeline.flush() == (not waits_too)
    other.join(10)
    assert pipeline.counters().delivered == 1
    assert clock.monotonic() == 0.0
