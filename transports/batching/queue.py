"""The queue of one lane: waiting events, the batch at its head, and when to send what. Pure.

Rules
-----
1. Nothing here does I/O, reads a clock, draws a random number, logs or locks. Time is an argument;
   ids and jitter come from two functions given to the constructor. The caller serialises calls.
2. An accepted event is in exactly one place: ``on disk`` (spilled), ``open`` (waiting), ``sealed``
   (in a batch that was or will be sent), ``in flight`` (being sent), or gone. When an event goes,
   an action says whether it was delivered or dropped, and why.
3. Events leave in the order they came. At most one batch is sealed at a time (after a 413: its
   halves), at most one is in flight, and no event joins a batch after it was made.
4. ``open`` never exceeds ``max_queue_size`` events; with the sealed batch that is
   ``max_queue_size + max_batch_size``. Batches being sent do not count against the capacity.

::

    push ─▶ open ──seal──▶ sealed ──next_batch──▶ in flight ──answer──▶ delivered | dropped
              ▲               ▲                        │
    on disk ──┘ restore       └── retry, 413 halves ───┘
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from ..clock import Moment
from ..errors import DeliveryError, TransportError
from ..retry import clamp_retry_after
from .batch import Admission, Batch, Delivered, Dropped, DropReason, Kept, QueueAction, Retried
from .counters import Tally
from .delivery import DeliveryOutcome, Disposition
from .event import Event
from .event_fields import new_uuid
from .limits import Exhausted, LaneLimits, Overflow

__all__ = ["EventQueue", "FlushGoal"]

# The common answers to push, made once.
_TAKEN = Admission()
_TAKEN_AND_DUE = Admission(wake=True)
_FULL = Admission(DropReason.QUEUE_FULL)
_AT_ONCE = float("-inf")


def _nothing_is_kept(_event: Event) -> bool:
    return False


class FlushGoal(NamedTuple):
    """What one flush must send: everything up to ``last_seq``, unless a failure stops it before."""

    last_seq: int
    stops: int


class EventQueue:
    """The events of the lane ``name``. See the module's text for the rules and the picture."""

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
        self.tally = Tally()
        self._new_id = new_id
        self._draw = draw
        self._open: deque[Event] = deque()
        self._open_bytes = 0
        self._sealed: deque[Batch] = deque()
        self._in_flight: Batch | None = None
        self._spilled = 0
        # The sequence number of the newest accepted event; the first one has number 1.
        self._last_seq = 0
        self._opened_at = 0.0
        # Events up to these numbers are to be sent without waiting for a full batch ...
        self._due_through = 0
        # ... and, after a flush, without waiting for the backoff.
        self._flush_through = 0
        self._stops = 0
        self._max_batch_size = limits.batch_size
        # The most events in the next batch: shrinks at a 413, recovers one by one.
        self._batch_cap = self._max_batch_size
        self._draining = False

    # Contents.

    @property
    def pending(self) -> int:
        """The number of accepted events that are not gone yet."""
        sealed = sum(len(batch.events) for batch in self._sealed)
        flying = len(self._in_flight.events) if self._in_flight else 0
        return self.queued + sealed + flying

    @property
    def queued(self) -> int:
        """The number of events that no batch holds yet, in memory or on disk."""
        return len(self._open) + self._spilled

    @property
    def spills(self) -> bool:
        """Whether a new event would have to wait on disk."""
        return bool(self._spilled) or self.is_full

    @property
    def is_full(self) -> bool:
        """Whether the queue in memory has no room."""
        return (
            len(self._open) >= self.limits.max_queue_size
            or self._open_bytes >= self.limits.max_queue_bytes
        )

    # Events in.

    def unfit(self, event: Event) -> DropReason | None:
        """Why the event would be refused even by an empty queue; None when it would be accepted."""
        if self._draining:
            return DropReason.CLOSED
        return DropReason.TOO_LARGE if len(event.body) > self.limits.max_event_bytes else None

    def push(self, event: Event, now: float, *, stored: bool = False) -> Admission:
        """Queue one event, or say why not. ``stored``: the disk spool has it already.

        While older events wait on disk, an event that the disk could not store is refused.
        """
        admission = self._admit(event, now, stored=stored)
        if admission.reason is not None:
            self.tally.refused[admission.reason] += 1
        if admission.evicted is not None:
            self.tally.dropped[DropReason.EVICTED] += 1
        return admission

    def _admit(self, event: Event, now: float, *, stored: bool) -> Admission:
        reason = self.unfit(event)
        if reason:
            return Admission(reason)
        if not self.spills:
            return _TAKEN_AND_DUE if self._append(event, now) else _TAKEN
        if stored:
            self._accept()
            self._spilled += 1
            return _TAKEN
        # An event that the disk could not store must not overtake those that wait there (rule 3).
        if self.limits.overflow is not Overflow.DROP_OLDEST or not self._open:
            return _FULL
        evicted = self._open.popleft()
        self._open_bytes -= len(evicted.body)
        return Admission(None, self._append(event, now), evicted)

    def _accept(self) -> None:
        self._last_seq += 1
        self.tally.events["accepted"] += 1

    def _append(self, event: Event, now: float) -> bool:
        """Queue the event; return whether the lane is now due earlier than before."""
        self._accept()
        self._open.append(event)
        self._open_bytes += len(event.body)
        if len(self._open) == 1:
            self._opened_at = now
            return True
        return self._has_full_batch()

    def _has_full_batch(self) -> bool:
        full = min(self.limits.flush_at, self._batch_cap, self.limits.max_queue_size)
        return len(self._open) >= full or self._open_bytes >= self.limits.max_batch_bytes

    # The disk spool.

    def adopt(self, count: int, now: float) -> None:
        """Count ``count`` events that a dead process left in the disk spool."""
        self.tally.events["recovered"] += count
        self._last_seq += count
        self._spilled += count
        self._due_through = self._last_seq
        self._opened_at = now

    @property
    def refill_size(self) -> int:
        """How many events to read back from disk now; 0 while the queue is more than half full."""
        if 2 * len(self._open) > self.limits.max_queue_size:
            return 0
        return min(self._spilled, self.limits.max_queue_size - len(self._open))

    def restore(self, events: list[Event], claimed: int, now: float) -> None:
        """Queue the ``events`` that the spool returned when ``claimed`` were asked for.

        The missing ones stay on disk for a later process.
        """
        self.tally.events["kept"] += claimed - len(events)
        self._spilled -= claimed
        if not self._open:
            self._opened_at = now
        self._open.extend(events)
        self._open_bytes += sum(len(event.body) for event in events)

    # Batches out.

    def next_batch(self, now: Moment) -> Batch | None:
        """Return the batch to send now, which is then in flight; None when nothing is due."""
        due = self.due_at()
        if due is None or due > now.monotonic:
            return None
        if not self._sealed:
            self._seal(now)
        self.tally.events["requests"] += 1
        self._in_flight = self._sealed.popleft()
        return self._in_flight

    def due_at(self) -> float | None:
        """When ``next_batch`` has a batch, on the monotonic clock; None: not before a new event."""
        if self._in_flight:
            return None
        if self._sealed:
            head = self._sealed[0]
            # A flush that meets an unexpired Retry-After stops; this one has not stopped.
            is_flushed = self._flush_through >= head.first_seq
            return _AT_ONCE if is_flushed else max(head.not_before, head.retry_after_until)
        if not self._open:
            return None
        if self._due_through >= self._open_seq or self._has_full_batch():
            return _AT_ONCE
        return self._opened_at + self.limits.flush_interval

    @property
    def _open_seq(self) -> int:
        """The number of the oldest event that no batch holds."""
        return self._last_seq - self.queued + 1

    def _seal(self, now: Moment) -> None:
        first_seq = self._open_seq
        # Once the interval is over, everything that waits goes out, in as many batches as it takes.
        if self._opened_at + self.limits.flush_interval <= now.monotonic:
            self._due_through = max(self._due_through, self._last_seq - self._spilled)
        events = self._take()
        self._opened_at = now.monotonic
        self._sealed.append(self._make_batch(events, first_seq, now))

    def _take(self) -> tuple[Event, ...]:
        taken: list[Event] = []
        room = self.limits.max_batch_bytes
        while self._open and len(taken) < self._batch_cap:
            size = len(self._open[0].body)
            if taken and size > room:
                break
            room -= size
            taken.append(self._open.popleft())
        self._open_bytes -= sum(len(event.body) for event in taken)
        return tuple(taken)

    def _make_batch(self, events: tuple[Event, ...], first_seq: int, now: Moment) -> Batch:
        return Batch(self.name, events, self._new_id(now.wall), now.wall, first_seq)

    # Answers in.

    def answer(self, batch: Batch, outcome: DeliveryOutcome, now: Moment) -> list[QueueAction]:
        """Return what follows from the outcome; nothing for a batch that was given up before."""
        if self._in_flight is not batch:
            return []
        self._in_flight = None
        return self._counted(self._answer(batch, outcome, now))

    def _answer(self, batch: Batch, outcome: DeliveryOutcome, now: Moment) -> list[QueueAction]:
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
                return [self._drop(batch, DropReason.REJECTED, outcome.error)]

    def _partial(self, batch: Batch, outcome: DeliveryOutcome, now: Moment) -> list[QueueAction]:
        again, refused, taken = _sort_by_result(batch.events, outcome)
        actions: list[QueueAction] = []
        if taken:
            actions.append(Delivered(self.name, taken))
        for event in refused:
            answer = outcome.refused[event.uuid.lower()]
            error = DeliveryError(
                f"the server refused the event: {answer}", reason=DropReason.REJECTED
            )
            actions.append(self._drop(replace(batch, events=(event,)), DropReason.REJECTED, error))
        if again:
            actions += self._retry(replace(batch, events=again), outcome, now)
        return actions

    def _retry(self, batch: Batch, outcome: DeliveryOutcome, now: Moment) -> list[QueueAction]:
        self._stop_flush()
        failures = batch.failures + 1
        if not self.limits.retry.is_exhausted(failures):
            delay = self.limits.retry.delay(failures - 1, draw=self._draw())
        elif self.limits.on_exhausted is Exhausted.RETAIN:
            failures, delay = 0, self.limits.retain_cooldown
        else:
            return [self._drop(batch, DropReason.EXHAUSTED, outcome.error)]
        waiting = replace(
            batch,
            attempt=batch.attempt + 1,
            failures=failures,
            not_before=now.monotonic + delay,
            retry_after_until=now.monotonic + clamp_retry_after(outcome.retry_after),
        )
        self._sealed.appendleft(waiting)
        next_try = max(waiting.not_before, waiting.retry_after_until)
        return [Retried(self.name, batch.events, next_try, outcome.error)]

    def _split(self, batch: Batch, outcome: DeliveryOutcome, now: Moment) -> list[QueueAction]:
        """Answer a 413: two halves with ids of their own; a single event is too large."""
        half = len(batch.events) // 2
        if not half:
            return [self._drop(batch, DropReason.TOO_LARGE, outcome.error)]
        self._batch_cap = half
        for events in (batch.events[half:], batch.events[:half]):
            self._sealed.appendleft(self._make_batch(events, batch.first_seq, now))
        return []

    def _drop(self, batch: Batch, reason: DropReason, error: TransportError | None) -> Dropped:
        return Dropped(
            self.name, batch.events, reason, error, batch.request_id, attempts=batch.attempt
        )

    # Flush and shutdown.

    def flush(self, now: float) -> FlushGoal:
        """Make everything present due at once, except for an unexpired Retry-After."""
        goal = FlushGoal(self._last_seq, self._stops)
        self._flush_through = self._due_through = self._last_seq
        if self._sealed and self._sealed[0].retry_after_until > now:
            self._stop_flush()
        return goal

    def is_settled(self, goal: FlushGoal) -> bool:
        """Whether the flush has ended: nothing is left, or a failure stopped it."""
        return self._stops > goal.stops or self.has_reached(goal)

    def has_reached(self, goal: FlushGoal) -> bool:
        """Whether nothing is left of what was there at the flush."""
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
        self, reason: DropReason, is_kept: Callable[[Event], bool] = _nothing_is_kept
    ) -> list[QueueAction]:
        """Let go of everything. Events that ``is_kept`` (on disk for a later process) are no loss.

        ``DropReason.DISCARDED`` also counts what waits on disk alone as dropped.
        """
        drops = [self._abandon(batch, reason, is_kept) for batch in self._sealed]
        unsent = tuple(event for event in self._open if not is_kept(event))
        drops.append(Dropped(self.name, unsent, reason))
        if self._in_flight:
            drops.insert(0, self._abandon(self._in_flight, DropReason.UNCONFIRMED, is_kept))
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

    def _abandon(
        self, batch: Batch, reason: DropReason, is_kept: Callable[[Event], bool]
    ) -> Dropped:
        lost = tuple(event for event in batch.events if not is_kept(event))
        return self._drop(replace(batch, events=lost), reason, None)

    def _counted(self, actions: list[QueueAction]) -> list[QueueAction]:
        for action in actions:
            match action:
                case Delivered():
                    self.tally.events["delivered"] += len(action.events)
                case Dropped():
                    self.tally.dropped[action.reason] += len(action.events)
                case Kept():
                    self.tally.events["kept"] += action.count
                case Retried():
                    self.tally.events["retries"] += 1
        return actions


def _sort_by_result(
    events: tuple[Event, ...], outcome: DeliveryOutcome
) -> tuple[tuple[Event, ...], tuple[Event, ...], tuple[Event, ...]]:
    """(to send again, refused, taken), each in the batch's order."""
    again = tuple(event for event in events if event.uuid.lower() in outcome.retry)
    refused = tuple(event for event in events if event.uuid.lower() in outcome.refused)
    settled = outcome.retry | outcome.refused.keys()
    return again, refused, tuple(event for event in events if event.uuid.lower() not in settled)
