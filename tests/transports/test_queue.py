"""One lane's queue, decision by decision: what it takes, when it is due, what follows an answer."""

from __future__ import annotations

from itertools import count
from typing import Any
from unittest.mock import ANY

import pytest

from flagengine.transports.batching.batch import (
    Admission,
    Batch,
    Delivered,
    Dropped,
    DropReason,
    Kept,
    QueueAction,
    Retried,
)
from flagengine.transports.batching.counters import Counters
from flagengine.transports.batching.delivery import DELIVERED, DeliveryOutcome, Disposition
from flagengine.transports.batching.event import Event
from flagengine.transports.batching.limits import Exhausted, LaneLimits, Overflow
from flagengine.transports.batching.queue import EventQueue
from flagengine.transports.clock import ClockReading
from flagengine.transports.errors import StatusError

from .support import NO_JITTER

AT_ONCE = float("-inf")
WALL = 1_700_000_000.0
BROKEN = DeliveryOutcome(Disposition.RETRY, StatusError(503))
BUSY = DeliveryOutcome(Disposition.RETRY, StatusError(429), 3.0)
TOO_LARGE = DeliveryOutcome(Disposition.SPLIT, StatusError(413))
REJECTED = DeliveryOutcome(Disposition.REJECTED, StatusError(400))
_numbers = count()


def at(seconds: float) -> ClockReading:
    return ClockReading(seconds, WALL + seconds)


def event(size: int = 1) -> Event:
    return Event(f"uuid-{next(_numbers)}", "name", b"x" * size)


def queue_of(**limits: Any) -> EventQueue:
    ids = count(1)
    return EventQueue(
        "events",
        LaneLimits(**{"retry": NO_JITTER, **limits}),
        new_id=lambda _: f"request-{next(ids)}",
        draw=lambda: 0.0,
    )


def filled(*sizes: int, now: float = 0.0, **limits: Any) -> EventQueue:
    queue = queue_of(**limits)
    for size in sizes:
        assert queue.push(event(size), now).reason is None
    return queue


def push_stored(queue: EventQueue, *events: Event) -> Admission:
    return queue.push_stored(events, 0.0, in_memory=queue.room_for(events))


def sent(queue: EventQueue, now: float = 0.0) -> Batch:
    batch = queue.next_batch(at(now))
    assert batch is not None
    return batch


def answered(queue: EventQueue, outcome: DeliveryOutcome, now: float = 0.0) -> list[QueueAction]:
    return queue.answer(sent(queue, now), outcome, at(now))


def sizes_sent(queue: EventQueue, now: float = 0.0) -> list[int]:
    """Send all that is due, and return the number of events in each batch."""
    sizes: list[int] = []
    while batch := queue.next_batch(at(now)):
        assert batch.events, "no empty request"
        sizes.append(len(batch.events))
        queue.answer(batch, DELIVERED, at(now))
    return sizes


def counters(queue: EventQueue) -> Counters:
    return Counters.sum_of([queue.tally], pending=queue.pending)


