"""The pipeline: takes events, and delivers each event once and in order, or reports it as lost.

The pipeline decides nothing itself. Its queues decide what to send and when, its sinks judge
responses, and its driver decides which thread does the work. One lock guards the queues, and is
never held while a sink works or a callback runs. The spool is written only under the lock, so that
spool and queue have the same order.

>>> from flagengine.transports.batching.drivers import ManualDriver
>>> from flagengine.transports.batching.sinks.memory import MemorySink
>>> sink = MemorySink()
>>> pipeline = EventPipeline({"events": LaneSetup(sink)}, driver=ManualDriver())
>>> uuid = pipeline.capture({"event": "signed up", "distinct_id": "u1"})
>>> pipeline.flush(), [event.uuid == uuid for event in sink.events]
(True, [True])
>>> pipeline.shutdown()
True
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from .. import fork_and_exit
from ..abandonment import is_abandoned
from ..clock import Clock, SystemClock, read
from ..errors import InvalidEventError, TransportError
from .batch import Admission, Batch, Delivered, Dropped, DropReason, QueueAction
from .counters import Counters
from .delivery import DeliveryOutcome, Disposition
from .drivers import Driver, ThreadDriver
from .event import Event, make_event
from .limits import LaneLimits, Overflow
from .queue import EventQueue
from .reports import DeliveryReporter, OnAction, OnError
from .sinks.base import Sink
from .spool.backing import SpoolBacking
from .spool.spool import Spool

__all__ = ["EVENTS_LANE", "EventPipeline", "LaneSetup"]

logger = logging.getLogger("flagengine.events")

EVENTS_LANE = "events"
REQUEST_TIMEOUT = 10.0
SHUTDOWN_TIMEOUT = 30.0
# Seconds between a waiting flush's checks that its worker is still alive.
_WATCH_SECONDS = 1.0


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


class EventPipeline:
    """The pipeline of all lanes. Safe to use from any thread.

    No method raises because of I/O or because of an event's data, except that ``push`` raises
    ``QueueFullError`` with ``overflow="raise"``.
    """

    def __init__(
        self,
        lanes: Mapping[str, LaneSetup],
        *,
        clock: Clock | None = None,
        driver: Driver | None = None,
        on_error: OnError | None = None,
        on_action: OnAction | None = None,
    ) -> None:
        self._lanes = dict(lanes)
        self._clock = clock or SystemClock()
        self._driver = driver or ThreadDriver()
        self._reporter = DeliveryReporter(on_error, on_action)
        self._start_anew()
        self._driver.attach(self)
        with self._lock:
            for lane, spool in self._spools.items():
                if spool.recover(self._clock.monotonic()):
                    self._driver.wake(lane)
        fork_and_exit.watch(self)

    def _start_anew(self) -> None:
        """Make new locks and empty queues, at the start and in the child of a fork."""
        # Reentrant, because a signal handler or a finaliser may capture in the middle of a push.
        self._lock = threading.RLock()
        # Notified when a delivery has ended.
        self._progress = threading.Condition(self._lock)
        self._queues = {name: EventQueue(name, lane.limits) for name, lane in self._lanes.items()}
        self._spools = {
            name: SpoolBacking(lane.spool, self._queues[name], self._reporter)
            for name, lane in self._lanes.items()
            if lane.spool is not None
        }
        # For each uuid that ``deliver`` waits for, whether the event was delivered.
        self._awaited: dict[str, bool] = {}
        self._is_closing = False
        self._is_drained = False
        self._is_closed = threading.Event()

    def capture(self, message: Mapping[str, object], *, lane: str = EVENTS_LANE) -> str | None:
        """Push the event of a message (see ``make_event``); log and drop an invalid message."""
        try:
            event = make_event(message, clock=self._clock, warn=logger.warning)
        except InvalidEventError as error:
            logger.warning("event dropped: %s", error)
            return None
        return self.push(event, lane=lane)

    def push(self, event: Event, *, lane: str = EVENTS_LANE) -> str | None:
        """Queue one event; return its uuid, or None if it was not accepted.

        Raises:
            QueueFullError: the queue is full and ``overflow`` is ``"raise"``.
        """
        with self._lock:
            admission = self._admit(event, lane)
            if admission.wake:
                self._driver.wake(lane)
        if admission.evicted:
            self._reporter.report(Dropped(lane, (admission.evicted,), DropReason.EVICTED))
        if admission.reason:
            limits = self._lanes[lane].limits
            error = self._reporter.refused(event, lane, admission.reason, limits)
            if admission.reason is DropReason.QUEUE_FULL and limits.overflow is Overflow.RAISE:
                raise error
            return None
        return event.uuid

    def _admit(self, event: Event, lane: str) -> Admission:
        queue, spool = self._queues[lane], self._spools.get(lane)
        if queue.limits.overflow is Overflow.BLOCK and not queue.unfit(event):
            self._wait_for_room(queue)
        stored = spool is not None and spool.store(event)
        return queue.push(event, self._clock.monotonic(), stored=stored)

    def _wait_for_room(self, queue: EventQueue) -> None:
        # Without a worker, only the caller could make room, so waiting would be useless.
        if self._driver.drives(queue.name):
            self._progress.wait_for(lambda: not queue.is_full, queue.limits.block_timeout)

    def deliver(
        self, event: Event, *, lane: str = EVENTS_LANE, timeout: float | None = None
    ) -> bool:
        """Queue an event and send it at once; return whether it was delivered.

        After a temporary failure the event stays queued, and may still be delivered later.
        """
        self._awaited[event.uuid] = False
        try:
            if self.push(event, lane=lane) is not None:
                self.flush(timeout, lanes=[lane])
        finally:
            is_delivered = self._awaited.pop(event.uuid, False)
        return is_delivered

    def tick(self) -> int:
        """Send the due batches in the calling thread; return their number."""
        return sum(self.step(lane) for lane in self._lanes)

    def step(self, lane: str, timeout: float | None = None) -> bool:
        """See ``Drivable``; ``timeout`` shortens the lane's request timeout."""
        with self._lock:
            if lane in self._spools:
                self._spools[lane].refill(self._clock.monotonic())
            batch = self._queues[lane].next_batch(read(self._clock))
        if batch is None:
            return False
        allowed = self._lanes[lane].request_timeout
        # The outcome if the delivery ends with an exception that must not be caught, as by Ctrl-C.
        outcome = DeliveryOutcome(Disposition.RETRY, TransportError("the delivery was interrupted"))
        try:
            outcome = self._send(batch, allowed if timeout is None else min(allowed, timeout))
        finally:
            self._conclude(batch, outcome)
        return True

    def _send(self, batch: Batch, timeout: float) -> DeliveryOutcome:
        try:
            return self._lanes[batch.lane].sink.deliver(batch, timeout=timeout)
        except Exception as error:
            logger.exception("the sink of lane %r raised an exception", batch.lane)
            failure = TransportError(f"the sink raised {type(error).__name__}")
            return DeliveryOutcome(Disposition.RETRY, failure)

    def _conclude(self, batch: Batch, outcome: DeliveryOutcome) -> None:
        with self._lock:
            # Looked up again: after a fork during the delivery, it is a new queue.
            queue = self._queues[batch.lane]
            actions = queue.answer(batch, outcome, read(self._clock))
            self._settle(actions)
        for action in actions:
            self._reporter.report(action)
        if 2 * queue.queued <= queue.limits.max_queue_size:
            self._reporter.has_room(batch.lane)

    def _settle(self, actions: Iterable[QueueAction]) -> None:
        """Record finished events in the spools and for ``deliver``. The caller holds the lock."""
        for action in actions:
            if isinstance(action, Delivered | Dropped):
                if action.lane in self._spools:
                    self._spools[action.lane].acknowledge(action.events)
                for event in action.events if self._awaited else ():
                    if event.uuid in self._awaited:
                        self._awaited[event.uuid] = isinstance(action, Delivered)
        self._progress.notify_all()

    def seconds_until_due(self, lane: str) -> float | None:
        """See ``Drivable``."""
        with self._lock:
            queue = self._queues[lane]
            if queue.refill_size:
                return 0.0
            due = queue.due_at()
            return None if due is None else max(0.0, due - self._clock.monotonic())

    def retire(self, lane: str, on_retire: Callable[[], None]) -> bool:
        """See ``Drivable``."""
        with self._lock:
            if self._queues[lane].pending:
                return False
            on_retire()
            return True

    def flush(self, timeout: float | None = None, *, lanes: Iterable[str] | None = None) -> bool:
        """Try once to send all events that are queued now; return whether none of them is left.

        A lane stops at its first temporary failure; its events stay queued and are retried in the
        background. In a callback of the pipeline, ``flush`` only starts the work.
        """
        names = list(self._lanes if lanes is None else lanes)
        with self._lock:
            now = self._clock.monotonic()
            queues = [self._queues[name] for name in names]
            goals = [(queue, queue.flush(now)) for queue in queues]
            self._wake(names)
        if not self._driver.is_worker():
            self._work_until(
                lambda: is_abandoned() or all(queue.is_settled(goal) for queue, goal in goals),
                names,
                timeout,
            )
        with self._lock:
            return all(queue.has_reached(goal) for queue, goal in goals)

    def shutdown(self, timeout: float = SHUTDOWN_TIMEOUT, *, discard: bool = False) -> bool:
        """Refuse new events, deliver the others within ``timeout``; return whether all were delivered.

        Events that are left at the timeout are dropped and reported, or kept by the spool. With
        ``discard``, all events are dropped at once. A second call waits for the first. In a callback
        of the pipeline, ``shutdown`` returns False at once, and another thread does the work.
        """
        if self._driver.is_worker():
            threading.Thread(
                target=self.shutdown,
                args=(timeout,),
                kwargs={"discard": discard},
                name="flagengine-shutdown",
                daemon=True,
            ).start()
            return False
        with self._lock:
            is_first, self._is_closing = not self._is_closing, True
        if is_first:
            self._finish(timeout, discard=discard)
        else:
            self._is_closed.wait(timeout)
        return self._is_drained

    def _finish(self, timeout: float, *, discard: bool) -> None:
        if not discard:
            self._is_drained = self._drain(timeout)
        with self._lock:
            actions = self._give_up(DropReason.DISCARDED if discard else DropReason.SHUTDOWN)
            self._driver.stop()
        if not discard:
            self._reporter.leftovers(actions, timeout)
        for action in actions:
            self._reporter.report(action)
        self._close_sinks(discard=discard)
        self._is_closed.set()

    def _drain(self, timeout: float) -> bool:
        with self._lock:
            for queue in self._queues.values():
                queue.close(self._clock.monotonic())
            self._wake(self._lanes)
            lost = sum(self.counters().dropped.values())
        is_empty = self._work_until(lambda: not self.pending_count(), self._lanes, timeout)
        return is_empty and lost == sum(self.counters().dropped.values())

    def _give_up(self, reason: DropReason) -> list[QueueAction]:
        """Drop all events that no spool keeps. The caller holds the lock."""
        actions: list[QueueAction] = []
        for name, queue in self._queues.items():
            spool = None if reason is DropReason.DISCARDED else self._spools.get(name)
            actions += queue.give_up(reason, spool.holds) if spool else queue.give_up(reason)
        self._settle(actions)
        return actions

    def _close_sinks(self, *, discard: bool) -> None:
        for lane in self._lanes.values():
            try:
                lane.sink.close()
                if lane.spool is not None:
                    (lane.spool.clear if discard else lane.spool.close)()
            except Exception:
                logger.exception("closing a sink failed")

    def _wake(self, lanes: Iterable[str]) -> None:
        for lane in lanes:
            if self._queues[lane].pending:
                self._driver.wake(lane)

    def _work_until(
        self, is_done: Callable[[], bool], lanes: Iterable[str], timeout: float | None
    ) -> bool:
        """Wait for the workers, and send for lanes without a worker; return whether ``is_done()``."""
        start = self._clock.monotonic()
        while True:
            with self._lock:
                if is_done():
                    return True
                left = None if timeout is None else start + timeout - self._clock.monotonic()
                if left is not None and left <= 0:
                    return False
                pause = _WATCH_SECONDS if left is None else min(left, _WATCH_SECONDS)
                without_worker = [
                    lane
                    for lane in lanes
                    if self._queues[lane].pending and not self._driver.drives(lane)
                ]
                if not without_worker:
                    self._progress.wait(pause)
                    continue
                waits = [self.seconds_until_due(lane) for lane in without_worker]
            if not sum(self.step(lane, left) for lane in without_worker):
                self._driver.pause(min([pause, *(wait for wait in waits if wait is not None)]))

    def is_worker(self) -> bool:
        """Return whether the caller runs on a worker of the pipeline, and so must not wait."""
        return self._driver.is_worker()

    def pending_count(self) -> int:
        """Return the number of accepted events, in memory or on disk, that are not finished."""
        with self._lock:
            return sum(queue.pending for queue in self._queues.values())

    def counters(self) -> Counters:
        """Return consistent counts of the events so far."""
        with self._lock:
            tallies = [queue.tally for queue in self._queues.values()]
            return Counters.sum_of(tallies, pending=self.pending_count())

    def after_fork(self) -> None:
        """Start anew in the child of a fork; the parent keeps its events, threads and files."""
        was_closing = self._is_closing
        self._driver.forget()
        self._start_anew()
        for lane in self._lanes.values():
            if lane.spool is not None:
                lane.spool.after_fork()
        if was_closing:
            for queue in self._queues.values():
                queue.close(self._clock.monotonic())
            self._is_closing = self._is_drained = True
            self._is_closed.set()

    def at_exit(self, timeout: float) -> None:
        """Shut down within ``timeout`` seconds."""
        if not self._is_closing:
            self.shutdown(timeout)
