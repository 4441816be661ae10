"""What the integrations have in common: the client that reports, and the headers that name the person."""

from __future__ import annotations

import inspect
import logging
import warnings
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ...context.exception_reporter import policy_of
from ...context.scoped import context
from ...exceptions.control_flow import ReportingPolicy
from ..shared_client import DEFAULT

__all__ = [
    "IntegratedClient",
    "IntegrationClient",
    "passes",
    "passes_async",
    "reads_headers",
    "without_header_ids",
]

_log = logging.getLogger("flagengine.context")


class IntegratedClient(Protocol):
    """A client as the integrations take it: ``Posthog``, ``AsyncPosthog`` or one of flagengine's."""

    @property
    def capture(self) -> Callable[..., Any]:
        """Queue an event."""
        ...

    @property
    def capture_exception(self) -> Callable[..., Any]:
        """Queue an event about an exception."""
        ...


class IntegrationClient:
    """The client that integrations report to: the given one, otherwise the default client.

    The default client is made when it has something to report.

    Args:
        client: the client; None: the default client.
        captures: whether failures are reported; None: as the client's ``enable_exception_autocapture``
            says at that moment.
    """

    def __init__(self, client: IntegratedClient | None, captures: bool | None = None) -> None:
        self._client = client
        self._captures = captures

    @property
    def client(self) -> Any:
        """The client."""
        return DEFAULT.get() if self._client is None else self._client

    @property
    def exception_policy(self) -> ReportingPolicy:
        """Which exceptions are failures."""
        return policy_of(self._client)

    @property
    def captures_exceptions(self) -> bool:
        """Whether failures are reported now."""
        if self._captures is not None:
            return self._captures
        return DEFAULT.captures_exceptions(self._client)

    def context(
        self,
        *,
        distinct_id: object = None,
        session_id: object = None,
        properties: Mapping[str, Any] | None = None,
        fresh: bool = False,
        capture_exceptions: bool | None = None,
    ) -> context:
        """Return a context; integrations report what leaves it themselves."""
        return context(
            distinct_id=distinct_id,
            session_id=session_id,
            properties=properties,
            fresh=fresh,
            capture_exceptions=capture_exceptions,
        )

    def capture(self, event: str, properties: Mapping[str, Any]) -> object:
        """Queue an event."""
        return self.client.capture(event, properties=properties)

    def capture_exception(
        self,
        exception: BaseException,
        *,
        properties: Mapping[str, Any] | None = None,
        handled: bool | None = None,
        mechanism_type: str | None = None,
        source: str | None = None,
    ) -> object:
        """Report a failure, if failures are reported."""
        if not self.captures_exceptions:
            return None
        return self.client.capture_exception(
            exception,
            properties=properties,
            handled=handled,
            mechanism_type=mechanism_type,
            source=source,
        )

    def flush(self, timeout: float | None = None) -> object:
        """Deliver what is queued."""
        return self.client.flush(timeout=timeout)


def reads_headers(
    capture: object,
    trust: object,
    names: tuple[str, str] = ("capture_tracing_headers", "trust_tracing_headers"),
) -> bool:
    """Return whether the headers with a distinct id and a session id are read, by default True.

    ``trust`` is the value of the option's older name, which causes a DeprecationWarning.

    Raises:
        TypeError: a value is not True, False or None.
    """
    for name, value in zip(names, (capture, trust), strict=True):
        if value is not None and not isinstance(value, bool):
            msg = f"{name} must be True, False or None, got {value!r}"
            raise TypeError(msg)
    if trust is not None:
        warnings.warn(f"{names[1]} is deprecated; use {names[0]}", DeprecationWarning, stacklevel=3)
    given = trust if capture is None else capture
    return given is not False


def without_header_ids(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data of a request without the ids that its headers claim."""
    kept = {
        name: value for name, value in data.items() if name not in ("distinct_id", "session_id")
    }
    properties = dict(kept.get("properties") or {})
    properties.pop("$session_id", None)
    return {**kept, "properties": properties}


def passes(request_filter: Callable[[Any], Any] | None, request: object) -> bool:
    """Return whether a filter lets the request through; a filter that raises does."""
    if request_filter is None:
        return True
    try:
        return bool(request_filter(request))
    except Exception:  # noqa: BLE001 - the application's code
        _log.exception("The request filter raised")
        return True


async def passes_async(request_filter: Callable[[Any], Any] | None, request: object) -> bool:
    """Do as `passes`; the filter may be ``async def``."""
    if request_filter is None:
        return True
    try:
        passed = request_filter(request)
        return bool(await passed if inspect.isawaitable(passed) else passed)
    except Exception:  # noqa: BLE001 - the application's code
        _log.exception("The request filter raised")
        return True