class TestAdmission:
    def test_a_new_queue_is_empty_and_never_due(self) -> None:
        queue = queue_of()
        assert (queue.pending, queue.queued, queue.refill_size) == (0, 0, 0)
        assert not queue.is_full
        assert not queue.spills
        assert queue.due_at() is None
        assert queue.next_batch(at(1e9)) is None

    def test_the_first_event_and_the_last_of_each_batch_wake_the_lane(self) -> None:
        queue = queue_of(flush_at=3)
        wakes = [queue.push(event(), 0.0).wake for _ in range(7)]
        assert wakes == [True, False, True, False, False, True, False]

    def test_after_a_batch_was_taken_the_next_full_one_wakes_the_lane_again(self) -> None:
        queue = queue_of(flush_at=3, max_batch_size=3)
        for _ in range(4):
            queue.push(event(), 0.0)
        assert sizes_sent(queue)[0] == 3
        assert [queue.push(event(), 0.0).wake for _ in range(2)] == [False, True]

    def test_the_event_that_fills_the_queue_wakes_the_lane(self) -> None:
        queue = queue_of(flush_at=100, max_queue_size=3)
        assert [queue.push(event(), 0.0).wake for _ in range(3)] == [True, False, True]

    def test_a_batch_full_of_bytes_wakes_the_lane(self) -> None:
        queue = queue_of(max_batch_bytes=10)
        assert [queue.push(event(size), 0.0).wake for size in (4, 5, 1, 1)] == [
            True, False, True, False,
        ]  # fmt: skip

    @pytest.mark.parametrize(
        "limits", [{"max_batch_size": 2}, {"max_queue_size": 2}, {"max_queue_bytes": 2}]
    )
    def test_a_batch_is_full_below_flush_at_where_no_more_fit(self, limits: Any) -> None:
        assert filled(1, flush_at=100, **limits).due_at() == 5.0
        assert filled(1, 1, flush_at=100, **limits).due_at() == AT_ONCE

    def test_an_event_may_be_exactly_as_large_as_the_limit(self) -> None:
        queue = queue_of(max_event_bytes=10)
        assert queue.unfit(event(10)) is None
        assert queue.unfit(event(11)) is DropReason.TOO_LARGE
        assert queue.push(event(10), 0.0).reason is None
        assert queue.push(event(11), 0.0) == Admission(DropReason.TOO_LARGE)
        assert counters(queue).accepted == 1
        assert counters(queue).refused == {"too_large": 1}

    def test_a_queue_is_full_at_its_number_of_events(self) -> None:
        queue = filled(1, 1, max_queue_size=3)
        assert (queue.is_full, queue.spills) == (False, False)
        queue.push(event(), 0.0)
        assert (queue.is_full, queue.spills) == (True, True)

    def test_a_queue_is_full_at_its_number_of_bytes(self) -> None:
        queue = filled(4, 5, max_queue_bytes=10)
        assert not queue.is_full
        queue.push(event(1), 0.0)
        assert queue.is_full
        queue.flush(0.0)
        assert sizes_sent(queue) == [3]
        assert not queue.is_full

    @pytest.mark.parametrize("overflow", [how for how in Overflow if how != Overflow.DROP_OLDEST])
    def test_a_full_queue_refuses_what_the_disk_does_not_hold(self, overflow: Overflow) -> None:
        queue = filled(1, 1, max_queue_size=2, overflow=overflow)
        assert queue.push(event(), 0.0) == Admission(DropReason.QUEUE_FULL)
        assert queue.push(event(), 0.0) == Admission(DropReason.QUEUE_FULL)
        assert counters(queue).refused == {"queue_full": 2}
        assert counters(queue).accepted == queue.pending == 2

    def test_the_oldest_gives_way_where_the_limits_say_so(self) -> None:
        queue = queue_of(max_queue_size=2, max_queue_bytes=9, overflow=Overflow.DROP_OLDEST)
        oldest, *others = [event(4), event(4), event(1)]
        assert [queue.push(oldest, 0.0).evicted, queue.push(others[0], 0.0).evicted] == [None, None]
        assert queue.push(others[1], 0.0).evicted is oldest
        assert counters(queue).accepted == 3
        assert counters(queue).dropped == {"evicted": 1}
        assert sent(queue, 5.0).events == tuple(others)

    def test_what_was_evicted_no_longer_takes_room(self) -> None:
        queue = filled(6, 3, max_queue_bytes=9, flush_at=100, overflow=Overflow.DROP_OLDEST)
        assert queue.push(event(2), 0.0).evicted is not None
        assert not queue.is_full
        assert queue.push(event(4), 0.0).evicted is None
        assert queue.is_full

    def test_a_queue_without_room_has_nothing_to_evict(self) -> None:
        queue = queue_of(max_queue_bytes=0, overflow=Overflow.DROP_OLDEST)
        assert queue.push(event(), 0.0) == Admission(DropReason.QUEUE_FULL)


