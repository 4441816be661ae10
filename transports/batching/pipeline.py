"""The pipeline: takes events, and delivers each event once and in order, or reports it as lost.

The pipeline decides nothing itself. Its queues decide what to send and when, its sinks judge
responses, its driver decides which thread does the work; ``intake`` takes events, and ``work`` has the steps.

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
import time
from collections.abc import Callable, Iterable, Mapping

from .. import fork_and_exit
from ..abandonment import is_abandoned
from ..application_errors import application_errors, log_error
from ..clock import Clock, guarded
from ..errors import InvalidEventError
from ..option_values.quantities import read_timeout
from .announcements import Announcer, OnError
from .batch import DropReason, QueueAction
from .drivers import Driver, ManualDriver, ThreadDriver
from .event import Event, make_event, unmade_event
from .intake import EVENTS_LANE, LaneIntake
from .queue import EventQueue, FlushGoal
from .reports import OnAction
from .work import REQUEST_TIMEOUT, LaneSetup

__all__ = ["EVENTS_LANE", "REQUEST_TIMEOUT", "EventPipeline", "LaneSetup"]

logger: logging.Logger = logging.getLogger("flagengine.events")

SHUTDOWN_TIMEOUT = 30.0
# Seconds for which ``flush`` and ``deliver`` wait for callbacks, at least and at most, and for which
# ``shutdown`` waits for them beyond its timeout.
_CALLBACK_SECONDS = 5.0
_MIN_CALLBACK_SECONDS = 0.1
_LAST_CALLBACK_SECONDS = 1.0


def _always() -> bool:
    return True


class EventPipeline(LaneIntake):
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
        is_heard: Callable[[], bool] = _always,
    ) -> None:
        """Begin; ``is_heard`` says whether ``on_error`` needs to be called at all."""
        worker = driver or ThreadDriver()
        has_thread = not isinstance(worker, ManualDriver)
        announcer = Announcer(on_error, has_thread=has_thread, is_wanted=is_heard)
        super().__init__(lanes, guarded(clock), worker, announcer, on_action)
        worker.attach(self)
        self._recover()
        fork_and_exit.watch(self)

    def _start_anew(self) -> None:
        super()._start_anew()
        self._is_closing = False
        self._is_drained = False
        self._is_closed = threading.Event()

    def capture(self, message: Mapping[str, object], *, lane: str = EVENTS_LANE) -> str | None:
        """Push the event of a message (see ``make_event``); refuse an invalid message."""
        try:
            event = make_event(message, clock=self._clock, warn=logger.warning)
        except InvalidEventError as error:
            lost = unmade_event(message, clock=self._clock)
            self.refuse(lost, DropReason.INVALID, error, lane=lane)
            return None
        return self.push(event, lane=lane)

    def deliver(
        self, event: Event, *, lane: str = EVENTS_LANE, timeout: float | None = None
    ) -> bool:
        """Queue an event and send it at once; return whether it was delivered.

        After a temporary failure the event stays queued, and may still be delivered later.
        """
        limit = read_timeout(timeout)
        with self._lock:
            awaited = self._awaited.add(event)
        try:
            if self.push(event, lane=lane) is not None:
                self._flush([lane], limit)
        finally:
            with self._lock:
                self._awaited.remove(awaited)
        if not awaited.is_delivered:
            self._wait_until_told(_CALLBACK_SECONDS)
        return bool(awaited.is_delivered)

    def tick(self) -> int:
        """Send the due batches in the calling thread; return their number."""
        return sum(self.step(lane) for lane in self._lanes)

    def flush(self, timeout: float | None = None, *, lanes: Iterable[str] | None = None) -> bool:
        """Try once to send all events that are queued now; return whether all went well.

        That is: none of these events is left, and no event was lost since the last flush. A loss is
        an event that was refused or dropped for whatever reason; flushes at the same time all
        answer for it. ``on_error`` has been told of it, unless it takes more than some seconds.

        A lane stops at its first temporary failure; its events stay queued and are retried in the
        background. In a callback of the pipeline, ``flush`` only starts the work, and the next
        flush answers for the losses as well.
        """
        limit = read_timeout(timeout)
        until = time.monotonic() + limit
        with self._lock:
            answered = self._answered
        names = list(self._lanes if lanes is None else lanes)
        goals = self._flush(names, limit)
        with self._lock:
            is_empty = all(queue.has_reached(goal) for queue, goal in goals)
            lost = self._count_lost()
        left = until - time.monotonic()
        self._wait_until_told(min(max(left, _MIN_CALLBACK_SECONDS), _CALLBACK_SECONDS))
        with self._lock:
            # Nobody hears the answer of an abandoned call, so the next flush must give it.
            if not self._is_called_back() and not is_abandoned():
                self._answered = max(self._answered, lost)
        return is_empty and lost == answered

    def _is_called_back(self) -> bool:
        return self.is_worker() or self._announcer.is_current()

    def _flush(self, names: list[str], timeout: float) -> list[tuple[EventQueue, FlushGoal]]:
        with self._lock:
            now = self._clock.monotonic()
            queues = [self._queues[name] for name in names]
            goals = [(queue, queue.flush(now)) for queue in queues]
            self._wake(names)
        if not self.is_worker():
            self._work_until(
                lambda: is_abandoned() or all(queue.is_settled(goal) for queue, goal in goals),
                names,
                timeout,
            )
        return goals

    def shutdown(self, timeout: float | None = SHUTDOWN_TIMEOUT, *, discard: bool = False) -> bool:
        """Refuse new events, deliver the others within ``timeout``; return whether all were delivered.

        The result is also False if an event was lost since the last flush. Events that are left at
        the timeout are dropped and reported, or kept by the spool. With ``discard``, all events are
        dropped at once. A second call waits for the first. In a callback of the pipeline,
        ``shutdown`` returns False at once, and another thread does the work.
        """
        limit = read_timeout(timeout)
        if self.is_worker():
            threading.Thread(
                target=self.shutdown,
                args=(limit,),
                kwargs={"discard": discard},
                name="flagengine-shutdown",
                daemon=True,
            ).start()
            return False
        with self._lock:
            is_first, self._is_closing = not self._is_closing, True
        if is_first:
            self._finish(limit, discard=discard)
        else:
            self._is_closed.wait(limit)
        return self._is_drained

    def _finish(self, timeout: float, *, discard: bool) -> None:
        try:
            is_empty = not discard and self._drain(timeout)
            with self._lock:
                actions = self._give_up(DropReason.DISCARDED if discard else DropReason.SHUTDOWN)
                self._driver.stop()
                self._is_drained = is_empty and self._count_lost() == self._answered
            if not discard:
                self._reporter.leftovers(actions, timeout)
            self._report(actions)
            self._wait_until_told(min(max(timeout, _MIN_CALLBACK_SECONDS), _LAST_CALLBACK_SECONDS))
            self._reporter.close()
            self._close_sinks(discard=discard)
        finally:
            self._is_closed.set()

    def _drain(self, timeout: float) -> bool:
        with self._lock:
            for queue in self._queues.values():
                queue.close(self._clock.monotonic())
            self._wake(self._lanes)
        return self._work_until(lambda: not self.pending_count(), self._lanes, timeout)

    def _give_up(self, reason: DropReason) -> list[QueueAction]:
        """Drop all events that no spool keeps. The caller holds the lock."""
        actions: list[QueueAction] = []
        for name, queue in self._queues.items():
            spool = None if reason is DropReason.DISCARDED else self._spools.get(name)
            if spool is None:
                actions += queue.give_up(reason)
                continue
            actions += [*spool.mend(), *spool.verify(), *queue.give_up(reason, spool.holds)]
        self._settle(actions)
        return actions

    def _close_sinks(self, *, discard: bool) -> None:
        for lane in self._lanes.values():
            try:
                lane.sink.close()
                if lane.spool is not None:
                    (lane.spool.clear if discard else lane.spool.close)()
            except application_errors():
                log_error(logger, "closing a sink failed")

    def after_fork(self) -> None:
        """Start anew in the child of a fork; the parent keeps its events, threads and files."""
        was_closing = self._is_closing
        self._driver.forget()
        self._announcer.after_fork()
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
        self.shutdown(timeout)
