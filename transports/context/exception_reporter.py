"""The reporting of an integration's exceptions to the client.

An integration uses only two methods of the client. Reporting never raises.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

__all__ = ["ExceptionReporter", "ReportingClient"]

_log = logging.getLogger("flagengine.context")


class ReportingClient(Protocol):
    """The methods of a client that integrations call."""

    def context(
        self,
        *,
        distinct_id: object = None,
        session_id: object = None,
        properties: Mapping[str, Any] | None = None,
        fresh: bool = False,
        capture_exceptions: bool | None = None,
    ) -> AbstractContextManager[object]:
        """Return a ``flagengine.transports.context.context`` that reports to this client."""
        ...

    def capture_exception(
        self,
        exception: BaseException,
        *,
        properties: Mapping[str, Any] | None = None,
        handled: bool | None = None,
        mechanism_type: str | None = None,
        source: str | None = None,
    ) -> object:
        """Capture the exception, unless it was captured before."""
        ...


class ExceptionReporter:
    """A reporter of the exceptions of an integration; usable as ``on_exception``."""

    def __init__(
        self, client: ReportingClient, *, source: str, mechanism_type: str = "middleware"
    ) -> None:
        self._client = client
        self._source = source
        self._mechanism_type = mechanism_type

    def __call__(self, error: BaseException, status: int | None = None) -> None:
        """Report ``error``; ``status`` is the response's HTTP status."""
        if not isinstance(error, Exception):
            return
        try:
            self._client.capture_exception(
                error,
                properties={} if status is None else {"$response_status_code": status},
                handled=False,
                mechanism_type=self._mechanism_type,
                source=self._source,
            )
        except Exception:  # noqa: BLE001 - a client may raise anything
            _log.exception("Could not report an exception")
