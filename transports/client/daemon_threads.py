"""A pool of a few daemon threads for blocking calls, so that they do not block an event loop.

Threads start when they are needed, up to a limit, and end after some idle seconds. Further calls
wait until a thread is free. Because the threads are daemons, a call that hangs does not keep the
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
    """A pool of daemon threads that end by themselves, so the pool need not be closed."""

    def __init__(self, most: int = MOST_THREADS, idle_seconds: float = IDLE_SECONDS) -> None:
        self._most = most
        self._idle_seconds = idle_seconds
        self._pending = _Pending()
        fork_and_exit.watch(self)

    def submit(self, function: Callable[[], Any]) -> Future[Any]:
        """Run `function` on a thread; return a future with its result or exception."""
        future: Future[Any] = Future()
        pending = self._pending
        with pending.changed:
            pending.calls.append((future, function))
            has_thread = pending.idle >= len(pending.calls) or self._start_thread(pending)
            if has_thread:
                pending.changed.notify()
                return future
            pending.calls.pop()
        # No thread can run it: the interpreter is shutting down, or the limit of threads is reached.
        settle(future, function)
        return future

    def after_fork(self) -> None:
        """Forget the threads and the waiting calls in a forked child."""
        self._pending = _Pending()

    def at_exit(self, timeout: float) -> None:
        """Do nothing: daemon threads do not delay the exit."""

    def _start_thread(self, pending: _Pending) -> bool:
        """Start a thread if there are too few; return whether any thread will take the call."""
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
        # A waiting thread must not keep the objects of its last call alive.
        del future, function
