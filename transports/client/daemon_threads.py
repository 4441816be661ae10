"""A few daemon threads for calls that block, so that an event loop does not.

Started when needed, at most a given number; an idle thread ends after some seconds. Calls beyond
that number wait for their turn. The threads are daemons: a call that hangs does not keep the
program from ending.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from .. import fork_and_exit
from ..callers import settle

__all__ = ["DaemonThreads"]

MOST_THREADS = 16
IDLE_SECONDS = 10.0


class DaemonThreads:
    """Runs functions; the threads end by themselves, so there is nothing to close."""

    def __init__(self, most: int = MOST_THREADS, idle_seconds: float = IDLE_SECONDS) -> None:
        self._most = most
        self._idle_seconds = idle_seconds
        self._pending = _Pending()
        fork_and_exit.watch(self)

    def submit(self, function: Callable[[], Any]) -> Future[Any]:
        """Run `function` on a thread; its result or exception arrives in the future."""
        future: Future[Any] = Future()
        pending = self._pending
        with pending.changed:
            pending.calls.append((future, function))
            has_thread = pending.idle >= len(pending.calls) or self._start_thread(pending)
            if has_thread:
                pending.changed.notify()
                return future
            pending.calls.pop()
        # The interpreter is shutting down, or the system is out of threads.
        settle(future, function)
        return future

    def after_fork(self) -> None:
        """In a forked child: no threads, and nothing to run."""
        self._pending = _Pending()

    def at_exit(self, timeout: float) -> None:
        """Do nothing: daemon threads do not hold up the exit."""

    def _start_thread(self, pending: _Pending) -> bool:
        """Return whether a thread will take the call: a new one, or one that is at work."""
        if pending.threads < self._most:
            arguments = pending, self._idle_seconds
            thread = threading.Thread(
                target=_work, args=arguments, name="flagengine-async", daemon=True
            )
            try:
                thread.start()
            except RuntimeError:
                return pending.threads > 0
            pending.threads += 1
        return True


class _Pending:
    """The calls that wait for a thread, and the number of threads; guarded by ``changed``."""

    def __init__(self) -> None:
        self.changed = threading.Condition(threading.Lock())
        self.calls: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self.threads = 0
        self.idle = 0


def _work(pending: _Pending, idle_seconds: float) -> None:
    while True:
        with pending.changed:
            pending.idle += 1
            has_call = pending.changed.wait_for(lambda: pending.calls, idle_seconds)
            pending.idle -= 1
            if not has_call:
                pending.threads -= 1
                return
            future, function = pending.calls.popleft()
        settle(future, function)
        # A waiting thread must not keep what the last call held.
        del future, function
