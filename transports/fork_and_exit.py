"""Hooks at fork and exit of the process, for objects with threads, locks or queues.

The first ``watch`` registers the hooks; the import registers nothing. The hooks hold weak
references, so they do not keep an unused client alive. They only run in the child of a fork, because
a hook before the fork could delay any program that starts a subprocess.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
import time
import weakref
from typing import Protocol

from .application_errors import application_errors, log_error

__all__ = ["EXIT_BUDGET", "Watched", "expect_exit", "watch"]

logger: logging.Logger = logging.getLogger("flagengine")

# Seconds at exit for all watched objects together.
EXIT_BUDGET = 1.0


class Watched(Protocol):
    """An object with work to do after a fork and at exit."""

    def after_fork(self) -> None:
        """Reset locks and threads in the child, which has none of the parent's other threads."""
        ...

    def at_exit(self, timeout: float) -> None:
        """Finish within ``timeout`` seconds, because the interpreter exits."""
        ...


_watched: weakref.WeakSet[Watched] = weakref.WeakSet()
_state = {"is_hooked": False, "finalizer_pid": 0}


def watch(watched: Watched) -> None:
    """Call the methods of ``watched`` at a fork and at exit; keep only a weak reference."""
    _watched.add(watched)
    if not _state["is_hooked"]:
        _state["is_hooked"] = True
        atexit.register(_at_exit)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=_after_fork)


def expect_exit() -> None:
    """Make sure that the exit hook runs in this process; call this before the first event is queued.

    Children of ``multiprocessing`` do not run ``atexit`` hooks, so the hook of ``multiprocessing``
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
    for watched in list(_watched):
        try:
            watched.after_fork()
        except BaseException:
            # Python ignores whatever a hook raises, and the other objects need their reset.
            logger.exception("could not reset %s after a fork", type(watched).__name__)


def _at_exit() -> None:
    deadline = time.monotonic() + EXIT_BUDGET
    # The process exits already, and the other clients have events as well.
    failures: tuple[type[BaseException], ...] = (SystemExit, *application_errors())
    for watched in list(_watched):
        try:
            watched.at_exit(max(0.0, deadline - time.monotonic()))
        except failures:
            log_error(logger, "%s could not finish at exit", type(watched).__name__)
