"""The queue of one lane, which decides what to send and when. Pure.

Rules
-----
1. Nothing here does I/O, reads a clock, draws a random number, logs or locks. Time is an argument;
   ids and jitter come from two functions given to the constructor. The caller serialises calls.
2. An accepted event is in exactly one state: ``on disk`` (spilled), ``open`` (waiting), ``sealed``
   (in a batch that waits to be sent), ``in flight`` (being sent), or finished. When an event is
   finished, an action says whether it was delivered or dropped, and why.
3. Events leave in the order in which they came. At most one batch is sealed at a time (after a 413:
   its halves), at most one batch is in flight, and no event joins an existing batch.
4. At most ``max_queue_size`` events are ``open``; together with the sealed batch, at most
   ``max_queue_size + max_batch_size``. A batch in flight does not count against the capacity.
5. An event that cannot be read from disk now stays ``on disk`` and is read again: when memory is empty,
   and not within ``READ_AGAIN`` seconds of the last such attempt. A flush reads at once, and ends there.

::

    push ─▶ open ──seal──▶ sealed ──next_batch──▶ in flight ──answer──▶ delivered | dropped
              ▲               ▲                        │
    on disk ──┘ restore       └── retry, 413 halves ───┘
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

from ..clock import ClockReading
from .batch import (
    Admission,
    Batch,
    Delivered,
    Dropped,
    DropReason,
    FlushGoal,
    Kept,
    QueueAction,
    Retried,
)
from .batches import first_that_fit, left_over, next_attempt, size_of, sort_by_result
from .counters import Tally
from .delivery import DeliveryOutcome, Disposition
from .event import Event
from .limits import READ_AGAIN, LaneLimits, Overflow
from .uuids import new_uuid

__all__ = ["EventQueue", "FlushGoal"]

_TAKEN = Admission()
_TAKEN_AND_DUE = Admission(wake=True)
_AT_ONCE = float("-inf")


class EventQueue:
    """The queue of the lane ``name``; the module's docstring has the rules."""

    def __init__(
        self,
        name: str,
        limits: LaneLimits,
        *,
        new_id: Callable[[float], str] = new_uuid,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self.name = name
        self.limits = limits
        self.tally: Tally = Tally()
        self._new_id = new_id
        self._draw = draw
        self._open: deque[Event] = deque()
        self._open_bytes = 0
        self._sealed: deque[Batch] = deque()
        self._in_flight: Batch | None = None
        self._spilled = 0
        # The sequence number of the newest accepted event. The first event has number 1.
        self._last_seq = 0
        # The sequence numbers of the oldest open event and of the oldest event on disk. Where
        # events were lost on disk, the numbers may be too small, so a flush never ends too early.
        self._open_first = self._spill_first = 1
        # Whether the last read failed, and when the next is due.
        self._is_unreadable, self._read_at = False, _AT_ONCE
        # No waiting event came before ``_opened_at``; none after the ``_mark``th, before ``_marked_at``.
        self._opened_at = 0.0
        self._mark, self._marked_at = 0, float("-inf")
        # Events up to this number are sent without waiting for a full batch.
        self._due_through = 0
        # Events up to this number are sent without waiting for the backoff either.
        self._flush_through = 0
        self._stops = 0
        self._max_batch_size = limits.batch_size
        # The maximal size of the next batch: halved at a 413, and raised by 1 at each success.
        self._batch_cap = self._max_batch_size
        self._draining = False

    @property
    def pending(self) -> int:
        """The number of accepted events that are not finished."""
        sealed = sum(len(batch.events) for batch in self._sealed)
        flying = len(self._in_flight.events) if self._in_flight else 0
        return self.queued + sealed + flying

    @property
    def queued(self) -> int:
        """The number of events that are in no batch yet, in memory or on disk."""
        return len(self._open) + self._spilled

    @property
    def spills(self) -> bool:
        """Whether a new event would have to wait on disk."""
        return bool(self._spilled) or self.is_full

    def room_for(self, events: Sequence[Event]) -> int:
        """Return how many of the first of these events have room in memory, behind those on disk none."""
        if self._spilled:
            return 0
        most = min(len(events), max(self.limits.max_queue_size - len(self._open), 0))
        left = self.limits.max_queue_bytes - self._open_bytes
        for count, event in enumerate(events[:most]):
            if left <= 0:
                return count
            left -= len(event.body)
        return most

    @property
    def is_full(self) -> bool:
        """Whether the queue in memory has no room."""
        return (
            len(self._open) >= self.limits.max_queue_size
            or self._open_bytes >= self.limits.max_queue_bytes
        )

    def unfit(self, event: Event) -> DropReason | None:
        """Return why even an empty queue would refuse the event; None if it would be accepted."""
        if self._draining:
            return DropReason.CLOSED
        return DropReason.TOO_LARGE if len(event.body) > self.limits.max_event_bytes else None

    def push(self, event: Event, now: float) -> Admission:
        """Queue an event in memory, or say why not; refuse it while older events wait on disk."""
        limits = self.limits
        if (
            not (self._draining or self._spilled)
            and len(event.body) <= limits.max_event_bytes
            and len(self._open) < limits.max_queue_size
            and self._open_bytes < limits.max_queue_bytes
        ):  # as `unfit` and `spills` say, without the calls
            return _TAKEN_AND_DUE if self._append(event, now) else _TAKEN
        reason = self.unfit(event)
        return self.refuse(reason) if reason else self._overflow(event, now)

    def push_stored(self, events: Sequence[Event], now: float, *, in_memory: int) -> Admission:
        """Queue events that the spool has, of which only the first ``in_memory`` stay in memory as well.

        The caller asked ``spills`` or ``room_for`` before they were written. The answer holds even if
        there is less room now, because the spool will return the others, and only these.
        """
        wake = False
        for event in events[:in_memory]:
            wake = self._append(event, now) or wake
        if len(events) > in_memory:
            self.tally.events["accepted"] += len(events) - in_memory
            self._spill(len(events) - in_memory)
        return _TAKEN_AND_DUE if wake else _TAKEN

    def _spill(self, count: int) -> None:
        """Note that the next ``count`` events wait on disk alone."""
        if not self._spilled:
            self._spill_first = self._last_seq + 1
        self._last_seq += count
        self._spilled += count

    def refuse(self, reason: DropReason) -> Admission:
        """Count an event that is not accepted."""
        self.tally.refused[reason] += 1
        return Admission(reason)

    def _overflow(self, event: Event, now: float) -> Admission:
        # An event that the spool could not store must not overtake the events on disk (rule 3).
        # One that a callback captures must not evict others: that loss would call the callback again.
        if self.limits.overflow is not Overflow.DROP_OLDEST or event.causes or not self._open:
            return self.refuse(DropReason.QUEUE_FULL)
        evicted = self._open.popleft()
        self._open_first += 1
        self._open_bytes -= len(evicted.body)
        self.tally.dropped[DropReason.EVICTED] += 1
        return Admission(None, self._append(event, now), evicted)

    def _append(self, event: Event, now: float) -> bool:
        """Queue the event; return whether the lane is now due earlier than before."""
        self._last_seq += 1
        self.tally.events["accepted"] += 1
        waiting, before, limits = self._open, self._open_bytes, self.limits
        waiting.append(event)
        count = len(waiting)
        self._open_bytes = bytes_now = before + len(event.body)
        if count == 1:
            self._open_first = self._last_seq
            self._opened_at = now
            return True
        # A lane that is due already is not due earlier; one whose thread could not start tries again.
        return (
            count % min(limits.flush_at, self._batch_cap) == 0
            or before < limits.max_batch_bytes <= bytes_now
            or count >= limits.max_queue_size
            or bytes_now >= limits.max_queue_bytes
        )

    def _has_full_batch(self) -> bool:
        limits = self.limits
        return (
            len(self._open) >= min(limits.flush_at, self._batch_cap)
            or self._open_bytes >= limits.max_batch_bytes
            or self.is_full
        )

    def adopt(self, count: int, now: float) -> None:
        """Note that a dead process left ``count`` events in the spool."""
        self.tally.events["recovered"] += count
        self._spill(count)
        self._due_through = self._last_seq
        if self.queued == count:
            self._opened_at = now

    @property
    def refill_size(self) -> int:
        """The number of events to read back; 0 unless half of memory is free, after a failure all."""
        is_filled = 2 * len(self._open) > self.limits.max_queue_size
        if is_filled or (self._is_unreadable and self.in_memory):
            return 0
        return min(self._spilled, self.limits.max_queue_size - len(self._open))

    def refill_at(self) -> float | None:
        """Return when to read events back (monotonic); None: not before a batch is answered."""
        return self._read_at if self.refill_size else None

    def restore(self, events: list[Event], *, lost: tuple[Event, ...] = ()) -> list[QueueAction]:
        """Queue the oldest events on disk, except for the ``lost`` ones, which are not there."""
        if not self._open:
            self._open_first = self._spill_first
        self._spilled -= len(events)
        self._spill_first += len(events) + len(lost)
        self._open.extend(events)
        self._open_bytes += size_of(events)
        self._is_unreadable, self._read_at = False, _AT_ONCE
        return self.lose(lost)

    def read_failed(self, now: float) -> None:
        """Note that the oldest events on disk cannot be read now."""
        self._is_unreadable = True
        if not self.in_memory:
            self._read_at = now + READ_AGAIN
            self._stop_flush()

    def lose(self, lost: tuple[Event, ...]) -> list[QueueAction]:
        """Drop events that waited on disk and are no longer there."""
        self._spilled -= len(lost)
        return self._counted([Dropped(self.name, lost, DropReason.DAMAGED)]) if lost else []

    @property
    def in_memory(self) -> list[Event]:
        """The events that wait in memory or are in flight, in order."""
        batches = [*([self._in_flight] if self._in_flight else []), *self._sealed]
        return [*(event for batch in batches for event in batch.events), *self._open]

    def next_batch(self, now: ClockReading) -> Batch | None:
        """Return the batch to send now, which is then in flight; None if nothing is due."""
        due = self.due_at()
        if due is None or due > now.monotonic:
            return None
        if not self._sealed:
            self._seal(now)
        self.tally.events["requests"] += 1
        self._in_flight = self._sealed.popleft()
        return self._in_flight

    def due_at(self) -> float | None:
        """Return when ``next_batch`` will have a batch (monotonic); None: not before a new event."""
        if self._in_flight:
            return None
        if self._sealed:
            head = self._sealed[0]
            # A flush resets ``_flush_through`` when it meets a Retry-After, which it must respect.
            is_flushed = self._flush_through >= head.first_seq
            return _AT_ONCE if is_flushed else head.due_at
        if not self._open:
            return None
        if self._due_through >= self._open_seq or self._has_full_batch():
            return _AT_ONCE
        return self._opened_at + self.limits.flush_interval

    @property
    def _open_seq(self) -> int:
        """A number up to which no event is without a batch; the oldest such event's, if not lost."""
        if self._open:
            return self._open_first
        return self._spill_first if self._spilled else self._last_seq + 1

    def _seal(self, now: ClockReading) -> None:
        first_seq = self._open_seq
        # After the flush interval all waiting events are due, even if they fill several batches.
        if self._opened_at + self.limits.flush_interval <= now.monotonic:
            in_memory = self._spill_first - 1 if self._spilled else self._last_seq
            self._due_through = max(self._due_through, in_memory)
        events = first_that_fit(self._open, self._batch_cap, self.limits.max_batch_bytes)
        batch = self._make_batch(events, first_seq, now)
        # From here on nothing can fail, so no event is lost between the two places.
        for _ in events:
            self._open.popleft()
        self._open_first += len(events)
        self._open_bytes -= size_of(events)
        if self._open_seq > self._mark:
            self._opened_at = max(self._opened_at, self._marked_at)
            self._mark, self._marked_at = self._last_seq, now.monotonic
        self._sealed.append(batch)

    def _make_batch(self, events: tuple[Event, ...], first_seq: int, now: ClockReading) -> Batch:
        return Batch(self.name, events, self._new_id(now.wall), now.wall, first_seq)

    def answer(
        self, batch: Batch, outcome: DeliveryOutcome, now: ClockReading
    ) -> list[QueueAction]:
        """Return the actions that follow from the outcome; none if the batch was given up before."""
        if self._in_flight is not batch:
            return []
        actions = self._answer(batch, outcome, now)
        # After what may fail: until then the batch stays in flight, and can be answered again.
        self._in_flight = None
        return self._counted(actions)

    def _answer(
        self, batch: Batch, outcome: DeliveryOutcome, now: ClockReading
    ) -> list[QueueAction]:
        match outcome.disposition:
            case Disposition.DELIVERED:
                self._batch_cap = min(self._batch_cap + 1, self._max_batch_size)
                return [Delivered(self.name, batch.events)]
            case Disposition.PARTIAL:
                return self._partial(batch, outcome, now)
            case Disposition.RETRY:
                return self._retry(batch, outcome, now)
            case Disposition.SPLIT:
                return self._split(batch, outcome, now)
            case Disposition.REJECTED:
                return [Dropped.of(batch, DropReason.REJECTED, outcome.error)]

    def _partial(
        self, batch: Batch, outcome: DeliveryOutcome, now: ClockReading
    ) -> list[QueueAction]:
        again, actions = sort_by_result(batch, outcome)
        if again:
            actions += self._retry(replace(batch, events=again), outcome, now)
        return actions

    def _retry(
        self, batch: Batch, outcome: DeliveryOutcome, now: ClockReading
    ) -> list[QueueAction]:
        self._stop_flush()
        waiting = next_attempt(batch, outcome, self.limits, now, self._draw())
        if waiting is None:
            return [Dropped.of(batch, DropReason.EXHAUSTED, outcome.error)]
        self._sealed.appendleft(waiting)
        return [Retried(self.name, batch.events, waiting.due_at, outcome.error)]

    def _split(
        self, batch: Batch, outcome: DeliveryOutcome, now: ClockReading
    ) -> list[QueueAction]:
        """Split the batch into two halves with new request ids; drop a single event."""
        half = len(batch.events) // 2
        if not half:
            return [Dropped.of(batch, DropReason.TOO_LARGE, outcome.error)]
        parts = (batch.events[:half], batch.events[half:])
        halves = [self._make_batch(events, batch.first_seq, now) for events in parts]
        self._batch_cap = half
        self._sealed.extendleft(reversed(halves))
        return []

    def flush(self, now: float) -> FlushGoal:
        """Make all events due at once, unless the server's Retry-After has not expired."""
        goal = FlushGoal(self._last_seq, self._stops)
        self._flush_through = self._due_through = self._last_seq
        self._read_at = _AT_ONCE
        if self._sealed and self._sealed[0].retry_after_until > now:
            self._stop_flush()
        return goal

    def is_settled(self, goal: FlushGoal) -> bool:
        """Return whether the flush has ended: it has reached its goal, or a failure stopped it."""
        return self._stops > goal.stops or self.has_reached(goal)

    def has_reached(self, goal: FlushGoal) -> bool:
        """Return whether no event is left of those that were there at the flush."""
        batches = [*self._sealed, self._in_flight] if self._in_flight else self._sealed
        if any(batch.first_seq <= goal.last_seq for batch in batches):
            return False
        return self._open_seq > goal.last_seq

    def _stop_flush(self) -> None:
        self._stops += 1
        self._flush_through = 0

    def close(self, now: float) -> None:
        """Refuse new events and send everything at once, with the usual retries."""
        if not self._draining:
            self._draining = True
            self.flush(now)

    def give_up(
        self, reason: DropReason, is_kept: Callable[[Event], bool] = lambda _event: False
    ) -> list[QueueAction]:
        """Drop all events, except those that ``is_kept`` says are on disk for a later process.

        With ``DropReason.DISCARDED``, count the events that are only on disk as dropped as well.
        """
        unsent = Dropped(self.name, tuple(self._open), reason)
        drops = left_over(self._in_flight, self._sealed, unsent, is_kept)
        kept = self.pending - sum(len(dropped.events) for dropped in drops)
        self._draining = True
        self._in_flight = None
        self._sealed.clear()
        self._open.clear()
        self._open_bytes = self._spilled = 0
        actions: list[QueueAction] = [dropped for dropped in drops if dropped.events]
        if kept and reason is DropReason.DISCARDED:
            self.tally.dropped[reason] += kept
        elif kept:
            actions.append(Kept(self.name, kept))
        return self._counted(actions)

    def _counted(self, actions: list[QueueAction]) -> list[QueueAction]:
        self.tally.count(actions)
        return actions
