"""The drivers of a pipeline: daemon threads, or the caller.

A ``ThreadDriver`` runs a thread for each lane that has work. The thread starts with the lane's
first event, sleeps while nothing is due, and ends after a minute without events. So a process that
only imports the package, or is idle, has no such thread.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

from ..application_errors import log_error
from ..fork_and_exit import expect_exit

__all__ = ["Drivable", "Driver", "ManualDriver", "ThreadDriver"]

logger: logging.Logger = logging.getLogger("flagengine.events")

# Long enough that a slow but steady stream of events keeps its thread.
IDLE_SECONDS = 60.0
# Seconds, so that a failure that repeats does not keep a processor busy.
_PAUSE_AFTER_FAILURE = 0.1


class Drivable(Protocol):
    """The pipeline as its driver sees it. Safe to use from any thread."""

    def step(self, lane: str) -> bool:
        """Send a batch of the lane if a batch is due; return whether a batch was due."""
        ...

    def seconds_until_due(self, lane: str) -> float | None:
        """Return the seconds until the lane is due; None: not before ``wake`` is called."""
        ...

    def retire(self, lane: str, on_retire: Callable[[], None]) -> bool:
        """If the lane is empty, call ``on_retire`` while pushes are locked out; return whether it is."""
        ...


class Driver(Protocol):
    """A driver, which calls ``step`` when a lane is due."""

    def attach(self, pipeline: Drivable) -> None:
        """Take the pipeline to drive. Called once, before any other method."""
        ...

    def wake(self, lane: str) -> None:
        """Note that the lane is due earlier than before.

        Called with the pipeline's lock held, so it must not wait.
        """
        ...

    def drives(self, lane: str) -> bool:
        """Return whether a worker, and not the caller, sends the lane's batches."""
        ...

    def is_worker(self) -> bool:
        """Return whether the caller runs on a worker of this driver, as a callback does."""
        ...

    def pause(self, seconds: float) -> None:
        """Make the calling thread wait."""
        ...

    def stop(self) -> None:
        """Make the workers end, because no more events will come; do not wait for them."""
        ...

    def forget(self) -> None:
        """Forget the workers in the child of a fork, where their threads do not run."""
        ...


class ManualDriver:
    """A driver without workers: the caller sends, with ``tick()``, ``flush()`` and ``shutdown()``.

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
    """A driver with a daemon thread per lane, which ends after ``idle_seconds`` without events."""

    def __init__(self, *, idle_seconds: float = IDLE_SECONDS) -> None:
        self._idle_seconds = idle_seconds
        self._workers: dict[str, _Worker] = {}
        self._lacks_thread = False

    def attach(self, pipeline: Drivable) -> None:
        """Take the pipeline to drive."""
        self._pipeline = pipeline

    def wake(self, lane: str) -> None:
        """Start the lane's thread, or wake it up."""
        worker = self._workers.get(lane)
        if worker is None or not worker.is_usable():
            worker = self._start(lane)
        if worker is not None:
            worker.wakeup.set()

    def drives(self, lane: str) -> bool:
        """Return whether the lane's thread runs and is not the calling thread."""
        worker = self._workers.get(lane)
        return worker is not None and worker.is_usable() and not worker.is_current()

    def is_worker(self) -> bool:
        """Return whether the caller runs on a thread of this driver."""
        return any(worker.is_current() for worker in list(self._workers.values()))

    def pause(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)

    def stop(self) -> None:
        """Make each thread end after its current delivery."""
        for worker in list(self._workers.values()):
            worker.stop()

    def forget(self) -> None:
        """Forget the threads, which do not survive a fork."""
        self._workers = {}

    def _start(self, lane: str) -> _Worker | None:
        expect_exit()
        worker = _Worker(self._pipeline, lane, self._idle_seconds)
        try:
            worker.thread.start()
        except RuntimeError:
            # The limit of threads is reached, or the interpreter is shutting down.
            if not self._lacks_thread:
                self._lacks_thread = True
                logger.warning("could not start a thread: events wait for flush() or shutdown()")
            return None
        self._lacks_thread = False
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
            try:
                if self._is_done(pipeline, lane, idle_seconds):
                    return
            except BaseException:  # noqa: BLE001
                # Even SystemExit from an application's sink: the lane's events must not be stuck.
                log_error(logger, "the worker of lane %r was interrupted and goes on", lane)
                self.wakeup.wait(_PAUSE_AFTER_FAILURE)

    def _is_done(self, pipeline: Drivable, lane: str, idle_seconds: float) -> bool:
        """Send a batch, or wait for one; return whether the thread must end."""
        # Clear before the lane is checked, so that an event that comes later sets it again.
        self.wakeup.clear()
        if pipeline.step(lane):
            return False
        if self._stopping:
            return True
        wait = pipeline.seconds_until_due(lane)
        is_woken = self.wakeup.wait(idle_seconds if wait is None else wait)
        return wait is None and not is_woken and pipeline.retire(lane, self._retire)

    def _retire(self) -> None:
        self._retired = True
