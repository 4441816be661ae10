"""Whether the caller of a blocking function has stopped waiting for it, as a cancelled task does.

The function runs on a thread that nobody can interrupt. It asks here before it begins more work, and
waits here instead of on a condition or in ``time.sleep``, so that its thread soon is free again.
Functions that the caller runs itself are never abandoned.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextvars import ContextVar

__all__ = ["Abandonment", "is_abandoned", "sleep", "wait_for"]


class Abandonment:
    """The wish to end a function: made by the caller, asked by the function."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._happened = threading.Event()
        self._callbacks: list[Callable[[], object]] = []

    @property
    def happened(self) -> bool:
        """Whether the caller has stopped waiting."""
        return self._happened.is_set()

    def abandon(self) -> None:
        """Stop waiting, and wake the function up if it waits here."""
        with self._lock:
            self._happened.set()
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    def call_at_abandonment(self, callback: Callable[[], object]) -> None:
        """Call ``callback`` when the caller stops waiting; now, if it already has."""
        with self._lock:
            if not self._happened.is_set():
                self._callbacks.append(callback)
                return
        callback()

    def forget(self, callback: Callable[[], object]) -> None:
        """Do not call ``callback`` any more."""
        with self._lock:
            if callback in self._callbacks:
                self._callbacks.remove(callback)

    def wait(self, seconds: float) -> bool:
        """Wait, for at most ``seconds``, until it happens; return whether it has."""
        return self._happened.wait(seconds)


CURRENT: ContextVar[Abandonment | None] = ContextVar("flagengine_abandonment", default=None)


def is_abandoned() -> bool:
    """Return whether nobody waits for the running function any more."""
    current = CURRENT.get()
    return current is not None and current.happened


def sleep(seconds: float) -> None:
    """Do as ``time.sleep``, but return early when nobody waits any more."""
    current = CURRENT.get()
    if current is None:
        time.sleep(seconds)
    else:
        current.wait(seconds)


def wait_for(
    condition: threading.Condition, predicate: Callable[[], bool], timeout: float | None
) -> bool:
    """Do as ``condition.wait_for``, but return early when nobody waits any more."""
    current = CURRENT.get()
    if current is None:
        return condition.wait_for(predicate, timeout)

    def wake() -> None:
        with condition:
            condition.notify_all()

    current.call_at_abandonment(wake)
    try:
        return condition.wait_for(lambda: current.happened or predicate(), timeout) and predicate()
    finally:
        current.forget(wake)
