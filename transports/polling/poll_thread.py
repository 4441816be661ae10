"""A daemon thread that loads definitions: started at the first use, and again in a forked child.

The thread calls the loader's ``tick`` when a load is due, and decides nothing. It references the
loader weakly, so it ends when the loader is garbage-collected without a shutdown.
"""

from __future__ import annotations

import threading
import weakref
from typing import ClassVar

from .poll_driver import Ticking

__all__ = ["ThreadPollDriver"]

LONGEST_WAIT = 3600.0


class ThreadPollDriver:
    """A driver that keeps one loader up to date in the background."""

    works_in_background: ClassVar[bool] = True

    def __init__(self) -> None:
        self._thread: threading.Thread | None
        self.forget()

    def attach(self, loader: Ticking) -> None:
        """Take the loader to drive."""
        self._loader = weakref.ref(loader)
        # A garbage-collected loader wakes its thread, which then ends.
        weakref.finalize(loader, self.wake).atexit = False

    def start(self) -> None:
        """Start the thread, unless it was started or the loader was stopped."""
        loader = self._loader()
        with self._lock:
            if self._thread is not None or loader is None or loader.is_stopped:
                return
            thread = threading.Thread(
                target=_run,
                args=(self._loader, self._wake),
                name="flagengine-definitions",
                daemon=True,
            )
            try:
                thread.start()
            except RuntimeError:
                # Python cannot start threads while the interpreter shuts down.
                loader.stop()
                return
            self._thread = thread

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
        wake.clear()
        loader = reference()
        if loader is None or loader.is_stopped:
            return
        delay = loader.tick()
        del loader
        wake.wait(LONGEST_WAIT if delay is None else min(delay, LONGEST_WAIT))
