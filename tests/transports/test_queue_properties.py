"""The queues keep their rules in every interleaving of pushes, outcomes, flushes and shutdowns.

Random steps drive the queues. A simple model knows the state of each event: refused, pending,
delivered, or dropped with a reason.
"""

from __future__ import annotations

from collections import Counter
from itertools import count

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from flagengine.transports.batching.batch import (
    Batch,
    Delivered,
    Dropped,
    DropReason,
    QueueAction,
    Retried,
)
from flagengine.transports.batching.counters import Counters
from flagengine.transports.batching.delivery import DELIVERED, DeliveryOutcome, Disposition
from flagengine.transports.batching.event import Event
from flagengine.transports.batching.limits import Exhausted, LaneLimits, Overflow
from flagengine.transports.batching.queue import EventQueue, FlushGoal
from flagengine.transports.clock import ManualClock, read
from flagengine.transports.errors import StatusError
from flagengine.transports.retry import RetryPolicy

LANES = ("events", "ai")
LARGEST = 60


@st.composite
def limits(draw: st.DrawFn, overflow: Overflow | None = None) -> LaneLimits:
    return LaneLimits(
        flush_at=draw(st.integers(1, 6)),
        flush_interval=5.0,
        max_batch_size=draw(st.integers(1, 6)),
        max_batch_bytes=draw(st.sampled_from([20, 80, 10_000])),
        max_queue_size=draw(st.integers(1, 8)),
        max_event_bytes=LARGEST,
        retry=RetryPolicy(max_retries=draw(st.integers(0, 3)), jitter=0.1),
        overflow=overflow or draw(st.sampled_from(list(Overflow))),
        on_exhausted=draw(st.sampled_from(list(Exhausted))),
    )


