"""The work of the lanes: their queues, the steps that send batches, and the reports of each step.

``pipeline`` is what an application uses. One lock guards the queues, and is never held while a sink
works, a callback runs or a line is logged. The spool is written only under the lock, so that spool
and queue have the same order.

Nothing that a sink, a disk, a clock or a callback does can lose a batch: from ``next_batch`` to
``answer`` a batch is in flight in its queue, and whatever happens meanwhile is an answer.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from ..abandonment import is_abandoned
from ..application_errors import application_errors
from ..clock import Clock, read
from ..errors import SpoolDamagedError, TransportError
from .announcements import Announcer
from .awaited import AwaitedEvents
from .batch import Batch, Delivered, Dropped, DropReason, QueueAction
from .counters import Counters
from .delivery import DeliveryOutcome, Disposition
from .drivers import Driver
from .limits import LaneLimits, Overflow
from .losses import Loss
from .queue import EventQueue
from .reports import DeliveryReporter, OnAction
from .sinks.base import Sink
from .spool.backing import SpoolBacking
from .spool.spool import Spool

__all__ = ["REQUEST_TIMEOUT", "LaneSetup", "LaneWork"]

REQUEST_TIMEOUT = 10.0
# Seconds between a waiting flush's checks that its worker is still alive.
_WATCH_SECONDS = 1.0
_INTERRUPTED = DeliveryOutcome(Disposition.RETRY, TransportError("the delivery was interrupted"))


@dataclass(frozen=True, slots=True)
class LaneSetup:
    """A lane's sink and limits, and the spool that ``overflow="spill"`` needs."""

    sink: Sink
    limits: LaneLimits = field(default_factory=LaneLimits)
    request_timeout: float = REQUEST_TIMEOUT
    spool: Spool | None = None

    def __post_init__(self) -> None:
        if (self.limits.overflow is Overflow.SPILL) != (self.spool is not None):
            msg = 'overflow="spill" needs a spool, and a spool needs overflow="spill"'
            raise ValueError(msg)


