"""Who carries out the work of a pipeline: daemon threads, or the caller.

A ``ThreadDriver`` has a thread for each lane that has something to do. The thread starts with its
lane's first event, sleeps without waking while nothing is due, and ends after a minute without
events. So a process that only imports the package, or is idle, has no such thread.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

from ..fork_and_exit import expect_exit

__all__ = ["Drivable", "Driver", "ManualDriver", "ThreadDriver"]

logger = logging.getLogger("flagengine.events")

# Long enough that a steady trickle of events keeps its thread.
IDLE_SECONDS = 60.0


class Drivable(Protocol):
    """The pipeline, as a driver sees it. All methods may be called from any thread."""

    def step(self, lane: str) -> bool:
        """Send one batch of the lane if one is due; return whether one was."""
        ...

    def seconds_until_due(self, lane: str) -> float | None:
        """How long the lane can wait (0: not at all); None: until it is woken."""
        ...

    def retire(self, lane: str, on_retire: Callable[[], None]) -> bool:
        """Call ``on_retire`` if the lane is empty, while no event can come in; return whether."""
        ...


class Driver(Protocol):
    """Calls ``step`` when a lane is due."""

    def attach(self, pipeline: Drivable) -> None:
        """Take the pipeline whose lanes are to be driven. Called once, before anything else."""
        ...

    def wake(self, lane: str) -> None:
        """The lane is due, or due earlier. Called with the pipeline's lock held: must not wait."""
        ...

    def drives(self, lane: str) -> bool:
        """Whether a worker, and not the caller, will carry out the lane's steps."""
        ...

    def is_worker(self) -> bool:
        """Whether the caller runs on one of this driver's workers, as a callback does."""
        ...

    def pause(self, seconds: float) -> None:
        """Make the calling thread wait."""
        ...

    def stop(self) -> None:
        """Let the workers end, without waiting for them: no more events will come."""
        ...

    def forget(self) -> None:
        """In the child of a fork: the workers are gone."""
        ...


class ManualDriver:
    """No workers: the caller does the work with ``tick()``, ``flush()`` and ``shutdown()``.

    For tests, and for functions that are frozen between two requests.
    """

    def attach(self, pipeline: Drivable) -> None:
        """No-op: there are no workers."""

    def wake(self, lane: str) -> None:
        """No-op: there are no workers."""

    def drives(self, lane: str) -> bool:  # noqa: ARG002
        """Return False."""
        return False

    def is_worker(self) -> bool:
        """Return False."""
        return False

    def pause(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)

    def stop(self) -> None:
        """No-op: there are no workers."""

    def forget(self) -> None:
        """No-op: there are no workers."""


class ThreadDriver:
    """A daemon thread for each lane, ended after ``idle_seconds`` without events."""

    def __init__(self, *, idle_seconds: float = IDLE_SECONDS) -> None:
        self._idle_seconds = idle_seconds
        self._workers: dict[str, _Worker] = {}

    def attach(self, pipeline: Drivable) -> None:
        """Take the pipeline whose lanes are to be driven."""
        self._pipeline = pipeline

    def wake(self, lane: str) -> None:
        """Start the lane's thread, or wake it up."""
        worker = self._workers.get(lane)
        if worker is None or not worker.is_usable():
            worker = self._start(lane)
        if worker is not None:
            worker.wakeup.set()

    def drives(self, lane: str) -> bool:
        """Whether the lane's thread runs and is not the calling thread."""
        worker = self._workers.get(lane)
        return worker is not None and worker.is_usable() and not worker.is_current()

    def is_worker(self) -> bool:
        """Whether the calling thread is one of the threads."""
        return any(worker.is_current() for worker in list(self._workers.values()))

    def pause(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)

    def stop(self) -> None:
        """End each thread as soon as its current delivery is over."""
        for worker in list(self._workers.values()):
            worker.stop()

    def forget(self) -> None:
        """Forget the threads: they do not survive a fork."""
        self._workers = {}

    def _start(self, lane: str) -> _Worker | None:
        expect_exit()
        worker = _Worker(self._pipeline, lane, self._idle_seconds)
        try:
            worker.thread.start()
        except RuntimeError:
            # Out of threads, or the interpreter is shutting down: flush() works without a thread.
            logger.warning("no thread could be started: events wait for flush() or shutdown()")
            return None
        self._workers[lane] = worker
        return worker


class _Worker:
    def __init__(self, pipeline: Drivable, lane: str, idle_seconds: float) -> None:
        self.wakeup = threading.Event()
        self._retired = False
        self._stopping = False
        self.thread = threading.Thread(
            target=self._run,
            args=(pipeline, lane, idle_seconds),
            name=f"flagengine-{lane}",
            daemon=True,
        )

    def is_usable(self) -> bool:
        return not self._retired and self.thread.is_alive()

    def is_current(self) -> bool:
        return self.thread is threading.current_thread()

    def stop(self) -> None:
        self._stopping = True
        self.wakeup.set()

    def _run(self, pipeline: Drivable, lane: str, idle_seconds: float) -> None:
        while not self._stopping:
            # Cleared before the lane is looked at: whatever happens afterwards sets it again.
            self.wakeup.clear()
            if pipeline.step(lane):
                continue
            if self._stopping:
                return
            wait = pipeline.seconds_until_due(lane)
            is_woken = self.wakeup.wait(idle_seconds if wait is None else wait)
            if wait is None and not is_woken and pipeline.retire(lane, self._retire):
                return

    def _retire(self) -> None:
        self._retired = True