class TestDisk:
    def spilled(self, memory: int, disk: int, **limits: Any) -> EventQueue:
        queue = filled(
            *[1] * memory, max_queue_size=memory, overflow=Overflow.SPILL, flush_at=100, **limits
        )
        for _ in range(disk):
            assert push_stored(queue, event()) == Admission()
        return queue

    def test_events_on_disk_count_as_accepted_and_pending(self) -> None:
        queue = self.spilled(2, 3)
        assert (queue.queued, queue.pending, counters(queue).accepted) == (5, 5, 5)

    def test_a_stored_event_waits_in_memory_while_there_is_room(self) -> None:
        queue = queue_of(overflow=Overflow.SPILL)
        assert push_stored(queue, event()).wake
        assert queue.refill_size == 0

    @pytest.mark.parametrize(
        ("limits", "room"),
        [
            ({}, 5),
            ({"max_queue_size": 6}, 4),
            ({"max_queue_size": 2}, 0),
            ({"max_queue_bytes": 2}, 0),
            ({"max_queue_bytes": 3}, 1),
            ({"max_queue_bytes": 22}, 2),
            ({"max_queue_bytes": 23}, 3),
        ],
    )
    def test_there_is_room_for_as_many_as_pushes_one_by_one_would_keep(
        self, limits: dict[str, int], room: int
    ) -> None:
        queue = filled(1, 1, overflow=Overflow.SPILL, flush_at=100, **limits)
        events = [event(size) for size in (10, 10, 1, 1, 1)]
        assert queue.room_for(events) == room
        assert [queue.push(item, 0.0).reason for item in events].count(None) == room

    def test_behind_events_on_disk_there_is_no_room(self) -> None:
        queue = self.spilled(1, 1)
        sent(queue, 9.0)
        assert not queue.is_full
        assert queue.room_for([event()]) == 0

    def test_many_stored_events_make_the_lane_due_as_one_does(self) -> None:
        queue = filled(1, overflow=Overflow.SPILL, flush_at=3)
        assert not push_stored(queue, event()).wake
        assert push_stored(queue, event(), event(), event()).wake
        assert queue.next_batch(at(0.0)) is not None

    def test_while_older_events_wait_on_disk_new_ones_queue_up_behind_them(self) -> None:
        queue = self.spilled(2, 1)
        sent(queue)
        assert not queue.is_full
        assert queue.spills
        assert queue.push(event(), 0.0).reason is DropReason.QUEUE_FULL
        assert push_stored(queue, event()).reason is None

    def test_memory_is_filled_up_once_it_is_half_empty(self) -> None:
        queue = self.spilled(4, 9, max_batch_size=1)
        found = [queue.refill_size]
        for _ in range(4):
            answered(queue, DELIVERED)
            found.append(queue.refill_size)
        assert found == [0, 0, 2, 3, 4]

    def test_no_more_is_read_back_than_waits_on_disk(self) -> None:
        queue = self.spilled(4, 1, max_batch_size=4)
        assert queue.refill_size == 0
        sent(queue)
        assert queue.refill_size == 1

    def test_events_read_back_are_sent_in_their_turn(self) -> None:
        queue = self.spilled(2, 2)
        first, back = sent(queue), [event(), event()]
        queue.restore(back)
        queue.answer(first, DELIVERED, at(0.0))
        second = sent(queue)
        assert second.events == tuple(back)
        assert (first.first_seq, second.first_seq) == (1, 3)
        assert counters(queue).kept == 0

    def test_events_that_cannot_be_read_now_stay_pending(self) -> None:
        queue = self.spilled(2, 3)
        answered(queue, DELIVERED)
        queue.restore([event()])
        queue.read_failed(0.0)
        assert (queue.pending, queue.queued, counters(queue).kept) == (3, 3, 0)
        assert queue.push(event(), 0.0).reason is DropReason.QUEUE_FULL, "it would overtake them"

    def test_after_a_failed_read_memory_is_sent_before_the_next(self) -> None:
        queue = self.spilled(4, 3, max_batch_size=2)
        answered(queue, DELIVERED)
        assert queue.refill_at() == AT_ONCE
        queue.read_failed(0.0)
        assert queue.refill_at() is None
        flying = sent(queue)
        assert queue.refill_at() is None, "a batch is in flight"
        queue.answer(flying, DELIVERED, at(0.0))
        assert queue.refill_at() == AT_ONCE

    def test_a_failed_read_with_an_empty_memory_is_tried_again_after_a_second(self) -> None:
        queue = self.spilled(2, 3)
        answered(queue, DELIVERED)
        queue.read_failed(7.0)
        assert (queue.refill_at(), queue.due_at()) == (8.0, None)
        queue.restore([event(), event()])
        answered(queue, DELIVERED)
        assert queue.refill_at() == AT_ONCE, "the disk works again"

    def test_a_flush_reads_at_once_and_ends_with_a_failed_read(self) -> None:
        queue = self.spilled(2, 1)
        answered(queue, DELIVERED)
        queue.read_failed(7.0)
        goal = queue.flush(7.5)
        assert queue.refill_at() == AT_ONCE
        assert not queue.is_settled(goal)
        queue.read_failed(7.5)
        assert queue.is_settled(goal)
        assert not queue.has_reached(goal)
        queue.restore([event()])
        answered(queue, DELIVERED, 8.5)
        assert queue.has_reached(goal)

    def test_a_failed_read_ends_no_flush_that_has_events_to_send(self) -> None:
        queue = self.spilled(4, 1, max_batch_size=2)
        goal = queue.flush(0.0)
        answered(queue, DELIVERED)
        queue.read_failed(0.0)
        assert not queue.is_settled(goal)

    def test_events_read_back_take_room(self) -> None:
        queue = self.spilled(2, 2, max_queue_bytes=10)
        sent(queue)
        queue.restore([event(4), event(6)])
        assert queue.is_full

    def test_events_read_back_have_waited_since_they_came(self) -> None:
        queue = self.spilled(2, 1, max_batch_size=3)
        answered(queue, DELIVERED, 7.0)
        queue.restore([event()])
        assert queue.due_at() == 5.0

    def test_events_read_back_do_not_postpone_those_that_wait(self) -> None:
        queue = self.spilled(4, 1, max_batch_size=3)
        answered(queue, DELIVERED, 1.0)
        queue.restore([event()])
        assert queue.due_at() == 5.0

    def test_what_a_dead_process_left_is_due_as_soon_as_it_is_read(self) -> None:
        queue = queue_of(overflow=Overflow.SPILL)
        queue.adopt(2, 9.0)
        assert (queue.pending, queue.refill_size, queue.due_at()) == (2, 2, None)
        queue.restore([event(), event()])
        assert queue.due_at() == AT_ONCE
        queue.push(event(), 9.0)
        assert sizes_sent(queue, 9.0) == [3]
        assert (counters(queue).recovered, counters(queue).accepted) == (2, 1)


