"""One lane of the batcher: a queue, the batch at its head, and when to send what. A pure machine.

Rules
-----
1. Nothing here does I/O, reads a clock, draws a random number, logs or locks. Time is an argument;
   ids and jitter come from two functions given to the constructor. The caller serialises calls.
2. An accepted event is in exactly one place: ``on disk`` (spilled), ``open`` (waiting), ``sealed``
   (in a batch that was or will be sent), ``in flight`` (being sent), or gone - and when it goes, an
   action says whether it was delivered or dropped, and why.
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

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from ..clock import Moment
from ..errors import DeliveryError, TransportError
from ..retry import clamp_retry_after
from .batch import Action, Admission, Batch, Delivered, Dropped, DropReason, Kept, Retried
from .delivery import Outcome, Verdict
from .event import Event
from .limits import Exhausted, LaneLimits, Overflow

__all__ = ["FlushGoal", "Lane"]

# The common answers to push, made once.
_TAKEN = Admission()
_TAKEN_AND_DUE = Admission(wake=True)
_FULL = Admission(DropReason.QUEUE_FULL)
_AT_ONCE = float("-inf")


def _nothing_is_kept(_event: Event) -> bool:
    return False


class FlushGoal(NamedTuple):
    """What one flush wants of a lane: everything up to ``last_seq``, unless it stops before."""

    last_seq: int
    stops: int


class Lane:
    """See the module's text for the rules and the picture."""

    def __init__(
        self,
        name: str,
        limits: LaneLimits,
        *,
        new_id: Callable[[float], str],
        draw: Callable[[], float],
    ) -> None:
        self.name = name
        self.limits = limits
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
        # ... and, by a flush, without waiting for our own backoff.
        self._flush_through = 0
        self._stops = 0
        self._batch_cap = limits.batch_size
        self._draining = False

    # What is in it.

    @property
    def pending(self) -> int:
        """Accepted events that are not gone yet."""
        sealed = sum(len(batch.events) for batch in self._sealed)
        flying = len(self._in_flight.events) if self._in_flight else 0
        return self.queued + sealed + flying

    @property
    def queued(self) -> int:
        """Events that no batch holds yet, in memory or on disk."""
        return len(self._open) + self._spilled

    @property
    def spills(self) -> bool:
        """Whether an event that comes now has no place but the disk."""
        return bool(self._spilled) or self.is_full

    @property
    def is_full(self) -> bool:
        """Whether the queue in memory has no room."""
        return (
            len(self._open) >= self.limits.max_queue_size
            or self._open_bytes >= self.limits.max_queue_bytes
        )

    @property
    def batch_cap(self) -> int:
        """The most events in the next batch: shrinks at a 413, recovers one by one."""
        return self._batch_cap

    # Events in.

    def admit(self, event: Event) -> DropReason | None:
        """Why the event would be refused whatever the room; None when it may come in."""
        if self._draining:
            return DropReason.CLOSED
        return DropReason.TOO_LARGE if len(event.body) > self.limits.max_event_bytes else None

    def push(self, event: Event, now: float, *, stored: bool = False) -> Admission:
        """Take one event, or say why not. ``stored``: the disk spool has it already.

        While older events wait on disk, one that the disk could not take is refused.
        """
        refusal = self.admit(event)
        if refusal:
            return Admission(refusal)
        if stored and self.spills:
            self._last_seq += 1
            self._spilled += 1
            return _TAKEN
        # An event that the disk could not take may not overtake those that wait there (rule 3).
        if self.spills:
            return self._overflow(event, now)
        return _TAKEN_AND_DUE if self._append(event, now) else _TAKEN

    def adopt(self, count: int, now: float) -> None:
        """Count ``count`` events that the disk spool holds from an earlier life."""
        self._last_seq += count
        self._spilled += count
        self._due_through = self._last_seq
        self._opened_at = now

    def _overflow(self, event: Event, now: float) -> Admission:
        if self.limits.overflow is not Overflow.DROP_OLDEST or not self._open:
            return _FULL
        evicted = self._open.popleft()
        self._open_bytes -= len(evicted.body)
        return Admission(None, self._append(event, now), evicted)

    def _append(self, event: Event, now: float) -> bool:
        """Queue it; True when the lane must be looked at earlier than before."""
        self._last_seq += 1
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

    @property
    def refill_size(self) -> int:
        """How many events to read back from disk now: when half of the queue is free."""
        if not self._spilled or 2 * len(self._open) > self.limits.max_queue_size:
            return 0
        return min(self._spilled, self.limits.max_queue_size - len(self._open))

    def restore(self, events: list[Event], claimed: int, now: float) -> None:
        """Queue the events that the spool gave when ``claimed`` were asked for."""
        self._spilled -= claimed
        if events and not self._open:
            self._opened_at = now
        self._open.extend(events)
        self._open_bytes += sum(len(event.body) for event in events)

    # Batches out.

    def next_batch(self, now: Moment) -> Batch | None:
        """The batch to send now, which is then in flight; None when nothing is due."""
        due = self.due_at()
        if due is None or due > now.monotonic:
            return None
        if not self._sealed:
            self._seal(now)
        self._in_flight = self._sealed.popleft()
        return self._in_flight

    def due_at(self) -> float | None:
        """When ``next_batch`` has something, on the monotonic clock; None: not without news."""
        if self._in_flight:
            return None
        if self._sealed:
            head = self._sealed[0]
            # A flush that met an unexpired Retry-After has stopped, so this one did not.
            is_flushed = self._flush_through >= head.first_seq
            return _AT_ONCE if is_flushed else max(head.not_before, head.held_until)
        if not self._open:
            return None
        if self._draining or self._due_through >= self._open_seq or self._has_full_batch():
            return _AT_ONCE
        return self._opened_at + self.limits.flush_interval

    @property
    def _open_seq(self) -> int:
        """The number of the oldest event that no batch holds."""
        return self._last_seq - self.queued + 1

    def _seal(self, now: Moment) -> None:
        first_seq = self._open_seq
        # What waited as long as the oldest goes out with it, in as many batches as it takes.
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

    def answer(self, batch: Batch, outcome: Outcome, now: Moment) -> list[Action]:
        """What follows from the outcome. An answer to a batch given up before changes nothing."""
        if self._in_flight is not batch:
            return []
        self._in_flight = None
        match outcome.verdict:
            case Verdict.DELIVERED:
                self._batch_cap = min(self._batch_cap + 1, self.limits.batch_size)
                return [Delivered(self.name, batch.events)]
            case Verdict.PARTIAL:
                return self._partial(batch, outcome, now)
            case Verdict.RETRY:
                return self._retry(batch, outcome, now)
            case Verdict.SPLIT:
                return self._split(batch, outcome, now)
            case Verdict.REJECTED:
                return [self._drop(batch, DropReason.REJECTED, outcome.error)]

    def _partial(self, batch: Batch, outcome: Outcome, now: Moment) -> list[Action]:
        again, refused, taken = _sort_by_result(batch.events, outcome)
        actions: list[Action] = []
        if taken:
            actions.append(Delivered(self.name, taken))
        for event in refused:
            words = outcome.refused[event.uuid.lower()]
            error = DeliveryError(f"the server refused it: {words}", reason=DropReason.REJECTED)
            actions.append(self._drop(replace(batch, events=(event,)), DropReason.REJECTED, error))
        if again:
            actions += self._retry(replace(batch, events=again), outcome, now)
        return actions

    def _retry(self, batch: Batch, outcome: Outcome, now: Moment) -> list[Action]:
        self._stop_flush()
        failures = batch.failures + 1
        held = now.monotonic + clamp_retry_after(outcome.retry_after)
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
            held_until=held,
        )
        self._sealed.appendleft(waiting)
        wait = max(waiting.not_before, held)
        return [Retried(self.name, batch.events, wait, outcome.error)]

    def _split(self, batch: Batch, outcome: Outcome, now: Moment) -> list[Action]:
        """A 413: two halves with ids of their own, first half first; an event alone is too big."""
        half = len(batch.events) // 2
        if not half:
            return [self._drop(batch, DropReason.TOO_LARGE, outcome.error)]
        self._batch_cap = max(half, 1)
        for events in (batch.events[half:], batch.events[:half]):
            self._sealed.appendleft(self._make_batch(events, batch.first_seq, now))
        return []

    def _drop(self, batch: Batch, reason: DropReason, error: TransportError | None) -> Dropped:
        return Dropped(
            self.name, batch.events, reason, error, batch.request_id, attempts=batch.attempt
        )

    # Flush and shutdown.

    def flush(self, now: float) -> FlushGoal:
        """Make everything present due at once; a server's unexpired Retry-After still holds."""
        goal = FlushGoal(self._last_seq, self._stops)
        self._flush_through = self._due_through = self._last_seq
        if self._sealed and self._sealed[0].held_until > now:
            self._stop_flush()
        return goal

    def is_settled(self, goal: FlushGoal) -> bool:
        """Whether the flush has come to its end: nothing left, or stopped by a failure."""
        return self._stops > goal.stops or self.has_reached(goal)

    def has_reached(self, goal: FlushGoal) -> bool:
        """Whether nothing is left of what was there at the flush."""
        batches = [*self._sealed, self._in_flight] if self._in_flight else self._sealed
        if any(batch.first_seq <= goal.last_seq for batch in batches):
            return False
        return not self.queued or self._open_seq > goal.last_seq

    def _stop_flush(self) -> None:
        self._stops += 1
        self._flush_through = 0

    def close(self, now: float) -> None:
        """Take no more events; send everything at once, retry as usual."""
        if not self._draining:
            self._draining = True
            self.flush(now)

    def give_up(
        self, reason: DropReason, is_kept: Callable[[Event], bool] = _nothing_is_kept
    ) -> list[Action]:
        """Let go of everything. Events that ``is_kept`` (on disk, for a later life) are no loss."""
        batches = [*self._sealed]
        if self._open:
            batches.append(Batch(self.name, tuple(self._open), "", 0.0, self._open_seq, attempt=0))
        actions = [self._abandon(batch, reason, is_kept) for batch in batches]
        if self._in_flight:
            actions.insert(0, self._abandon(self._in_flight, DropReason.UNCONFIRMED, is_kept))
        kept = self.pending - sum(len(dropped.events) for dropped in actions)
        self._draining = True
        self._in_flight = None
        self._sealed.clear()
        self._open.clear()
        self._open_bytes = self._spilled = 0
        stays: list[Action] = [Kept(self.name, kept)] if kept else []
        return [*(dropped for dropped in actions if dropped.events), *stays]

    def _abandon(
        self, batch: Batch, reason: DropReason, is_kept: Callable[[Event], bool]
    ) -> Dropped:
        lost = tuple(event for event in batch.events if not is_kept(event))
        return self._drop(replace(batch, events=lost), reason, None)


def _sort_by_result(
    events: tuple[Event, ...], outcome: Outcome
) -> tuple[tuple[Event, ...], tuple[Event, ...], tuple[Event, ...]]:
    """(to send again, refused, taken), each in the batch's order."""
    again = tuple(event for event in events if event.uuid.lower() in outcome.retry)
    refused = tuple(event for event in events if event.uuid.lower() in outcome.refused)
    settled = outcome.retry | outcome.refused.keys()
    return again, refused, tuple(event for event in events if event.uuid.lower() not in settled)
