"""A logging handler that reports the exceptions which the application logs.

::

    handler = ExceptionLogHandler(
        lambda error, options: client.capture_exception(error, **options),
        policy=client.exception_policy,
    )
    logging.getLogger("shop").addHandler(handler)

Records without an exception are ignored, and so are exceptions that are no failures (see
``control_flow``), records of this package and its own errors, such as those that ``on_error`` logs,
because a failed report would report itself forever.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from ..application_callbacks import refuse_async, without_awaitable
from ..application_errors import application_errors
from ..errors import TransportError
from .capture_sites import LOGGING
from .control_flow import DEFAULT_POLICY, Place, ReportingPolicy
from .safe_attributes import is_a

__all__ = ["ExceptionLogHandler"]

_OWN = "flagengine."

Report = Callable[[BaseException, Mapping[str, Any]], object]


class ExceptionLogHandler(logging.Handler):
    """A handler that calls ``report`` with the exception and arguments of ``capture_exception``.

    Raises:
        TypeError: ``report`` is ``async def``.
    """

    def __init__(
        self,
        report: Report,
        level: int = logging.ERROR,
        *,
        policy: ReportingPolicy = DEFAULT_POLICY,
    ) -> None:
        refuse_async("ExceptionLogHandler.report", report)
        super().__init__(level)
        self._report = report
        self._policy = policy
        self._is_reporting = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        """Report the record's exception, if it has one."""
        error = record.exc_info[1] if record.exc_info else None
        if not is_a(error, BaseException) or is_a(error, TransportError):
            return
        if _is_own(record) or self._is_busy():
            return
        self._is_reporting.now = True
        try:
            if self._policy.reports(error, Place.LOG):
                options = {**LOGGING.options(), "level": _level(record)}
                without_awaitable("ExceptionLogHandler.report", self._report(error, options))
        except application_errors():
            self.handleError(record)
        finally:
            self._is_reporting.now = False

    def _is_busy(self) -> bool:
        return getattr(self._is_reporting, "now", False)


def _is_own(record: logging.LogRecord) -> bool:
    return f"{record.name}.".startswith(_OWN)


def _level(record: logging.LogRecord) -> str:
    """Return the highest standard level that is not above the record's level."""
    for number, name in ((50, "fatal"), (40, "error"), (30, "warning"), (20, "info")):
        if record.levelno >= number:
            return name
    return "debug"