class TestBatches:
    def test_an_event_is_due_when_its_interval_has_passed(self) -> None:
        queue = filled(1, now=3.0)
        queue.push(event(), 4.0)
        assert queue.due_at() == 8.0
        assert queue.next_batch(at(7.9)) is None
        assert len(sent(queue, 8.0).events) == 2

    def test_after_a_batch_the_rest_does_not_wait_for_another_interval(self) -> None:
        queue = filled(1, 1, 1, flush_at=2, max_batch_size=2)
        assert sizes_sent(queue, 1.0) == [2]
        assert queue.due_at() == 5.0

    def test_batches_that_fill_up_again_and_again_make_nothing_due_early(self) -> None:
        queue = queue_of(flush_at=2, max_batch_size=2)
        queue.push(event(), 0.0)
        for second in (1.0, 2.0, 3.0, 4.0):
            queue.push(event(), second)
            queue.push(event(), second)
            answered(queue, DELIVERED, second)
        # The last event came at 4.0: after the batch at 3.0, so not before that.
        assert queue.due_at() == 8.0

    def test_once_the_interval_is_over_everything_goes_out(self) -> None:
        queue = filled(*[1] * 5, flush_at=100, max_batch_size=100, max_batch_bytes=2)
        assert sizes_sent(queue, 5.0) == [2, 2, 1]

    def test_nothing_is_due_while_a_batch_is_in_flight(self) -> None:
        queue = filled(1, 1, flush_at=1, max_batch_size=1)
        sent(queue)
        assert queue.due_at() is None
        assert (queue.queued, queue.pending) == (1, 2)

    @pytest.mark.parametrize(
        ("sizes", "batches"),
        [
            ([4, 6], [2]),
            ([6, 3, 3], [2, 1]),
            ([3, 3, 6], [2, 1]),
            ([4, 7], [1, 1]),
            ([30, 1], [1, 1]),
            ([1, 30], [1, 1]),
            ([1] * 7, [3, 3, 1]),
        ],
    )
    def test_a_batch_takes_what_fits_and_at_least_one(
        self, sizes: list[int], batches: list[int]
    ) -> None:
        queue = filled(*sizes, max_batch_bytes=10, max_batch_size=3)
        queue.flush(0.0)
        assert sizes_sent(queue) == batches

    def test_a_batch_says_when_it_was_made_and_which_events_it_holds(self) -> None:
        queue = filled(1, 1, 1, max_batch_size=2)
        queue.flush(0.0)
        first = sent(queue, 2.0)
        assert (first.lane, first.request_id, first.created_at) == ("events", "request-1", WALL + 2)
        assert (first.first_seq, first.attempt) == (1, 1)
        queue.answer(first, DELIVERED, at(2.0))
        second = sent(queue, 2.0)
        assert (second.first_seq, second.request_id) == (3, "request-2")
        assert counters(queue).requests == 2

    def test_an_answer_for_another_batch_changes_nothing(self) -> None:
        queue, other = filled(1, flush_at=1), filled(1, flush_at=1)
        sent(queue)
        assert queue.answer(sent(other), DELIVERED, at(0.0)) == []
        assert queue.pending == 1