class LaneWork:
    """The queues of all lanes and the work on them; see the module's docstring."""

    def __init__(
        self,
        lanes: Mapping[str, LaneSetup],
        clock: Clock,
        driver: Driver,
        announcer: Announcer,
        on_action: OnAction | None,
    ) -> None:
        self._lanes = dict(lanes)
        self._clock = clock
        self._driver = driver
        self._announcer = announcer
        self._on_action = on_action
        self._start_anew()

    def _start_anew(self) -> None:
        """Make new locks and empty queues, at the start and in the child of a fork."""
        # Reentrant, because a signal handler or a finaliser may capture in the middle of a push.
        self._lock = threading.RLock()
        # Notified when a delivery has ended.
        self._progress = threading.Condition(self._lock)
        self._queues = {name: EventQueue(name, lane.limits) for name, lane in self._lanes.items()}
        self._reporter = DeliveryReporter(self._announcer, self._on_action)
        self._spools = {
            name: SpoolBacking(
                lane.spool, self._queues[name], self._warner(name), self._resolver(name)
            )
            for name, lane in self._lanes.items()
            if lane.spool is not None
        }
        self._awaited = AwaitedEvents()
        # The number of losses that a flush has answered for.
        self._answered = 0
        # The threads that report what became of a batch, which callers may wait for.
        self._reporting: list[int] = []

    def _warner(self, lane: str) -> Callable[[str, str], None]:
        return lambda trouble, message: self._reporter.note((lane, "spool", trouble), message)

    def _resolver(self, lane: str) -> Callable[[str], None]:
        return lambda trouble: self._reporter.over((lane, "spool", trouble))

    def _recover(self) -> None:
        """Take over what dead processes left in the spools."""
        for lane, spool in self._spools.items():
            with self._lock:
                damage = spool.recover(self._clock.monotonic())
                if self._queues[lane].pending:
                    self._driver.wake(lane)
            message = f"the spool of lane {lane!r} was damaged: {damage}"
            if damage.events:
                error = SpoolDamagedError(message, count=damage.events)
                limits = self._lanes[lane].limits
                self._reporter.lost(
                    Loss(lane, DropReason.DAMAGED, (), limits, error=error, unnamed=damage.events)
                )
            elif damage:
                self._reporter.note((lane, "spool", "damage"), message)
            self._report(())

    def step(self, lane: str, timeout: float | None = None) -> bool:
        """See ``Drivable``; ``timeout`` shortens the lane's request timeout."""
        batch = None
        # The outcome if the delivery ends with an exception that must not be caught, as by Ctrl-C.
        outcome = _INTERRUPTED
        try:
            batch, losses = self._next_batch(lane)
            self._report(losses)
            if batch is None:
                return False
            allowed = self._lanes[lane].request_timeout
            outcome = self._send(batch, allowed if timeout is None else min(allowed, timeout))
        finally:
            if batch is not None:
                self._conclude(batch, outcome)
        return True

    def _next_batch(self, lane: str) -> tuple[Batch | None, list[QueueAction]]:
        losses: list[QueueAction] = []
        with self._lock:
            spool = self._spools.get(lane)
            if spool is not None:
                losses = [*spool.mend(), *spool.refill(self._clock.monotonic())]
                self._settle(losses)
            return self._queues[lane].next_batch(read(self._clock)), losses

    def _send(self, batch: Batch, timeout: float) -> DeliveryOutcome:
        try:
            outcome = self._lanes[batch.lane].sink.deliver(batch, timeout=timeout)
        except application_errors() as error:
            self._reporter.sink_raised(batch.lane, error)
            failure = TransportError(f"the sink raised {type(error).__name__}")
            return DeliveryOutcome(Disposition.RETRY, failure)
        if isinstance(outcome, DeliveryOutcome) and isinstance(outcome.disposition, Disposition):
            return outcome
        failure = TransportError(
            f"the sink must return a DeliveryOutcome, got {type(outcome).__name__}"
        )
        return DeliveryOutcome(Disposition.RETRY, failure)

    def _conclude(self, batch: Batch, outcome: DeliveryOutcome) -> None:
        thread = threading.get_ident()
        with self._lock:
            # Looked up again: after a fork during the delivery, it is a new queue.
            queue = self._queues[batch.lane]
            actions = self._answer(queue, batch, outcome)
            self._reporting.append(thread)
            self._settle(actions)
            if self._driver.drives(batch.lane):
                # The lane's thread has begun meanwhile, and found nothing to send.
                self._driver.wake(batch.lane)
        try:
            self._report(actions)
            if 2 * queue.queued <= queue.limits.max_queue_size:
                self._reporter.has_room(batch.lane)
        finally:
            with self._lock:
                if thread in self._reporting:
                    self._reporting.remove(thread)
                self._progress.notify_all()

    def _answer(
        self, queue: EventQueue, batch: Batch, outcome: DeliveryOutcome
    ) -> list[QueueAction]:
        try:
            return queue.answer(batch, outcome, read(self._clock))
        except application_errors() as error:
            failure = TransportError(f"the sink's outcome is invalid: {type(error).__name__}")
            retry = DeliveryOutcome(Disposition.RETRY, failure)
            return queue.answer(batch, retry, read(self._clock))

    def _settle(self, actions: Iterable[QueueAction]) -> None:
        """Record finished events in the spools, for ``deliver`` and for ``on_error``.

        The caller holds the lock, and calls ``_report`` after it has released the lock.
        """
        for action in actions:
            if isinstance(action, Delivered | Dropped):
                if action.lane in self._spools:
                    self._spools[action.lane].acknowledge(action.events)
                self._awaited.settle(action.events, delivered=isinstance(action, Delivered))
            if isinstance(action, Dropped):
                self._announcer.post(Loss.of(action, self._lanes[action.lane].limits))
        self._progress.notify_all()

    def _report(self, actions: Iterable[QueueAction]) -> None:
        try:
            self._reporter.log_notes()
            for action in actions:
                self._reporter.report(action, self._lanes[action.lane].limits)
        finally:
            # Also if a log handler of the application raises.
            self._announcer.tell()

    def seconds_until_due(self, lane: str) -> float | None:
        """See ``Drivable``."""
        with self._lock:
            queue = self._queues[lane]
            times = [at for at in (queue.due_at(), queue.refill_at()) if at is not None]
            return max(0.0, min(times) - self._clock.monotonic()) if times else None

    def retire(self, lane: str, on_retire: Callable[[], None]) -> bool:
        """See ``Drivable``."""
        with self._lock:
            if self._queues[lane].pending:
                return False
            on_retire()
            return True

    def _wake(self, lanes: Iterable[str]) -> None:
        for lane in lanes:
            if self._queues[lane].pending:
                self._driver.wake(lane)

    def _work_until(
        self, is_done: Callable[[], bool], lanes: Iterable[str], timeout: float | None
    ) -> bool:
        """Wait for the workers, and send for lanes without a worker; return whether ``is_done()``."""
        until = None if timeout is None else self._clock.monotonic() + timeout
        while True:
            with self._lock:
                if is_done():
                    return True
                left = self._seconds_until(until)
                if left is not None and left <= 0:
                    return False
                pause = _WATCH_SECONDS if left is None else min(left, _WATCH_SECONDS)
                pending = [lane for lane in lanes if self._queues[lane].pending]
                own = [lane for lane in pending if not self._driver.drives(lane)]
                waits = [self.seconds_until_due(lane) for lane in own]
                pause = min([pause, *(wait for wait in waits if wait is not None)])
                others_send = not own or len(own) < len(pending) or None in waits
                if others_send and pause > 0:
                    self._progress.wait(pause)
                    continue
            if not self._step_each(own, until):
                self._driver.pause(pause)

    def _step_each(self, lanes: Iterable[str], until: float | None) -> int:
        """Send a batch of each lane while there is time; return the number of batches."""
        sent = 0
        for lane in lanes:
            left = self._seconds_until(until)
            if left is not None and left <= 0:
                break
            sent += self.step(lane, left)
        return sent

    def _seconds_until(self, until: float | None) -> float | None:
        return None if until is None else until - self._clock.monotonic()

    def _wait_until_told(self, seconds: float) -> None:
        """Wait until callbacks have returned that concern what has happened so far."""
        if self.is_worker() or self._announcer.is_current() or is_abandoned():
            return
        until = time.monotonic() + seconds
        with self._lock:
            posted = self._announcer.posted
            others = {each for each in self._reporting if each != threading.get_ident()}
            if others:
                self._progress.wait_for(lambda: not others.intersection(self._reporting), seconds)
        self._announcer.wait(posted, until - time.monotonic())

    def _count_lost(self) -> int:
        return sum(queue.tally.lost for queue in self._queues.values())

    def is_worker(self) -> bool:
        """Return whether the caller runs on a worker of the pipeline, and so must not wait."""
        return self._driver.is_worker() or self._announcer.is_worker()

    def pending_count(self) -> int:
        """Return the number of accepted events, in memory or on disk, that are not finished."""
        with self._lock:
            return sum(queue.pending for queue in self._queues.values())

    def counters(self) -> Counters:
        """Return consistent counts of the events so far."""
        with self._lock:
            tallies = [queue.tally for queue in self._queues.values()]
            return Counters.sum_of(tallies, pending=self.pending_count())
