"""The methods that capture an exception explicitly."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypedDict, Unpack
from uuid import UUID

from ..batching.event import Event
from ..flags.evaluations import FlagEvaluations
from ..steps import Steps
from .capture import deliver
from .components import Components, HasComponents
from .exception_reporting import current_exception
from .preparation import mapping_of
from .verbs import guarded, guarded_steps, nothing

__all__ = ["ExceptionOptions", "capture_exception", "capture_exception_immediate"]

logger: logging.Logger = logging.getLogger("flagengine.client")


class ExceptionOptions(TypedDict, total=False):
    """The keyword arguments of both methods. Values of the wrong type are ignored."""

    uuid: str | UUID | None
    """The event's uuid."""
    timestamp: datetime | str | None
    """The time of the exception; by default now."""
    groups: Mapping[str, Any] | None
    """The groups of the event: ``{"company": "acme"}``."""
    flags: FlagEvaluations | None
    """The result of ``evaluate_flags``, whose flags are added to the event."""
    disable_geoip: bool | None
    """Overrides the client's ``disable_geoip``."""
    level: str | None
    """The severity, by its name in any logging system."""
    fingerprint: str | None
    """The key by which the server groups exceptions, instead of its own rule."""
    handled: bool | None
    """Whether the application handled the exception."""
    mechanism_type: str | None
    """The kind of boundary at which the exception was caught."""
    source: str | None
    """The integration that caught the exception."""
    thread_id: int | None
    """The thread in which the exception was raised."""
    additional_properties: Mapping[str, Any] | None
    """Another name for ``properties``, which win."""


_DETAILS = ("level", "fingerprint", "handled", "mechanism_type", "source", "thread_id")
_MESSAGE = ("uuid", "timestamp", "groups", "disable_geoip")


@guarded(nothing, ExceptionOptions)
def capture_exception(
    client: HasComponents,
    exception: object = None,
    distinct_id: object = None,
    properties: Mapping[str, Any] | None = None,
    **options: Unpack[ExceptionOptions],
) -> str | None:
    """Queue an ``$exception`` event; return its uuid, or None if it was dropped.

    Without an ``exception``, capture the exception that is being handled. Never capture an exception
    twice. An object that is not an exception is described in the event.
    """
    event = _event(client.components, exception, distinct_id, properties, options)
    return client.components.outbox.queue(event)


@guarded_steps(nothing, ExceptionOptions)
def capture_exception_immediate(
    client: HasComponents,
    exception: object = None,
    distinct_id: object = None,
    properties: Mapping[str, Any] | None = None,
    **options: Unpack[ExceptionOptions],
) -> Steps[str | None]:
    """Capture an exception and deliver it; return the event's uuid, or None if delivery failed."""
    event = _event(client.components, exception, distinct_id, properties, options)
    return (yield from deliver(client.components, event))


def _event(
    components: Components,
    exception: object,
    distinct_id: object,
    properties: Mapping[str, Any] | None,
    options: ExceptionOptions,
) -> Event | None:
    error = current_exception() if exception is None else exception
    if error is None:
        logger.warning(
            "capture_exception() needs an exception: no argument, and no exception is being handled"
        )
        return None
    given: Mapping[str, Any] = {**options}
    flags = options.get("flags")
    own = mapping_of("properties", properties)
    more = mapping_of("additional_properties", options.get("additional_properties"))
    message = {name: given[name] for name in _MESSAGE if name in given}
    if isinstance(flags, FlagEvaluations):
        message["flag_properties"] = flags.event_properties()
    elif flags is not None:
        found = type(flags).__name__
        logger.warning("flags must be a result of evaluate_flags(), got %s; ignored", found)
    return components.exceptions.event(
        error,
        {**more, **own} if more else own,
        details={name: given[name] for name in _DETAILS if name in given},
        message={**message, "distinct_id": distinct_id},
    )