class TestAnswers:
    def test_a_delivery_is_counted(self) -> None:
        queue = filled(1, 1, flush_at=2)
        batch = sent(queue)
        assert queue.answer(batch, DELIVERED, at(0.0)) == [Delivered("events", batch.events)]
        assert (queue.pending, counters(queue).delivered) == (0, 2)

    def test_a_rejected_batch_is_dropped_with_its_error(self) -> None:
        queue = filled(1, 1, flush_at=2)
        batch = sent(queue)
        reason = DropReason.REJECTED
        assert queue.answer(batch, REJECTED, at(0.0)) == [
            Dropped("events", batch.events, reason, REJECTED.error, "request-1", attempts=1)
        ]
        assert counters(queue).dropped == {"rejected": 2}

    def failures(self, queue: EventQueue, times: int) -> list[float]:
        """Fail so many times in a row, and return the wait after each failure."""
        now, waits = 0.0, []
        for _ in range(times):
            (action,) = answered(queue, BROKEN, now)
            if isinstance(action, Dropped):
                break
            assert isinstance(action, Retried)
            assert queue.next_batch(at(action.not_before - 0.01)) is None
            waits.append(action.not_before - now)
            now = action.not_before
        return waits

    def test_a_failure_is_tried_again_after_one_two_and_four_seconds(self) -> None:
        queue = filled(1, flush_at=1)
        assert self.failures(queue, 9) == [1.0, 2.0, 4.0]
        assert (counters(queue).retries, counters(queue).requests) == (3, 4)
        assert counters(queue).dropped == {"exhausted": 1}

    def test_a_try_keeps_its_request_and_counts_its_attempts(self) -> None:
        queue = filled(1, flush_at=1)
        tries = []
        for now in (0.0, 10.0, 20.0, 30.0):
            tries.append(sent(queue, now))
            actions = queue.answer(tries[-1], BROKEN, at(now))
        assert [batch.attempt for batch in tries] == [1, 2, 3, 4]
        assert {(batch.request_id, batch.first_seq) for batch in tries} == {("request-1", 1)}
        assert actions == [
            Dropped("events", tries[0].events, DropReason.EXHAUSTED, BROKEN.error, "request-1", 4)
        ]

    def test_an_exhausted_batch_that_is_retained_cools_off_and_has_all_its_tries_again(
        self,
    ) -> None:
        queue = filled(1, flush_at=1, on_exhausted=Exhausted.RETAIN, retain_cooldown=50.0)
        assert self.failures(queue, 8) == [1.0, 2.0, 4.0, 50.0, 1.0, 2.0, 4.0, 50.0]
        assert queue.pending == 1

    @pytest.mark.parametrize(
        ("retry_after", "wait"), [(None, 1.0), (0.5, 1.0), (3.0, 3.0), (99.0, 30.0)]
    )
    def test_retry_after_is_the_least_wait(self, retry_after: float | None, wait: float) -> None:
        queue = filled(1, flush_at=1)
        outcome = DeliveryOutcome(Disposition.RETRY, None, retry_after)
        (action,) = answered(queue, outcome, 7.0)
        assert isinstance(action, Retried)
        assert action.not_before == queue.due_at() == 7.0 + wait

    def test_a_batch_that_is_too_large_is_sent_in_halves_with_ids_of_their_own(self) -> None:
        queue = filled(*[1] * 5, flush_at=5)
        whole = sent(queue)
        assert queue.answer(whole, TOO_LARGE, at(0.0)) == []
        assert queue.pending == 5
        front = sent(queue)
        queue.answer(front, DELIVERED, at(0.0))
        back = sent(queue)
        assert (front.events, back.events) == (whole.events[:2], whole.events[2:])
        assert len({whole.request_id, front.request_id, back.request_id}) == 3

    def test_a_half_waits_while_the_one_before_it_does(self) -> None:
        queue = filled(1, 1, flush_at=2)
        answered(queue, TOO_LARGE)
        answered(queue, BROKEN)
        assert queue.due_at() == 1.0
        assert queue.pending == 2

    def test_an_event_that_is_too_large_alone_is_dropped(self) -> None:
        queue = filled(1, flush_at=1)
        (action,) = answered(queue, TOO_LARGE)
        assert isinstance(action, Dropped)
        assert (action.reason, action.error) == (DropReason.TOO_LARGE, TOO_LARGE.error)
        assert queue.pending == 0

    @pytest.mark.parametrize(
        ("size", "later"), [(2, [2, 2, 2]), (3, [3, 3, 3]), (8, [6, 7, 8]), (9, [6, 7, 8])]
    )
    def test_after_halves_batches_grow_by_one_with_each_delivery(
        self, size: int, later: list[int]
    ) -> None:
        queue = filled(*[1] * size, max_batch_size=size, flush_at=size)
        answered(queue, TOO_LARGE)
        assert len(sizes_sent(queue)) == 2
        for _ in range(21):
            queue.push(event(), 0.0)
        queue.flush(0.0)
        assert sizes_sent(queue)[:3] == later

    def test_the_smallest_batch_after_halves_is_one_event(self) -> None:
        queue = filled(*[1] * 5, max_batch_size=2, flush_at=2)
        answered(queue, TOO_LARGE)
        sent_alone = sent(queue)
        queue.answer(sent_alone, REJECTED, at(0.0))
        answered(queue, REJECTED)
        assert len(sent(queue).events) == 1

    def test_each_event_of_a_partial_answer_has_its_own_end(self) -> None:
        queue = filled(1, 1, 1, flush_at=3)
        batch = sent(queue)
        taken, refused, again = batch.events
        outcome = DeliveryOutcome(
            Disposition.PARTIAL, None, 3.0, frozenset({again.uuid}), {refused.uuid: "bad name"}
        )
        delivered, dropped, retried = queue.answer(batch, outcome, at(0.0))
        assert delivered == Delivered("events", (taken,))
        assert isinstance(dropped, Dropped)
        assert (dropped.events, dropped.reason) == ((refused,), DropReason.REJECTED)
        assert str(dropped.error) == "the server refused the event: bad name"
        assert retried == Retried("events", (again,), 3.0)
        assert sent(queue, 3.0).events == (again,)

    def test_a_partial_answer_says_nothing_of_fates_that_no_event_had(self) -> None:
        queue = filled(1, flush_at=1)
        batch = sent(queue)
        uuid = batch.events[0].uuid
        outcome = DeliveryOutcome(Disposition.PARTIAL, refused={uuid: "no"})
        assert [type(action) for action in queue.answer(batch, outcome, at(0.0))] == [Dropped]
        assert queue.pending == 0


