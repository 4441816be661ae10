"""The entry to event capture: push events in, they are delivered once, in order, or accounted for.

The pipeline owns the lock around the batcher and carries its decisions to the sinks. It decides
nothing itself: what to send when is the batcher's, what an answer means is delivery's, who does
the work is the driver's.

>>> from transports.batching.sinks.memory import MemorySink
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

from .. import lifecycle
from ..clock import Clock, SystemClock, read
from ..errors import (
    EventTooLargeError,
    InvalidEventError,
    QueueFullError,
    SpoolError,
    TransportError,
)
from .batch import Action, Admission, Batch, Delivered, Dropped, DropReason, Kept
from .batcher import Batcher, Counters
from .delivery import Outcome, Verdict
from .event import Event, make_event
from .limits import LaneLimits, Overflow
from .reports import OnAction, OnError, Reporter
from .sinks.base import Sink
from .spool.spool import Spool
from .workers.base import Driver, ManualDriver
from .workers.thread import ThreadDriver

__all__ = ["EVENTS_LANE", "EventPipeline", "LaneSetup", "ManualDriver"]

logger = logging.getLogger("flagengine.events")

EVENTS_LANE = "events"
# transports contract 1.22: seconds.
REQUEST_TIMEOUT = 10.0
SHUTDOWN_TIMEOUT = 30.0
# Ours: how often a waiting flush looks whether its worker is still alive.
_WATCH_SECONDS = 1.0
# Ours: events read back from disk at once, while pushes wait.
_REFILL_SIZE = 1000


@dataclass(frozen=True, slots=True)
class LaneSetup:
    """One lane: where it ends, its numbers, and the spool that ``overflow="spill"`` needs."""

    sink: Sink
    limits: LaneLimits = field(default_factory=LaneLimits)
    request_timeout: float = REQUEST_TIMEOUT
    spool: Spool | None = None

    def __post_init__(self) -> None:
        if (self.limits.overflow is Overflow.SPILL) != (self.spool is not None):
            msg = 'overflow="spill" and a spool belong together: give both or neither'
            raise ValueError(msg)


class EventPipeline:
    """All methods may be called from any thread. None raises because of I/O or of an event's data;
    only ``overflow="raise"`` lets ``push`` raise ``QueueFullError``."""

    def __init__(
        self,
        lanes: Mapping[str, LaneSetup],
        *,
        clock: Clock | None = None,
        driver: Driver | None = None,
        on_error: OnError | None = None,
        on_action: OnAction | None = None,
    ) -> None:
        self._setups = dict(lanes)
        self._clock = clock or SystemClock()
        self._driver = driver or ThreadDriver()
        self._reporter = Reporter(on_error, on_action)
        self._driver.attach(self)
        self._start_anew()
        self._open_spools()
        lifecycle.watch(self)

    def _start_anew(self) -> None:
        self._lock = threading.Lock()
        self._progress = threading.Condition(self._lock)
        self._batcher = Batcher({name: setup.limits for name, setup in self._setups.items()})
        self._watched: dict[str, bool | None] = {}
        self._is_closing = False
        self._drained = False
        self._closed = threading.Event()

    # Events in.

    def capture(self, message: Mapping[str, object], *, lane: str = EVENTS_LANE) -> str | None:
        """``push`` of a plain message (see ``make_event``); an invalid one is logged and dropped."""
        try:
            event = make_event(message, clock=self._clock, warn=logger.warning)
        except InvalidEventError as error:
            logger.warning("event was dropped: %s", error)
            return None
        return self.push(event, lane=lane)

    def push(self, event: Event, *, lane: str = EVENTS_LANE) -> str | None:
        """Queue one event; its uuid, or None when it was not accepted.

        Raises:
            QueueFullError: the queue is full and ``overflow`` is ``"raise"``.
        """
        with self._lock:
            admission = self._admit(event, lane)
            if admission.wake:
                self._driver.wake(lane)
            if admission.reason:
                self._batcher.refuse(admission.reason)
        if admission.evicted:
            self._reporter.report(Dropped(lane, (admission.evicted,), DropReason.EVICTED))
        if admission.reason:
            self._refused(event, lane, admission.reason)
            return None
        return event.uuid

    def deliver(
        self, event: Event, *, lane: str = EVENTS_LANE, timeout: float | None = None
    ) -> bool:
        """Queue one event and try at once; whether it was delivered.

        False with a retryable failure leaves it queued: it may still arrive later.
        """
        self._watched[event.uuid] = None
        try:
            if self.push(event, lane=lane) is None:
                return False
            self.flush(timeout, lanes=[lane])
            return self._watched[event.uuid] is True
        finally:
            del self._watched[event.uuid]

    def _admit(self, event: Event, lane: str) -> Admission:
        stored = self._store(event, lane)
        admission = self._batcher.push(lane, event, self._clock.monotonic(), stored=stored)
        limits = self._setups[lane].limits
        if admission.reason is DropReason.QUEUE_FULL and limits.overflow is Overflow.BLOCK:
            return self._admit_later(event, lane, limits.block_timeout)
        return admission

    def _admit_later(self, event: Event, lane: str, timeout: float) -> Admission:
        """Wait for room, unless nobody but the caller could make it."""
        machine = self._batcher.lanes[lane]
        if self._driver.drives(lane):
            self._progress.wait_for(lambda: not machine.is_full, timeout)
        return self._batcher.push(lane, event, self._clock.monotonic())

    def _store(self, event: Event, lane: str) -> bool:
        """Whether the event is safe on disk, where the lane has a disk."""
        spool, machine = self._setups[lane].spool, self._batcher.lanes[lane]
        if spool is None or machine.admit(event):
            return False
        try:
            return spool.append(event, unread=machine.spills)
        except SpoolError as error:
            self._reporter.trouble("spool", f"events are kept in memory only: {error}")
            return False

    def _refused(self, event: Event, lane: str, reason: DropReason) -> None:
        error = _refusal(event, lane, reason, self._setups[lane].limits)
        self._reporter.refused(lane, event, error, reason)
        if reason is DropReason.QUEUE_FULL and self._setups[lane].limits.overflow is Overflow.RAISE:
            raise error

    # Events out.

    def tick(self) -> int:
        """Send what is due, in the calling thread; how many batches that were."""
        return sum(self.step(lane) for lane in self._setups)

    def step(self, lane: str, *, timeout: float | None = None) -> bool:
        """Send one batch of the lane if one is due; whether one was. For drivers."""
        with self._lock:
            self._refill(lane)
            batch = self._batcher.next_batch(lane, read(self._clock))
        if batch is None:
            return False
        allowed = self._setups[lane].request_timeout
        outcome = _interrupted()
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
        with self._lock:
            actions = self._batcher.answer(batch, outcome, read(self._clock))
            self._settle(actions)
            self._progress.notify_all()
        self._report(batch.lane, actions)

    def _settle(self, actions: Iterable[Action]) -> None:
        for action in actions:
            if isinstance(action, Delivered | Dropped):
                self._acknowledge(action)
                for event in action.events:
                    if event.uuid in self._watched:
                        self._watched[event.uuid] = isinstance(action, Delivered)

    def _acknowledge(self, action: Delivered | Dropped) -> None:
        spool = self._setups[action.lane].spool
        if spool is None:
            return
        try:
            spool.acknowledge(action.events)
        except SpoolError as error:
            self._reporter.trouble("acknowledge", f"events may be sent again: {error}")

    def _report(self, lane: str, actions: Iterable[Action]) -> None:
        for action in actions:
            self._reporter.report(action)
        machine = self._batcher.lanes[lane]
        if 2 * machine.queued <= machine.limits.max_queue_size:
            self._reporter.has_room(lane)

    def _refill(self, lane: str) -> None:
        spool, machine = self._setups[lane].spool, self._batcher.lanes[lane]
        count = min(machine.refill_size, _REFILL_SIZE)
        if spool is None or not count:
            return
        try:
            events = spool.read(count)
        except SpoolError as error:
            self._reporter.trouble("read", f"events on disk wait for the next process: {error}")
            events = []
        machine.restore(events, count, self._clock.monotonic())

    # For drivers.

    def seconds_until_due(self, lane: str) -> float | None:
        """How long the lane can wait; None: until it is woken."""
        with self._lock:
            return self._wait_of(lane)

    def retire(self, lane: str, farewell: Callable[[], None]) -> bool:
        """Call ``farewell`` if the lane is empty, while no event can come in."""
        with self._lock:
            if self._batcher.lanes[lane].pending:
                return False
            farewell()
            return True

    def _wait_of(self, lane: str) -> float | None:
        machine = self._batcher.lanes[lane]
        due = machine.due_at()
        if machine.refill_size:
            return 0.0
        return None if due is None else max(0.0, due - self._clock.monotonic())

    # Flush and shutdown.

    def flush(self, timeout: float | None = None, *, lanes: Iterable[str] | None = None) -> bool:
        """Try everything that is queued now once; whether nothing of it is left.

        A lane stops at its first failure that may pass; its events stay queued and are retried in
        the background. From inside a callback of ours it only starts the work.
        """
        names = list(self._setups if lanes is None else lanes)
        with self._lock:
            flush = self._batcher.flush(self._clock.monotonic(), names)
            self._wake(names)
        if not self._driver.is_worker():
            self._work_until(lambda: self._batcher.is_settled(flush), names, timeout)
        with self._lock:
            return self._batcher.has_reached(flush)

    def shutdown(self, timeout: float = SHUTDOWN_TIMEOUT, *, discard: bool = False) -> bool:
        """Take no more events, deliver the rest within ``timeout``, stop; whether all went out.

        What is left then is dropped and reported, or kept by the spool. ``discard`` drops
        everything at once instead. A second call waits for the first. From inside a callback of
        ours the work is done by a helper thread, and False comes back at once.
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
            self._closed.wait(timeout)
        return self._drained

    def _finish(self, timeout: float, *, discard: bool) -> None:
        names = list(self._setups)
        if not discard:
            with self._lock:
                self._batcher.close(self._clock.monotonic())
                self._wake(names)
            self._drained = self._work_until(lambda: not self._batcher.pending, names, timeout)
        with self._lock:
            reason = DropReason.DISCARDED if discard else DropReason.SHUTDOWN
            actions = self._batcher.give_up(reason, self._never_kept if discard else self._is_kept)
            self._settle(actions)
            self._progress.notify_all()
            self._driver.stop()
        self._tell_leftovers(actions, timeout, is_wanted=discard)
        self._close_ends(discard=discard)
        self._closed.set()

    def _tell_leftovers(
        self, actions: Iterable[Action], timeout: float, *, is_wanted: bool
    ) -> None:
        lost = sum(len(action.events) for action in actions if isinstance(action, Dropped))
        kept = sum(action.count for action in actions if isinstance(action, Kept))
        if lost and not is_wanted:
            logger.critical("shutdown: %d events were not delivered in %g s", lost, timeout)
        if kept:
            logger.warning("shutdown: %d events stay on disk for the next process", kept)
        for action in actions:
            self._reporter.report(action)

    def _close_ends(self, *, discard: bool) -> None:
        for setup in self._setups.values():
            try:
                setup.sink.close()
                if setup.spool is not None:
                    (setup.spool.clear if discard else setup.spool.close)()
            except Exception:
                logger.exception("a sink could not be closed")

    def _is_kept(self, lane: str, event: Event) -> bool:
        spool = self._setups[lane].spool
        return spool is not None and spool.holds(event)

    def _never_kept(self, _lane: str, _event: Event) -> bool:
        return False

    def _wake(self, lanes: Iterable[str]) -> None:
        for lane in lanes:
            if self._batcher.lanes[lane].pending:
                self._driver.wake(lane)

    def _work_until(
        self, is_done: Callable[[], bool], lanes: list[str], timeout: float | None
    ) -> bool:
        """Wait for the workers, and do the work of lanes that have none; whether it got done."""
        deadline = None if timeout is None else self._clock.monotonic() + timeout
        while True:
            with self._lock:
                if is_done():
                    return True
                left = _WATCH_SECONDS if deadline is None else deadline - self._clock.monotonic()
                if left <= 0:
                    return False
                mine = [lane for lane in lanes if self._is_mine(lane)]
                waits = [wait for lane in mine if (wait := self._wait_of(lane)) is not None]
                if not mine:
                    self._progress.wait(min(left, _WATCH_SECONDS))
                    continue
            if not any([self.step(lane, timeout=left if timeout else None) for lane in mine]):
                self._driver.pause(min([left, _WATCH_SECONDS, *waits]))

    def _is_mine(self, lane: str) -> bool:
        return bool(self._batcher.lanes[lane].pending) and not self._driver.drives(lane)

    # What is going on.

    def pending_count(self) -> int:
        """Accepted events that are neither delivered nor given up: queued, in a batch, on disk."""
        with self._lock:
            return self._batcher.pending

    def counters(self) -> Counters:
        """A snapshot of the counts, all taken at one moment."""
        with self._lock:
            return self._batcher.counters()

    @property
    def is_closed(self) -> bool:
        """Whether events are no longer accepted."""
        return self._is_closing

    # The process.

    def after_fork(self) -> None:
        """In the child: the parent's events, threads and files are the parent's."""
        was_closing = self._is_closing
        self._driver.forget()
        self._start_anew()
        for setup in self._setups.values():
            if setup.spool is not None:
                setup.spool.after_fork()
        if was_closing:
            self._batcher.close(self._clock.monotonic())
            self._is_closing = self._drained = True
            self._closed.set()

    def at_exit(self, timeout: float) -> None:
        """Deliver what can be delivered in ``timeout`` seconds."""
        if not self._is_closing:
            self.shutdown(timeout)

    def _open_spools(self) -> None:
        for lane, setup in self._setups.items():
            if setup.spool is None:
                continue
            try:
                inherited = setup.spool.open()
            except SpoolError as error:
                self._reporter.trouble("spool", f"events are kept in memory only: {error}")
                continue
            if inherited:
                self._batcher.adopt(lane, inherited, self._clock.monotonic())
                self._driver.wake(lane)


def _interrupted() -> Outcome:
    return Outcome(Verdict.RETRY, TransportError("the delivery was interrupted"))


def _refusal(event: Event, lane: str, reason: DropReason, limits: LaneLimits) -> TransportError:
    if reason is DropReason.TOO_LARGE:
        return EventTooLargeError(
            f"event {event.name!r} has {len(event.body)} bytes, at most {limits.max_event_bytes}"
            f" are allowed in lane {lane!r}"
        )
    if reason is DropReason.QUEUE_FULL:
        return QueueFullError(
            f"the queue of lane {lane!r} is full ({limits.max_queue_size} events)"
        )
    return TransportError("the client is shut down")