class QueueMachine(RuleBasedStateMachine):
    """Two queues, their outcomes in random order, and the expected state of each event."""

    @initialize(events=limits(), ai=limits())
    def begin(self, events: LaneLimits, ai: LaneLimits) -> None:
        self.limits = {"events": events, "ai": ai}
        self.clock = ManualClock()
        ids = count()
        self.queues = {
            lane: EventQueue(
                lane, limits, new_id=lambda _: f"request-{next(ids)}", draw=lambda: 0.5
            )
            for lane, limits in self.limits.items()
        }
        self.numbers = count()
        self.accepted: dict[str, list[Event]] = {lane: [] for lane in LANES}
        self.refused: Counter[str] = Counter()
        self.gone: dict[str, str] = {}
        self.acknowledged: set[str] = set()
        self.flying: dict[str, Batch] = {}
        self.given_up: list[Batch] = []
        self.earliest: dict[str, float] = {}
        self.membership: dict[str, set[str]] = {}
        self.attempts: dict[str, int] = {}
        self.disk: dict[str, list[Event]] = {lane: [] for lane in LANES}
        self.flushes: list[dict[str, tuple[FlushGoal, set[str]]]] = []

    # Steps.

    def event(self, size: int) -> Event:
        return Event(f"uuid-{next(self.numbers)}", "name", b"x" * size)

    @rule(lane=st.sampled_from(LANES), size=st.integers(1, LARGEST + 3))
    def push(self, lane: str, size: int) -> None:
        event = self.event(size)
        admission = self.queues[lane].push(event, self.clock.monotonic())
        if admission.evicted:
            assert self.limits[lane].overflow is Overflow.DROP_OLDEST
            self.leaves(admission.evicted, DropReason.EVICTED.value)
        if admission.reason is None:
            self.accepted[lane].append(event)
        else:
            self.refused[admission.reason] += 1

    @rule(lane=st.sampled_from(LANES), sizes=st.lists(st.integers(1, LARGEST + 3), max_size=9))
    def push_stored(self, lane: str, sizes: list[int]) -> None:
        queue = self.queues[lane]
        events = [event for event in map(self.event, sizes) if queue.unfit(event) is None]
        if self.limits[lane].overflow is not Overflow.SPILL or not events:
            return
        room = queue.room_for(events)
        assert queue.spills == (room == 0)
        assert queue.push_stored(events, self.clock.monotonic(), in_memory=room).reason is None
        self.accepted[lane] += events
        self.disk[lane] += events[room:]

    @rule(seconds=st.sampled_from([0.0, 0.5, 1.0, 5.0, 31.0]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(lane=st.sampled_from(LANES), readable=st.sampled_from([None, None, 0, 1]))
    def send(self, lane: str, *, readable: int | None) -> None:
        self.refill(lane, readable=readable)
        batch = self.queues[lane].next_batch(read(self.clock))
        if batch is None:
            due = self.queues[lane].due_at()
            assert due is None or due > self.clock.monotonic()
            return
        self.check_sent(batch)
        assert lane not in self.flying
        self.flying[lane] = batch

    @precondition(lambda self: self.flying)
    @rule(
        data=st.data(),
        disposition=st.sampled_from(list(Disposition)),
        retry_after=st.sampled_from([None, 0.0, 3.0, 99.0]),
    )
    def answer(
        self, data: st.DataObject, disposition: Disposition, retry_after: float | None
    ) -> None:
        lane = data.draw(st.sampled_from(sorted(self.flying)))
        batch = self.flying.pop(lane)
        outcome = self.make_outcome(data, batch, disposition, retry_after)
        self.obey(self.queues[lane].answer(batch, outcome, read(self.clock)))
        if disposition in {Disposition.RETRY, Disposition.PARTIAL}:
            self.earliest[batch.request_id] = self.clock.monotonic() + min(retry_after or 0, 30)

    @precondition(lambda self: self.given_up)
    @rule()
    def answer_too_late(self) -> None:
        batch = self.given_up.pop()
        assert self.queues[batch.lane].answer(batch, DELIVERED, read(self.clock)) == []

    @rule(lanes=st.sets(st.sampled_from(LANES), min_size=1))
    def flush(self, lanes: set[str]) -> None:
        now = self.clock.monotonic()
        self.flushes.append(
            {lane: (self.queues[lane].flush(now), self.pending(lane)) for lane in sorted(lanes)}
        )

    @rule()
    def close(self) -> None:
        for queue in self.queues.values():
            queue.close(self.clock.monotonic())

    @rule(reason=st.sampled_from([DropReason.SHUTDOWN, DropReason.DISCARDED]))
    def give_up(self, reason: DropReason) -> None:
        self.given_up += self.flying.values()
        self.flying.clear()
        for lane in LANES:
            for event in self.disk[lane]:
                self.gone[event.uuid] = "kept"
            self.disk[lane].clear()
        for queue in self.queues.values():
            self.obey(queue.give_up(reason))

    # Shared by the steps.

    def refill(self, lane: str, *, readable: int | None = None) -> None:
        """Read back what the queue asks for; ``readable`` is where the read fails, if it does."""
        queue, now = self.queues[lane], self.clock.monotonic()
        due = queue.refill_at()
        if due is None or due > now:
            return
        wanted = queue.refill_size
        got = wanted if readable is None else min(readable, wanted)
        events, self.disk[lane] = self.disk[lane][:got], self.disk[lane][got:]
        queue.restore(events)
        if got < wanted:
            queue.read_failed(now)

    def make_outcome(
        self, data: st.DataObject, batch: Batch, disposition: Disposition, retry_after: float | None
    ) -> DeliveryOutcome:
        error = None if disposition is Disposition.DELIVERED else StatusError(503)
        if disposition is not Disposition.PARTIAL:
            return DeliveryOutcome(disposition, error, retry_after)
        results = {
            event.uuid: data.draw(st.sampled_from(["ok", "retry", "drop"]))
            for event in batch.events
        }
        retry = frozenset(uuid for uuid, result in results.items() if result == "retry")
        refused = {uuid: "drop" for uuid, result in results.items() if result == "drop"}
        return DeliveryOutcome(disposition, error, retry_after, retry, refused)

    def obey(self, actions: list[QueueAction]) -> None:
        for action in actions:
            match action:
                case Delivered():
                    for event in action.events:
                        self.acknowledged.add(event.uuid)
                        self.leaves(event, "delivered")
                case Dropped():
                    for event in action.events:
                        self.leaves(event, action.reason.value)
                case Retried():
                    assert action.not_before >= self.clock.monotonic()

    def leaves(self, event: Event, how: str) -> None:
        assert event.uuid not in self.gone, "an event is finished only once"
        self.gone[event.uuid] = how

    def check_sent(self, batch: Batch) -> None:
        limits = self.limits[batch.lane]
        uuids = {event.uuid for event in batch.events}
        assert uuids, "no empty request"
        assert not uuids & self.acknowledged, "nothing is sent after its acknowledgement"
        assert len(uuids) == len(batch.events) <= limits.batch_size
        size = sum(len(event.body) for event in batch.events)
        assert size <= limits.max_batch_bytes or len(batch.events) == 1
        assert self.clock.monotonic() >= self.earliest.get(batch.request_id, 0.0), "Retry-After"
        assert batch.attempt == self.attempts.get(batch.request_id, 0) + 1
        self.attempts[batch.request_id] = batch.attempt
        assert uuids <= self.membership.setdefault(batch.request_id, uuids), "no event joins later"
        waiting = [event for event in self.accepted[batch.lane] if event.uuid not in self.gone]
        # They are the pushed objects, so uuid, timestamp and content cannot have changed.
        heads = waiting[: len(batch.events)]
        assert all(sent is head for sent, head in zip(batch.events, heads, strict=True)), "order"

    def pending(self, lane: str) -> set[str]:
        return {event.uuid for event in self.accepted[lane] if event.uuid not in self.gone}

    # Rules.

    @invariant()
    def each_event_is_in_one_place(self) -> None:
        for lane in LANES:
            assert self.queues[lane].pending == len(self.pending(lane))
        counters = Counters.sum_of(
            [queue.tally for queue in self.queues.values()],
            pending=sum(queue.pending for queue in self.queues.values()),
        )
        gone = Counter(self.gone.values())
        assert counters.accepted == sum(map(len, self.accepted.values()))
        assert counters.delivered == gone["delivered"]
        assert counters.pending == sum(len(self.pending(lane)) for lane in LANES)
        lost = sum(counters.dropped.values()) + counters.kept
        assert counters.accepted == counters.delivered + lost + counters.pending
        assert sum(counters.refused.values()) == sum(self.refused.values())

    @invariant()
    def memory_is_bounded(self) -> None:
        for lane, limits in self.limits.items():
            on_disk = len(self.disk[lane])
            bound = limits.max_queue_size + limits.batch_size
            assert self.queues[lane].pending - on_disk <= bound
            assert self.queues[lane].queued - on_disk <= limits.max_queue_size

    @invariant()
    def a_flush_says_true_only_when_nothing_is_left(self) -> None:
        for flush in self.flushes:
            for lane, (goal, uuids) in flush.items():
                if self.queues[lane].has_reached(goal):
                    assert not self.pending(lane) & uuids

    @invariant()
    def whatever_waits_will_be_looked_at(self) -> None:
        for lane in LANES:
            queue = self.queues[lane]
            if queue.pending and lane not in self.flying:
                assert queue.due_at() is not None or queue.refill_at() is not None

    @invariant()
    def a_flush_waits_only_for_what_is_done_now(self) -> None:
        for flush in self.flushes:
            for lane, (goal, _) in flush.items():
                queue = self.queues[lane]
                if lane not in self.flying and not queue.is_settled(goal):
                    moments = [queue.due_at(), queue.refill_at()]
                    soon = [at for at in moments if at is not None and at <= self.clock.monotonic()]
                    assert soon, "no flush waits for a pause"

    def teardown(self) -> None:
        """Check that closed queues end empty with a server that accepts everything."""
        if not hasattr(self, "queues"):
            return
        for lane, batch in self.flying.items():
            self.obey(self.queues[lane].answer(batch, DELIVERED, read(self.clock)))
            assert self.queues[lane].due_at() != self.clock.monotonic()
        self.flying.clear()
        self.close()
        for _ in range(sum(len(self.pending(lane)) for lane in LANES) + 1):
            self.clock.advance(60)
            for lane in LANES:
                self.refill(lane)
                batch = self.queues[lane].next_batch(read(self.clock))
                if batch:
                    self.check_sent(batch)
                    self.obey(self.queues[lane].answer(batch, DELIVERED, read(self.clock)))
        assert all(queue.pending == 0 for queue in self.queues.values())
        for flush in self.flushes:
            assert all(self.queues[lane].is_settled(goal) for lane, (goal, _) in flush.items())


TestQueue = QueueMachine.TestCase
TestQueue.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
TestQueue = pytest.mark.contract("event-batcher", "retry-queue", "flush")(TestQueue)
