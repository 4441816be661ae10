"""Process events - fork and exit - brought to whoever has threads, locks or queues.

Nothing is registered at import: the first ``watch`` does it. The hooks hold weak references, so a
forgotten client is not kept alive, and only the child's side of a fork is hooked: a hook before
the fork could stall any program that starts a subprocess.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
import time
import weakref
from typing import Protocol

__all__ = ["EXIT_BUDGET", "Watched", "expect_exit", "watch"]

logger = logging.getLogger("flagengine")

# shutdown contract: all of our exit work together takes at most this many seconds.
EXIT_BUDGET = 1.0


class Watched(Protocol):
    """What is told of forks and of the exit."""

    def after_fork(self) -> None:
        """In the child: other threads are gone, locks may be held by them for ever."""
        ...

    def at_exit(self, timeout: float) -> None:
        """The interpreter ends: finish within ``timeout`` seconds."""
        ...


_watched: weakref.WeakSet[Watched] = weakref.WeakSet()
_state = {"is_hooked": False, "finalizer_pid": 0}


def watch(who: Watched) -> None:
    """Tell ``who`` of forks and the exit, as long as someone else holds it."""
    _watched.add(who)
    if not _state["is_hooked"]:
        _state["is_hooked"] = True
        atexit.register(_at_exit)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=_after_fork)


def expect_exit() -> None:
    """Call when there is first something to lose in this process.

    Children of ``multiprocessing`` end without running atexit; it has a hook of its own, which
    must be set in the child.
    """
    if _state["finalizer_pid"] == os.getpid():
        return
    _state["finalizer_pid"] = os.getpid()
    process = sys.modules.get("multiprocessing.process")
    util = sys.modules.get("multiprocessing.util")
    if process is not None and util is not None and process.parent_process() is not None:
        util.Finalize(None, _at_exit, exitpriority=0)


def _after_fork() -> None:
    for who in list(_watched):
        try:
            who.after_fork()
        except Exception:
            logger.exception("after a fork, %s could not be reset", type(who).__name__)


def _at_exit() -> None:
    deadline = time.monotonic() + EXIT_BUDGET
    for who in list(_watched):
        try:
            who.at_exit(max(0.0, deadline - time.monotonic()))
        except Exception:
            logger.exception("at exit, %s could not finish", type(who).__name__)
