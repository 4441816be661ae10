"""The entry to event capture: push events in, they are delivered once, in order, or accounted for.

The pipeline decides nothing itself: what to send when is the batcher's, what an answer means is
delivery's, carrying it out is the carrier's, and who does the work is the driver's.

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

from .. import lifecycle
from ..clock import Clock, SystemClock
from ..errors import EventTooLargeError, InvalidEventError, QueueFullError, TransportError
from .batch import Action, Admission, Dropped, DropReason, Kept
from .batcher import Counters
from .carrier import Carrier
from .event import Event, make_event
from .limits import LaneLimits, Overflow
from .reports import OnAction, OnError, Reporter
from .setup import LaneSetup
from .workers.base import Driver, ManualDriver
from .workers.thread import ThreadDriver

__all__ = ["EVENTS_LANE", "EventPipeline", "LaneSetup", "ManualDriver"]

logger = logging.getLogger("flagengine.events")

EVENTS_LANE = "events"
# transports contract 1.22: seconds.
SHUTDOWN_TIMEOUT = 30.0
# Ours: how often a waiting flush looks whether its worker is still alive.
_WATCH_SECONDS = 1.0


class EventPipeline:
    """All methods may be called from any thread.

    None raises because of I/O or of an event's data; only with ``overflow="raise"`` does ``push``
    raise ``QueueFullError``.
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
        self._setups = dict(lanes)
        self._clock = clock or SystemClock()
        self._driver = driver or ThreadDriver()
        self._reporter = Reporter(on_error, on_action)
        self._carrier = Carrier(self._setups, self._clock, self._reporter)
        self._driver.attach(self)
        self._start_anew()
        with self._carrier.lock:
            for lane in self._setups:
                if self._carrier.inherit(lane):
                    self._driver.wake(lane)
        lifecycle.watch(self)

    def _start_anew(self) -> None:
        self._is_closing = False
        self._is_drained = False
        self._is_closed = threading.Event()

    # Events in.

    def capture(self, message: Mapping[str, object], *, lane: str = EVENTS_LANE) -> str | None:
        """``push`` of a message (see ``make_event``); an invalid one is logged and dropped."""
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
        with self._carrier.lock:
            admission = self._admit(event, lane)
            if admission.wake:
                self._driver.wake(lane)
        if admission.evicted:
            self._reporter.report(Dropped(lane, (admission.evicted,), DropReason.EVICTED))
        if admission.reason:
            self._refuse(event, lane, admission.reason)
            return None
        return event.uuid

    def deliver(
        self, event: Event, *, lane: str = EVENTS_LANE, timeout: float | None = None
    ) -> bool:
        """Queue one event and try at once; whether it was delivered.

        After a failure that may pass it stays queued: it may still arrive later.
        """
        fates = self._carrier.fates
        fates[event.uuid] = None
        try:
            if self.push(event, lane=lane) is None:
                return False
            self.flush(timeout, lanes=[lane])
            return fates[event.uuid] is True
        finally:
            del fates[event.uuid]

    def _admit(self, event: Event, lane: str) -> Admission:
        batcher, limits = self._carrier.batcher, self._setups[lane].limits
        stored = self._carrier.store(event, lane)
        admission = batcher.push(lane, event, self._clock.monotonic(), stored=stored)
        if admission.reason is DropReason.QUEUE_FULL and limits.overflow is Overflow.BLOCK:
            self._wait_for_room(lane, limits.block_timeout)
            admission = batcher.push(lane, event, self._clock.monotonic())
        if admission.reason:
            batcher.refuse(admission.reason)
        return admission

    def _wait_for_room(self, lane: str, timeout: float) -> None:
        # Where nobody but the caller could make room, there is nothing to wait for.
        if self._driver.drives(lane):
            machine = self._carrier.batcher.lanes[lane]
            self._carrier.progress.wait_for(lambda: not machine.is_full, timeout)

    def _refuse(self, event: Event, lane: str, reason: DropReason) -> None:
        limits = self._setups[lane].limits
        error = _refusal(event, lane, reason, limits)
        self._reporter.refused(lane, event, error, reason)
        if reason is DropReason.QUEUE_FULL and limits.overflow is Overflow.RAISE:
            raise error

    # Events out.

    def tick(self) -> int:
        """Send what is due, in the calling thread; how many batches that were."""
        return sum(self.step(lane) for lane in self._setups)

    def step(self, lane: str) -> bool:
        """Send one batch of the lane if one is due; whether one was. For drivers."""
        return self._carrier.step(lane)

    def seconds_until_due(self, lane: str) -> float | None:
        """How long the lane can wait; None: until it is woken. For drivers."""
        with self._carrier.lock:
            return self._carrier.wait_of(lane)

    def retire(self, lane: str, farewell: Callable[[], None]) -> bool:
        """Call ``farewell`` if the lane is empty, while no event can come in. For drivers."""
        return self._carrier.retire(lane, farewell)

    # Flush and shutdown.

    def flush(self, timeout: float | None = None, *, lanes: Iterable[str] | None = None) -> bool:
        """Try everything that is queued now once; whether nothing of it is left.

        A lane stops at its first failure that may pass; its events stay queued and are retried in
        the background. From inside a callback of ours it only starts the work.
        """
        names = list(self._setups if lanes is None else lanes)
        batcher = self._carrier.batcher
        with self._carrier.lock:
            flush = batcher.flush(self._clock.monotonic(), names)
            self._wake(names)
        if not self._driver.is_worker():
            self._work_until(lambda: batcher.is_settled(flush), names, timeout)
        with self._carrier.lock:
            return batcher.has_reached(flush)

    def shutdown(self, timeout: float = SHUTDOWN_TIMEOUT, *, discard: bool = False) -> bool:
        """Take no more events, deliver the rest within ``timeout``, stop; whether all went out.

        What is left then is dropped and reported, or kept by the spool. ``discard`` drops
        everything at once instead. A second call waits for the first. From inside a callback of
        ours the work is done by a helper thread, and False comes back at once.
        """
        if self._driver.is_worker():
            self._shut_down_elsewhere(timeout, discard=discard)
            return False
        with self._carrier.lock:
            is_first, self._is_closing = not self._is_closing, True
        if is_first:
            self._finish(timeout, discard=discard)
        else:
            self._is_closed.wait(timeout)
        return self._is_drained

    def _shut_down_elsewhere(self, timeout: float, *, discard: bool) -> None:
        threading.Thread(
            target=self.shutdown,
            args=(timeout,),
            kwargs={"discard": discard},
            name="flagengine-shutdown",
            daemon=True,
        ).start()

    def _finish(self, timeout: float, *, discard: bool) -> None:
        if not discard:
            self._is_drained = self._drain(timeout)
        with self._carrier.lock:
            reason = DropReason.DISCARDED if discard else DropReason.SHUTDOWN
            actions = self._carrier.give_up(reason)
            self._driver.stop()
        if not discard:
            _tell_leftovers(actions, timeout)
        for action in actions:
            self._reporter.report(action)
        self._close_ends(discard=discard)
        self._is_closed.set()

    def _drain(self, timeout: float) -> bool:
        names = list(self._setups)
        batcher = self._carrier.batcher
        with self._carrier.lock:
            batcher.close(self._clock.monotonic())
            self._wake(names)
            lost = sum(batcher.counters().dropped.values())
        is_empty = self._work_until(lambda: not batcher.pending, names, timeout)
        return is_empty and lost == sum(self.counters().dropped.values())

    def _close_ends(self, *, discard: bool) -> None:
        for setup in self._setups.values():
            try:
                setup.sink.close()
                if setup.spool is not None:
                    (setup.spool.clear if discard else setup.spool.close)()
            except Exception:
                logger.exception("a sink could not be closed")

    def _wake(self, lanes: Iterable[str]) -> None:
        for lane in lanes:
            if self._carrier.batcher.lanes[lane].pending:
                self._driver.wake(lane)

    def _work_until(
        self, is_done: Callable[[], bool], lanes: list[str], timeout: float | None
    ) -> bool:
        """Wait for the workers, and do the work of lanes that have none; whether it got done."""
        start = self._clock.monotonic()
        while True:
            with self._carrier.lock:
                if is_done():
                    return True
                left = None if timeout is None else start + timeout - self._clock.monotonic()
                if left is not None and left <= 0:
                    return False
                pause = _WATCH_SECONDS if left is None else min(left, _WATCH_SECONDS)
                mine = [lane for lane in lanes if self._is_mine(lane)]
                if not mine:
                    self._carrier.progress.wait(pause)
                    continue
                waits = [wait for lane in mine if (wait := self._carrier.wait_of(lane)) is not None]
            if not sum(self._carrier.step(lane, left) for lane in mine):
                self._driver.pause(min([pause, *waits]))

    def _is_mine(self, lane: str) -> bool:
        return bool(self._carrier.batcher.lanes[lane].pending) and not self._driver.drives(lane)

    def is_worker(self) -> bool:
        """Whether the caller is one of our own workers, in a callback say: it must not wait."""
        return self._driver.is_worker()

    # What is going on.

    def pending_count(self) -> int:
        """Accepted events that are neither delivered nor given up: queued, in a batch, on disk."""
        with self._carrier.lock:
            return self._carrier.batcher.pending

    def counters(self) -> Counters:
        """A snapshot of the counts, all taken at one moment."""
        with self._carrier.lock:
            return self._carrier.batcher.counters()

    @property
    def is_closed(self) -> bool:
        """Whether events are no longer accepted."""
        return self._is_closing

    # The process.

    def after_fork(self) -> None:
        """In the child: the parent's events, threads and files are the parent's."""
        was_closing = self._is_closing
        self._driver.forget()
        self._carrier.start_anew()
        self._start_anew()
        for setup in self._setups.values():
            if setup.spool is not None:
                setup.spool.after_fork()
        if was_closing:
            self._carrier.batcher.close(self._clock.monotonic())
            self._is_closing = self._is_drained = True
            self._is_closed.set()

    def at_exit(self, timeout: float) -> None:
        """Deliver what can be delivered in ``timeout`` seconds."""
        if not self._is_closing:
            self.shutdown(timeout)


def _tell_leftovers(actions: Iterable[Action], timeout: float) -> None:
    lost = sum(len(action.events) for action in actions if isinstance(action, Dropped))
    kept = sum(action.count for action in actions if isinstance(action, Kept))
    if lost:
        logger.critical("shutdown: %d events were not delivered in %g s", lost, timeout)
    if kept:
        logger.warning("shutdown: %d events stay on disk for the next process", kept)


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
