"""Carries the batcher's decisions to sinks and disk, and the answers back, under one lock.

The lock guards the batcher and is never held while a sink works or a callback runs. What stands on
disk changes with it held, so that disk and queue have the same order.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping

from ..clock import Clock, read
from ..errors import SpoolError, TransportError
from .batch import Action, Batch, Delivered, Dropped, DropReason
from .batcher import Batcher
from .delivery import Outcome, Verdict
from .event import Event
from .reports import Reporter
from .setup import LaneSetup

__all__ = ["Carrier"]

logger = logging.getLogger("flagengine.events")

# Ours: events read back from disk at once, while pushes wait.
_REFILL_SIZE = 1000


class Carrier:
    """``lock`` guards ``batcher``; ``progress`` tells of every answer."""

    def __init__(self, setups: Mapping[str, LaneSetup], clock: Clock, reporter: Reporter) -> None:
        self._setups = setups
        self._clock = clock
        self._reporter = reporter
        self.start_anew()

    def start_anew(self) -> None:
        """Fresh locks and queues: at the beginning, and in the child of a fork."""
        # Reentrant: a signal handler or a finaliser may capture in the middle of a push.
        self.lock = threading.RLock()
        self.progress = threading.Condition(self.lock)
        self.batcher = Batcher({name: setup.limits for name, setup in self._setups.items()})
        # What became of the events that ``EventPipeline.deliver`` waits for.
        self.fates: dict[str, bool | None] = {}

    # Sending.

    def step(self, lane: str, timeout: float | None = None) -> bool:
        """Send one batch of the lane if one is due; whether one was."""
        with self.lock:
            self._refill(lane)
            batch = self.batcher.next_batch(lane, read(self._clock))
        if batch is None:
            return False
        allowed = self._setups[lane].request_timeout
        # Stands when the delivery is left by something that must not be caught, like Ctrl-C.
        outcome = Outcome(Verdict.RETRY, TransportError("the delivery was interrupted"))
        try:
            outcome = self._try(batch, allowed if timeout is None else min(allowed, timeout))
        finally:
            self._conclude(batch, outcome)
        return True

    def _try(self, batch: Batch, timeout: float) -> Outcome:
        try:
            return self._setups[batch.lane].sink.deliver(batch, timeout=timeout)
        except Exception as error:
            logger.exception("the sink of lane %r raised", batch.lane)
            return Outcome(Verdict.RETRY, TransportError(f"the sink raised {type(error).__name__}"))

    def _conclude(self, batch: Batch, outcome: Outcome) -> None:
        with self.lock:
            actions = self.batcher.answer(batch, outcome, read(self._clock))
            self.settle(actions)
            self.progress.notify_all()
        self._report(batch.lane, actions)

    def _report(self, lane: str, actions: Iterable[Action]) -> None:
        for action in actions:
            self._reporter.report(action)
        machine = self.batcher.lanes[lane]
        if 2 * machine.queued <= machine.limits.max_queue_size:
            self._reporter.has_room(lane)

    # Waiting.

    def wait_of(self, lane: str) -> float | None:
        """Seconds until the lane is due; None: until it is woken. With the lock held."""
        machine = self.batcher.lanes[lane]
        if machine.refill_size:
            return 0.0
        due = machine.due_at()
        return None if due is None else max(0.0, due - self._clock.monotonic())

    def retire(self, lane: str, farewell: Callable[[], None]) -> bool:
        """Call ``farewell`` if the lane is empty, while no event can come in."""
        with self.lock:
            if self.batcher.lanes[lane].pending:
                return False
            farewell()
            return True

    # The disk. With the lock held.

    def store(self, event: Event, lane: str) -> bool:
        """Whether the event is safe on disk, where the lane has a disk."""
        spool, machine = self._setups[lane].spool, self.batcher.lanes[lane]
        if spool is None or machine.admit(event):
            return False
        try:
            return spool.append(event, unread=machine.spills)
        except SpoolError as error:
            self._reporter.trouble("spool", f"events are kept in memory only: {error}")
            return False

    def inherit(self, lane: str) -> bool:
        """Take over what dead processes left on disk; whether there was anything."""
        spool = self._setups[lane].spool
        if spool is None:
            return False
        try:
            count = spool.open()
        except SpoolError as error:
            self._reporter.trouble("spool", f"events are kept in memory only: {error}")
            return False
        self.batcher.adopt(lane, count, self._clock.monotonic())
        return count > 0

    def settle(self, actions: Iterable[Action]) -> None:
        """Note on disk, and for whoever waits for an event, what is done with."""
        for action in actions:
            if isinstance(action, Delivered | Dropped):
                self._acknowledge(action)
                for event in action.events:
                    if event.uuid in self.fates:
                        self.fates[event.uuid] = isinstance(action, Delivered)

    def give_up(self, reason: DropReason) -> list[Action]:
        """Let go of everything but, unless it is to be discarded, what the disk holds."""
        is_kept = self._is_on_disk if reason is not DropReason.DISCARDED else _nothing
        actions = self.batcher.give_up(reason, is_kept)
        self.settle(actions)
        self.progress.notify_all()
        return actions

    def _is_on_disk(self, lane: str, event: Event) -> bool:
        spool = self._setups[lane].spool
        return spool is not None and spool.holds(event)

    def _acknowledge(self, action: Delivered | Dropped) -> None:
        spool = self._setups[action.lane].spool
        if spool is None:
            return
        try:
            spool.acknowledge(action.events)
        except SpoolError as error:
            self._reporter.trouble("acknowledge", f"events may be sent again: {error}")

    def _refill(self, lane: str) -> None:
        spool, machine = self._setups[lane].spool, self.batcher.lanes[lane]
        count = min(machine.refill_size, _REFILL_SIZE)
        if spool is None or not count:
            return
        try:
            events = spool.read(count)
        except SpoolError as error:
            self._reporter.trouble("read", f"events on disk wait for the next process: {error}")
            events = []
        self.batcher.restore(lane, events, count, self._clock.monotonic())


def _nothing(_lane: str, _event: Event) -> bool:
    return False
