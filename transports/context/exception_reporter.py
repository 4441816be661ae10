"""The reporting of an integration's exceptions to the client.

An integration uses two methods of the client, and its ``exception_policy`` if it has one. Reporting
never raises.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from ..application_errors import application_errors, log_error
from ..exceptions.control_flow import DEFAULT_POLICY, Place, ReportingPolicy

__all__ = ["ExceptionReporter", "ReportingClient", "policy_of"]

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


def policy_of(client: object) -> ReportingPolicy:
    """Return which exceptions the client reports; the default policy if it does not say."""
    found = getattr(client, "exception_policy", None)
    return found if isinstance(found, ReportingPolicy) else DEFAULT_POLICY


class ExceptionReporter:
    """A reporter of the failures of an integration; usable as ``on_exception``."""

    def __init__(
        self,
        client: ReportingClient,
        *,
        source: str,
        mechanism_type: str = "middleware",
        place: Place = Place.REQUEST,
    ) -> None:
        self._client = client
        self._source = source
        self._mechanism_type = mechanism_type
        self._place = place

    def __call__(
        self, error: BaseException, status: int | None = None, *, place: Place | None = None
    ) -> bool:
        """Report ``error`` if it is a failure; return whether it is.

        ``status`` is the response's HTTP status.
        """
        try:
            if not policy_of(self._client).reports(error, place or self._place):
                return False
            self._client.capture_exception(
                error,
                properties={} if status is None else {"$response_status_code": status},
                handled=False,
                mechanism_type=self._mechanism_type,
                source=self._source,
            )
        except application_errors():
            log_error(_log, "Could not report an exception")
        return True
