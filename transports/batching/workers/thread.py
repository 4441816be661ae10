"""A daemon thread for each lane that has something to do.

It starts when its lane gets its first event, sleeps without waking while nothing is due, and ends
after a minute without events. So an importing or idle process has no thread of ours.
"""

from __future__ import annotations

import logging
import threading
import time

from ...lifecycle import expect_exit
from .base import Steps

__all__ = ["ThreadDriver"]

logger = logging.getLogger("flagengine.events")

# Ours: long enough that a steady trickle of events keeps its thread.
IDLE_SECONDS = 60.0


class ThreadDriver:
    """See the module's text."""

    def __init__(self, *, idle_seconds: float = IDLE_SECONDS) -> None:
        self._idle_seconds = idle_seconds
        self._workers: dict[str, _Worker] = {}

    def attach(self, steps: Steps) -> None:
        """The pipeline whose lanes are to be worked on."""
        self._steps = steps

    def wake(self, lane: str) -> None:
        """Start the lane's thread, or rouse it."""
        worker = self._workers.get(lane)
        if worker is None or not worker.is_usable():
            worker = self._start(lane)
        if worker is not None:
            worker.news.set()

    def drives(self, lane: str) -> bool:
        """Whether the lane's thread runs and is not the caller."""
        worker = self._workers.get(lane)
        return worker is not None and worker.is_usable() and not worker.is_current()

    def is_worker(self) -> bool:
        """Whether the caller is one of the threads."""
        return any(worker.is_current() for worker in list(self._workers.values()))

    def pause(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)

    def stop(self) -> None:
        """End each thread when it has nothing in its hands."""
        for worker in list(self._workers.values()):
            worker.stop()

    def forget(self) -> None:
        """Threads do not survive a fork."""
        self._workers = {}

    def _start(self, lane: str) -> _Worker | None:
        expect_exit()
        worker = _Worker(self._steps, lane, self._idle_seconds)
        try:
            worker.thread.start()
        except RuntimeError:
            # Out of threads, or the interpreter is going down: flush() works without one.
            logger.warning("no thread could be started: events wait for flush() or shutdown()")
            return None
        self._workers[lane] = worker
        return worker


class _Worker:
    def __init__(self, steps: Steps, lane: str, idle_seconds: float) -> None:
        self.news = threading.Event()
        self._retired = False
        self._stopping = False
        self.thread = threading.Thread(
            target=self._run,
            args=(steps, lane, idle_seconds),
            name=f"flagengine-{lane}",
            daemon=True,
        )

    def is_usable(self) -> bool:
        return not self._retired and self.thread.is_alive()

    def is_current(self) -> bool:
        return self.thread is threading.current_thread()

    def stop(self) -> None:
        self._stopping = True
        self.news.set()

    def _run(self, steps: Steps, lane: str, idle_seconds: float) -> None:
        while not self._stopping:
            # Cleared before looking: whatever happens after the look sets it again.
            self.news.clear()
            if steps.step(lane):
                continue
            if self._stopping:
                return
            wait = steps.seconds_until_due(lane)
            roused = self.news.wait(idle_seconds if wait is None else wait)
            if wait is None and not roused and steps.retire(lane, self._retire):
                return

    def _retire(self) -> None:
        self._retired = True
