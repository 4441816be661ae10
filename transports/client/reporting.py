"""Exceptions as events of this client: captured by hand, on leaving a context, or by nobody.

What an event says of an exception is the exceptions package's; here is when one is made.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any, Final

from ..batching.event import Event
from ..clock import Clock
from ..exceptions import (
    Boundary,
    CodeVariables,
    ExceptionHooks,
    ExceptionRateLimiter,
    ExceptionSettings,
    HookKind,
    exception_properties,
    is_already_captured,
    mark_captured,
    type_name,
    without_reserved,
)
from .gate import Gate
from .options import Options
from .outbox import Outbox
from .preparation import NOTHING, Preparation

__all__ = ["EXCEPTION", "ExceptionReporting"]

EXCEPTION: Final = "$exception"
# Whether someone further out handles it is not known.
LEFT_CONTEXT: Final = Boundary("error", "generic")


class ExceptionReporting:
    """``install`` sets the interpreter's hooks, if the options say so."""

    def __init__(
        self, options: Options, preparation: Preparation, outbox: Outbox, gate: Gate, clock: Clock
    ) -> None:
        self._preparation = preparation
        self._outbox = outbox
        self._gate = gate
        self._settings = _settings(options)
        self._limiter = ExceptionRateLimiter(
            options.exception_rate_limit_size,
            options.exception_rate_limit_refill,
            options.exception_rate_limit_interval,
            clock,
        )
        self._hooks = ExceptionHooks(self._uncaught)
        self._is_automatic = options.enable_exception_autocapture and options.is_usable

    def install(self) -> None:
        """From now on report what nobody catches."""
        if self._is_automatic:
            self._hooks.install()

    def uninstall(self) -> None:
        """Give the interpreter back its hooks."""
        self._hooks.uninstall()

    def event(
        self,
        error: object,
        properties: Mapping[str, Any] | None = None,
        *,
        said: Mapping[str, Any] = NOTHING,
        message: Mapping[str, Any] = NOTHING,
    ) -> Event | None:
        """The event; None when it was captured before, or nothing may be captured.

        ``said`` are keywords of ``exception_properties``, ``message`` those of ``prepare``.
        """
        if not self._gate.admits() or is_already_captured(error):
            return None
        described = exception_properties(error, settings=self._settings, **said)
        event = self._preparation.prepare(
            EXCEPTION, properties={**without_reserved(properties), **described}, **message
        )
        if event is not None:
            mark_captured(error)
        return event

    def left_context(self, error: BaseException) -> None:
        """An exception leaves a context that is to capture them."""
        self._outbox.queue(self.event(error, said={"boundary": LEFT_CONTEXT}))

    def _uncaught(self, error: BaseException, kind: HookKind) -> None:
        if self._limiter.admits(type_name(error)):
            self._outbox.queue(self.event(error, said={"boundary": kind.boundary}))


def current_exception() -> BaseException | None:
    """The exception that is being handled."""
    return sys.exc_info()[1]


def _settings(options: Options) -> ExceptionSettings:
    root = options.project_root
    return ExceptionSettings(
        project_root=None if root is None else os.fspath(root),
        in_app_include=tuple(options.in_app_modules),
        in_app_exclude=tuple(options.in_app_exclude),
        code_variables=CodeVariables(enabled=options.capture_exception_code_variables),
    )
