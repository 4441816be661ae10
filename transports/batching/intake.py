"""How events come into the queues: one at a time, or many at once as a server gets them.

An event is accepted when it is in its queue and, where the lane has a spool, on disk. What is not
accepted is counted, told to ``on_error``, and named to the caller.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from ..errors import TransportError
from .batch import Admission, Dropped, DropReason, QueueAction
from .event import Event
from .limits import Overflow
from .losses import Loss
from .queue import EventQueue
from .work import LaneWork

__all__ = ["EVENTS_LANE", "LaneIntake"]

EVENTS_LANE = "events"
# With these policies a push neither waits nor writes.
_AT_ONCE = frozenset({Overflow.DROP_NEW, Overflow.DROP_OLDEST, Overflow.RAISE})


class LaneIntake(LaneWork):
    """The lanes as they take events. Safe to use from any thread."""

    def _start_anew(self) -> None:
        super()._start_anew()
        # The lanes to which a push is one step.
        self._direct = frozenset(
            name for name, lane in self._lanes.items() if lane.limits.overflow in _AT_ONCE
        )

    def push(self, event: Event, *, lane: str = EVENTS_LANE) -> str | None:
        """Queue one event; return its uuid, or None if it was not accepted.

        Raises:
            QueueFullError: the queue is full and ``overflow`` is ``"raise"``.
        """
        losses: list[QueueAction] = []
        with self._lock:
            queue = self._queues[lane]
            if lane in self._direct:
                admission = queue.push(event, self._clock.monotonic())
                if admission.evicted is not None:
                    losses = [Dropped(lane, (admission.evicted,), DropReason.EVICTED)]
                    self._settle(losses)
            elif lane in self._spools:
                spool = self._spools[lane]
                losses = spool.mend()
                admission = spool.push(event, self._clock.monotonic())
                self._settle(losses)
            else:
                (admission,) = self._push_in_turn(queue, (event,))
            if admission.wake:
                self._driver.wake(lane)
        if losses or self._spools:
            self._report(losses)
        if admission.reason:
            limits = self._lanes[lane].limits
            loss = Loss(lane, admission.reason, (event,), limits, is_refusal=True)
            self._reporter.lost(loss)
            if admission.reason is DropReason.QUEUE_FULL and limits.overflow is Overflow.RAISE:
                raise loss.to_error()
            return None
        return event.uuid

    def push_many(self, events: Iterable[Event], *, lane: str = EVENTS_LANE) -> list[str | None]:
        """Queue events in order, as ``push`` does with each; return the uuid of each, or None.

        An event without a uuid in the result was refused, or evicted by a later event of this call.
        All others are in the queue and, with a spool, on disk by one write (and one fsync), unless the
        disk did not take them and ``on_unstored`` is ``"keep"``.

        With ``overflow="block"``, all events together wait for at most ``block_timeout`` seconds. The
        method does not raise with ``overflow="raise"``, because the result says what was accepted.
        """
        given = list(events)
        with self._lock:
            admissions, losses = self._admit(lane, given)
            self._settle(losses)
            if any(admission.wake for admission in admissions):
                self._driver.wake(lane)
        if losses or self._spools:
            self._report(losses)
        self._report_refused(lane, given, admissions)
        evicted = {id(admission.evicted) for admission in admissions if admission.evicted}
        return [
            None if admission.reason or id(event) in evicted else event.uuid
            for event, admission in zip(given, admissions, strict=True)
        ]

    def _report_refused(
        self, lane: str, events: Iterable[Event], admissions: Iterable[Admission]
    ) -> None:
        refused: dict[DropReason, list[Event]] = {}
        for event, admission in zip(events, admissions, strict=True):
            if admission.reason:
                refused.setdefault(admission.reason, []).append(event)
        limits = self._lanes[lane].limits
        for reason, lost in refused.items():
            self._reporter.lost(Loss(lane, reason, tuple(lost), limits, is_refusal=True))

    def refuse(
        self,
        event: Event,
        reason: DropReason,
        error: TransportError | None = None,
        *,
        lane: str = EVENTS_LANE,
    ) -> None:
        """Count and report an event that is lost before ``push``. Only invalid events are logged here."""
        with self._lock:
            self._queues[lane].tally.refused[reason] += 1
        limits = self._lanes[lane].limits
        loss = Loss(lane, reason, (event,), limits, is_refusal=True, error=error)
        self._reporter.lost(loss, is_logged=reason is not DropReason.INVALID)

    def _admit(self, lane: str, events: list[Event]) -> tuple[list[Admission], list[QueueAction]]:
        """Push events to a lane; return the admission of each, and the losses."""
        queue, spool = self._queues[lane], self._spools.get(lane)
        if spool is not None:
            losses = spool.mend()
            return spool.push_many(events, self._clock.monotonic()), losses
        admissions = self._push_in_turn(queue, events)
        evicted = tuple(each.evicted for each in admissions if each.evicted)
        return admissions, [Dropped(lane, evicted, DropReason.EVICTED)] if evicted else []

    def _push_in_turn(self, queue: EventQueue, events: Iterable[Event]) -> list[Admission]:
        """Push events that may have to wait for room."""
        waits = queue.limits.overflow is Overflow.BLOCK
        until: float | None = None
        admissions: list[Admission] = []
        for event in events:
            if waits and queue.is_full and not queue.unfit(event):
                until = until or time.monotonic() + queue.limits.block_timeout
                self._wait_for_room(queue, until - time.monotonic())
            admissions.append(queue.push(event, self._clock.monotonic()))
            if admissions[-1].wake:
                # At once, because a later event may wait for what the worker does now.
                self._driver.wake(queue.name)
        return admissions

    def _wait_for_room(self, queue: EventQueue, seconds: float) -> None:
        # Without a worker, only the caller could make room, so waiting would be useless.
        if seconds > 0 and self._driver.drives(queue.name):
            self._progress.wait_for(lambda: not queue.is_full, seconds)
