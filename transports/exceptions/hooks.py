"""Hooks for uncaught exceptions in the main thread and in other threads.

The previous hooks are always called as well, and ``uninstall`` restores them. Reporting never raises
and never hides the traceback that Python prints.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from typing import Any

from ..application_errors import application_errors, log_error
from .capture_sites import HookKind
from .control_flow import DEFAULT_POLICY, Place, ReportingPolicy

__all__ = ["ExceptionHooks"]

_log = logging.getLogger("flagengine.exceptions")

Report = Callable[[BaseException, HookKind], object]


class _Hook:
    """An installed hook; after ``uninstall``, it only calls the previous hook."""

    def __init__(
        self,
        report: Report,
        kind: HookKind,
        previous: Callable[..., Any],
        policy: ReportingPolicy,
    ) -> None:
        self.previous = previous
        self.is_active = True
        self._report = report
        self._kind = kind
        self._policy = policy

    def __call__(self, *args: Any) -> None:
        """Report the exception in the arguments of either kind, then call the previous hook."""
        try:
            self._report_error(args[1] if len(args) > 1 else args[0].exc_value)
        finally:
            self.previous(*args)

    def _report_error(self, error: BaseException | None) -> None:
        if not self.is_active or error is None:
            return
        try:
            if not self._policy.reports(error, Place.PROCESS):
                return
            self._report(error, self._kind)
        except application_errors():
            log_error(_log, "Could not report an uncaught exception")


class ExceptionHooks:
    """The hooks of a client, which call ``report`` with each uncaught failure."""

    def __init__(self, report: Report, policy: ReportingPolicy = DEFAULT_POLICY) -> None:
        self._report = report
        self._policy = policy
        self._hooks: tuple[_Hook, _Hook] | None = None

    def install(self) -> None:
        """Install both hooks, unless they are installed."""
        if self._hooks is not None:
            return
        process = _Hook(self._report, HookKind.PROCESS, sys.excepthook, self._policy)
        thread = _Hook(self._report, HookKind.THREAD, threading.excepthook, self._policy)
        self._hooks = process, thread
        sys.excepthook = process
        threading.excepthook = thread

    def uninstall(self) -> None:
        """Restore the previous hooks.

        If other code has installed a hook since, that hook stays, and the hook of this package below
        it stops reporting.
        """
        if self._hooks is None:
            return
        process, thread = self._hooks
        self._hooks = None
        process.is_active = thread.is_active = False
        sys.excepthook = _uncovered(sys.excepthook)
        threading.excepthook = _uncovered(threading.excepthook)


def _uncovered(hook: Callable[..., Any]) -> Callable[..., Any]:
    """Return the topmost hook that is not an uninstalled hook of this package."""
    while isinstance(hook, _Hook) and not hook.is_active:
        hook = hook.previous
    return hook