class TestFlush:
    def test_an_empty_queue_is_flushed_at_once(self) -> None:
        queue = queue_of()
        goal = queue.flush(0.0)
        assert queue.is_settled(goal)
        assert queue.has_reached(goal)

    def test_a_flush_ends_when_its_last_event_is_gone(self) -> None:
        queue = filled(1, 1, max_batch_size=1)
        goal = queue.flush(0.0)
        seen = [queue.is_settled(goal)]
        for _ in range(2):
            batch = sent(queue)
            seen.append(queue.is_settled(goal))
            queue.answer(batch, DELIVERED, at(0.0))
            seen.append(queue.is_settled(goal))
        assert seen == [False, False, False, False, True]

    def test_a_flush_does_not_wait_for_later_events(self) -> None:
        queue = filled(1)
        goal = queue.flush(0.0)
        answered(queue, DELIVERED)
        queue.push(event(), 0.0)
        assert queue.has_reached(goal)
        assert queue.next_batch(at(0.0)) is None, "the later one waits for its interval"
        queue.flush(0.0)
        batch = sent(queue)
        assert queue.has_reached(goal)
        queue.answer(batch, BROKEN, at(0.0))
        assert queue.has_reached(goal)

    def test_a_failure_ends_the_flush_and_leaves_its_goal_unreached(self) -> None:
        queue = filled(1)
        goal = queue.flush(0.0)
        answered(queue, BROKEN)
        assert queue.is_settled(goal)
        assert not queue.has_reached(goal)
        assert queue.due_at() == 1.0, "the lane is back to its backoff"

    def test_a_later_flush_is_not_ended_by_an_earlier_failure(self) -> None:
        queue = filled(1)
        queue.flush(0.0)
        answered(queue, BROKEN)
        goal = queue.flush(0.5)
        assert not queue.is_settled(goal)
        assert queue.due_at() == AT_ONCE
        answered(queue, DELIVERED, 0.5)
        assert queue.has_reached(goal)

    def test_a_flush_obeys_retry_after_until_it_has_passed(self) -> None:
        queue = filled(1, flush_at=1)
        answered(queue, BUSY)
        early = queue.flush(2.9)
        assert queue.is_settled(early)
        assert queue.due_at() == 3.0
        in_time = queue.flush(3.0)
        assert not queue.is_settled(in_time)
        assert queue.due_at() == AT_ONCE

    def test_a_flush_obeys_the_retry_after_of_the_first_half(self) -> None:
        queue = filled(1, 1, flush_at=2)
        answered(queue, TOO_LARGE)
        answered(queue, BUSY)
        assert queue.is_settled(queue.flush(1.0))
        assert queue.due_at() == 3.0

    def test_a_flush_covers_what_waits_on_disk(self) -> None:
        queue = filled(1, 1, max_queue_size=2, overflow=Overflow.SPILL)
        push_stored(queue, event())
        goal = queue.flush(0.0)
        answered(queue, DELIVERED)
        assert not queue.has_reached(goal)
        queue.restore([event()])
        answered(queue, DELIVERED)
        assert queue.has_reached(goal)


