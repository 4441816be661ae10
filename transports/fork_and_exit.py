"""Fork and exit of the process, passed to the objects that have threads, locks or queues.

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

# The limit in seconds for the exit work of all watched objects together.
EXIT_BUDGET = 1.0


class Watched(Protocol):
    """An object with work to do after a fork and at exit."""

    def after_fork(self) -> None:
        """Reset locks and threads in the child: the parent's other threads do not exist there."""
        ...

    def at_exit(self, timeout: float) -> None:
        """Finish within ``timeout`` seconds: the interpreter ends."""
        ...


_watched: weakref.WeakSet[Watched] = weakref.WeakSet()
_state = {"is_hooked": False, "finalizer_pid": 0}


def watch(who: Watched) -> None:
    """Call the methods of ``who`` at a fork and at exit; keep only a weak reference."""
    _watched.add(who)
    if not _state["is_hooked"]:
        _state["is_hooked"] = True
        atexit.register(_at_exit)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=_after_fork)


def expect_exit() -> None:
    """Prepare for the exit of this process; call before anything can be lost.

    Children of ``multiprocessing`` end without atexit; its own exit hook must be set in the child.
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
            logger.exception("could not reset %s after a fork", type(who).__name__)


def _at_exit() -> None:
    deadline = time.monotonic() + EXIT_BUDGET
    for who in list(_watched):
        try:
            who.at_exit(max(0.0, deadline - time.monotonic()))
        except Exception:
            logger.exception("%s could not finish at exit", type(who).__name__)
