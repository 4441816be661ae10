"""A daemon thread that loads definitions: started at the first use, and again in a forked child.

The thread calls the loader's ``tick`` when a load is due, and decides nothing. It references the
loader weakly, so it ends when the loader is garbage-collected without a shutdown.
"""

from __future__ import annotations

import logging
import sys
import threading
import weakref
from typing import ClassVar

from ..application_errors import log_error
from .poll_driver import Ticking

__all__ = ["ThreadPollDriver"]

_log = logging.getLogger("flagengine.definitions")

LONGEST_WAIT = 3600.0
# Seconds, so that a failure that repeats does not keep a processor busy.
_PAUSE_AFTER_FAILURE = 0.1


class ThreadPollDriver:
    """A driver that keeps one loader up to date in the background."""

    works_in_background: ClassVar[bool] = True

    def __init__(self) -> None:
        self._thread: threading.Thread | None
        self._lacks_thread = False
        self.forget()

    def attach(self, loader: Ticking) -> None:
        """Take the loader to drive."""
        self._loader = weakref.ref(loader)
        # A garbage-collected loader wakes its thread, which then ends.
        weakref.finalize(loader, self.wake).atexit = False

    def start(self) -> bool:
        """Start the thread, unless it runs or the loader was stopped; return whether that went well."""
        loader = self._loader()
        with self._lock:
            is_running = self._thread is not None and self._thread.is_alive()
            if is_running or loader is None or loader.is_stopped:
                return True
            thread = threading.Thread(
                target=_run,
                args=(self._loader, self._wake),
                name="flagengine-definitions",
                daemon=True,
            )
            try:
                thread.start()
            except RuntimeError:
                return self._has_no_thread(loader)
            self._lacks_thread = False
            self._thread = thread
            return True

    def _has_no_thread(self, loader: Ticking) -> bool:
        """Note that Python cannot start a thread; return whether it never will."""
        if sys.is_finalizing():
            loader.stop()
            return True
        if not self._lacks_thread:
            self._lacks_thread = True
            _log.warning("could not start a thread: the next use of flags tries again to load them")
        return False

    def wake(self) -> None:
        """Make the thread call ``tick`` now."""
        self._wake.set()

    def stop(self, timeout: float) -> None:
        """Wake the thread, which then ends; wait for it for at most `timeout` seconds."""
        with self._lock:
            thread = self._thread
        self._wake.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)

    def forget(self) -> None:
        """Renew the lock in a forked child and forget the thread; the next use starts another."""
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread = None


def _run(reference: weakref.ref[Ticking], wake: threading.Event) -> None:
    while True:
        try:
            wake.clear()
            loader = reference()
            if loader is None or loader.is_stopped:
                return
            delay = loader.tick()
            del loader
            wake.wait(LONGEST_WAIT if delay is None else min(delay, LONGEST_WAIT))
        except BaseException:  # noqa: BLE001 - otherwise nothing would be loaded any more
            log_error(_log, "The thread of flag definitions was interrupted and goes on")
            wake.wait(_PAUSE_AFTER_FAILURE)