class TestEnd:
    def test_a_closed_queue_refuses_events_and_sends_the_rest_at_once(self) -> None:
        queue = filled(1)
        queue.close(0.0)
        assert queue.push(event(), 0.0) == Admission(DropReason.CLOSED)
        assert queue.due_at() == AT_ONCE
        answered(queue, BROKEN)
        assert queue.due_at() == 1.0, "with the usual retries"

    def test_a_closed_queue_sends_what_it_reads_back_at_once(self) -> None:
        queue = filled(1, 1, max_queue_size=2, overflow=Overflow.SPILL)
        push_stored(queue, event())
        queue.close(0.0)
        answered(queue, DELIVERED)
        queue.restore([event()])
        assert queue.due_at() == AT_ONCE

    def test_closing_again_does_not_flush_again(self) -> None:
        queue = filled(1)
        queue.close(0.0)
        answered(queue, BROKEN)
        queue.close(0.5)
        assert queue.due_at() == 1.0

    def test_what_is_given_up_is_named_in_order_with_its_reason(self) -> None:
        queue, last = filled(1, 1, flush_at=2), event()
        whole = sent(queue)
        queue.answer(whole, TOO_LARGE, at(0.0))
        flying = sent(queue)
        queue.push(last, 0.0)
        dropped = queue.give_up(DropReason.SHUTDOWN)
        assert all(isinstance(action, Dropped) for action in dropped)
        assert [
            (action.reason, action.events, action.request_id, action.attempts)
            for action in dropped
            if isinstance(action, Dropped)
        ] == [
            (DropReason.UNCONFIRMED, flying.events, flying.request_id, 1),
            (DropReason.SHUTDOWN, whole.events[1:], ANY, 1),
            (DropReason.SHUTDOWN, (last,), None, 0),
        ]
        assert counters(queue).dropped == {"unconfirmed": 1, "shutdown": 2}
        assert queue.answer(flying, DELIVERED, at(0.0)) == [], "too late"

    def test_nothing_is_left_after_giving_up(self) -> None:
        queue = filled(5, 5, max_queue_bytes=10, max_queue_size=2, overflow=Overflow.SPILL)
        push_stored(queue, event())
        queue.give_up(DropReason.SHUTDOWN)
        assert (queue.pending, queue.queued, queue.is_full, queue.spills) == (0, 0, False, False)
        assert queue.due_at() is None
        assert queue.push(event(), 0.0).reason is DropReason.CLOSED

    def test_what_is_safe_on_disk_is_kept_and_no_loss(self) -> None:
        queue = queue_of(max_queue_size=2, overflow=Overflow.SPILL, flush_at=100)
        events = [event() for _ in range(3)]
        for item in events:
            push_stored(queue, item)
        actions = queue.give_up(DropReason.SHUTDOWN, lambda item: item is not events[0])
        assert actions == [
            Dropped("events", (events[0],), DropReason.SHUTDOWN),
            Kept("events", 2),
        ]
        assert (counters(queue).kept, counters(queue).dropped) == (2, {"shutdown": 1})

    def test_discarding_drops_what_waits_on_disk_too(self) -> None:
        queue = filled(1, 1, max_queue_size=2, overflow=Overflow.SPILL, flush_at=100)
        push_stored(queue, event())
        (action,) = queue.give_up(DropReason.DISCARDED)
        assert isinstance(action, Dropped)
        assert len(action.events) == 2
        assert (counters(queue).kept, counters(queue).dropped) == (0, {"discarded": 3})

    def test_giving_up_an_empty_queue_is_no_loss(self) -> None:
        for reason in (DropReason.SHUTDOWN, DropReason.DISCARDED):
            queue = queue_of()
            assert queue.give_up(reason) == []
            assert (counters(queue).kept, counters(queue).dropped) == (0, {})
