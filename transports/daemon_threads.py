"""A pool of a few daemon threads for blocking calls, so that they do not block an event loop.

Threads start when they are needed, up to a limit, and end after some idle seconds. Further calls
wait until a thread is free: so many calls, and for so long. Because the threads are daemons, a call
that hangs does not keep the program from ending.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from . import fork_and_exit
from .callers import settle
from .errors import ClientBusyError

__all__ = ["DaemonThreads"]

MOST_THREADS = 16
# More threads for the calls that must not wait for hanging ones: flush and shutdown.
SPARE_THREADS = 4
MOST_WAITING = 1000
# The seconds for which a call waits for a thread.
PATIENCE = 5.0
IDLE_SECONDS = 10.0


class DaemonThreads:
    """A pool of daemon threads that end by themselves, so the pool need not be closed.

    ``patience`` is the time after which the caller should cancel a future that does not run yet, ``name`` that of
    the threads.
    """

    def __init__(
        self,
        most: int = MOST_THREADS,
        idle_seconds: float = IDLE_SECONDS,
        *,
        most_waiting: int = MOST_WAITING,
        patience: float = PATIENCE,
        name: str = "flagengine-async",
    ) -> None:
        self.patience = patience
        self._name = name
        self._most = most
        self._most_waiting = most_waiting
        self._idle_seconds = idle_seconds
        self._pending = _Pending()
        fork_and_exit.watch(self)

    def submit(self, function: Callable[[], Any], *, is_urgent: bool = False) -> Future[Any]:
        """Run `function` on a thread; return a future with its result or exception.

        An urgent call goes before the others, and may have a thread beyond the limit.

        Raises:
            ClientBusyError: too many calls wait already.
        """
        future: Future[Any] = Future()
        pending = self._pending
        limit = self._most + SPARE_THREADS * is_urgent
        with pending.changed:
            if len(pending.calls) >= self._most_waiting and not is_urgent:
                msg = (
                    f"not sent: {self._most_waiting} calls of the client wait for a thread already"
                )
                raise ClientBusyError(msg)
            pending.add((future, function), is_urgent=is_urgent)
            has_thread = pending.idle >= len(pending.calls) or self._start_thread(pending, limit)
            if has_thread:
                pending.changed.notify()
                return future
            pending.remove(is_urgent=is_urgent)
        # No thread can run it: the interpreter is shutting down, or the limit of threads is reached.
        settle(future, function)
        return future

    def after_fork(self) -> None:
        """Forget the threads and the waiting calls in a forked child."""
        self._pending = _Pending()

    def at_exit(self, timeout: float) -> None:
        """Do nothing: daemon threads do not delay the exit."""

    def _start_thread(self, pending: _Pending, limit: int) -> bool:
        """Start a thread if there are too few; return whether any thread will take the call."""
        if pending.threads < limit:
            arguments = pending, self._idle_seconds
            thread = threading.Thread(target=_work, args=arguments, name=self._name, daemon=True)
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

    def add(self, call: tuple[Future[Any], Callable[[], Any]], *, is_urgent: bool) -> None:
        """Add a call, first or last."""
        (self.calls.appendleft if is_urgent else self.calls.append)(call)

    def remove(self, *, is_urgent: bool) -> None:
        """Remove the call that was added just now."""
        (self.calls.popleft if is_urgent else self.calls.pop)()


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
