"""Events about exceptions: captured explicitly, when they leave a context, or uncaught.

The ``exceptions`` package makes the events' properties.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from ..batching.event import Event
from ..clock import Clock
from ..context import current
from ..exceptions import (
    Boundary,
    CodeVariables,
    ExceptionHooks,
    ExceptionRateLimiter,
    ExceptionSettings,
    HookKind,
    ReportingPolicy,
    exception_properties,
    is_already_captured,
    mark_captured,
    type_name,
    without_reserved,
)
from ..exceptions.control_flow import names_of
from .options import Options
from .preparation import NOTHING, Outbox, Preparation
from .status import ClientStatus

__all__ = ["EXCEPTION", "ExceptionReporting"]

EXCEPTION: Final = "$exception"
# An outer caller may still handle the exception.
LEFT_CONTEXT: Final = Boundary("error", "generic")


class ExceptionReporting:
    """The reporting of exceptions, with hooks for uncaught exceptions if the options ask for them.

    Attributes:
        policy: which exceptions are failures, for whatever captures without being asked to.
        settings: what the events have of stacks and local variables; it may be replaced.
    """

    def __init__(
        self,
        options: Options,
        preparation: Preparation,
        outbox: Outbox,
        status: ClientStatus,
        clock: Clock,
    ) -> None:
        self._preparation = preparation
        self._outbox = outbox
        self._status = status
        self.settings: ExceptionSettings = _settings(options)
        self._limiter = ExceptionRateLimiter(
            options.exception_rate_limit_size,
            options.exception_rate_limit_refill,
            options.exception_rate_limit_interval,
            clock,
        )
        self.policy: ReportingPolicy = _policy(options)
        self._hooks = ExceptionHooks(self._uncaught, self.policy)
        self._is_automatic = options.enable_exception_autocapture and options.is_usable

    def install(self) -> None:
        """Report uncaught exceptions from now on, if the options ask for it."""
        if self._is_automatic:
            self._hooks.install()

    def uninstall(self) -> None:
        """Restore the interpreter's hooks."""
        self._hooks.uninstall()

    def event(
        self,
        error: object,
        properties: Mapping[str, Any] | None = None,
        *,
        details: Mapping[str, Any] = NOTHING,
        message: Mapping[str, Any] = NOTHING,
    ) -> Event | None:
        """Return the event; None if the exception was captured before or capture is turned off.

        ``details`` has keyword arguments of ``exception_properties``, ``message`` has keyword
        arguments of ``prepare``.
        """
        if not self._status.accepts_events() or is_already_captured(error):
            return None
        described = exception_properties(error, settings=self._settings_here(), **details)
        event = self._preparation.prepare(
            EXCEPTION, properties={**without_reserved(properties), **described}, **message
        )
        if event is not None:
            mark_captured(error)
        return event

    def _settings_here(self) -> ExceptionSettings:
        context = current()
        if context is None or not context.hides_variables:
            return self.settings
        return replace(self.settings, code_variables=CodeVariables(enabled=False))

    def left_context(self, error: BaseException) -> None:
        """Capture a failure that leaves a context with ``capture_exceptions``."""
        self._outbox.queue(self.event(error, details={"boundary": LEFT_CONTEXT}))

    def _uncaught(self, error: BaseException, kind: HookKind) -> None:
        if self._limiter.admits(type_name(error)):
            self._outbox.queue(self.event(error, details={"boundary": kind.boundary}))


def current_exception() -> BaseException | None:
    """Return the exception that is being handled; None if there is none."""
    return sys.exc_info()[1]


def _policy(options: Options) -> ReportingPolicy:
    return ReportingPolicy(
        ignored=names_of("ignored_exceptions", options.ignored_exceptions),
        reported=names_of("reported_exceptions", options.reported_exceptions),
    )


def _settings(options: Options) -> ExceptionSettings:
    root = options.project_root
    return ExceptionSettings(
        project_root=None if root is None else os.fspath(root),
        in_app_include=tuple(options.in_app_modules),
        in_app_exclude=tuple(options.in_app_exclude),
        code_variables=CodeVariables(enabled=options.capture_exception_code_variables),
    )
