"""The methods that capture events: queue them, deliver them at once, or only prepare them.

``preparation`` makes the events, and ``flag_reads`` evaluates their flags.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Unpack

from ..batching.event import Event
from ..errors import QueueFullError
from ..steps import Call, Steps
from . import ai
from .components import Components, HasComponents
from .flag_reads import flags_now, flags_of
from .preparation import NOTHING, CaptureOptions, PreparedEvent
from .verbs import guarded, guarded_steps, log_failure, nothing, with_signature

__all__ = [
    "CaptureOptions",
    "capture",
    "capture_ai",
    "capture_ai_immediate",
    "capture_immediate",
    "deliver",
    "prepare_ai_properties",
    "prepare_event_message",
]

logger: logging.Logger = logging.getLogger("flagengine.client")

_EXCEPTION = "$exception"
_FLAG_OPTIONS = frozenset({"flags", "send_feature_flags"})


def capture(client: HasComponents, event: str, **message: Unpack[CaptureOptions]) -> str | None:
    """Queue an event; return its uuid, or None if it was dropped.

    Do no I/O, unless ``send_feature_flags`` needs the server or the client is in ``sync_mode``.
    """
    try:
        components = client.components
        plain = components.preparation.plain(event, message)
        if plain is not None:
            return components.outbox.queue(plain)
    except QueueFullError:
        # The application asked for it, with overflow="raise".
        raise
    except Exception as error:  # noqa: BLE001 - nothing is raised into the application
        log_failure(capture, error, (client, event), message)
        return None
    return _capture_any(client, event, **message)


@guarded(nothing, CaptureOptions)
def _capture_any(
    client: HasComponents, event: str, **message: Unpack[CaptureOptions]
) -> str | None:
    components = client.components
    prepared = _prepared(components, event, message)
    if prepared is not None and components.options.sync_mode:
        return components.outbox.deliver(prepared)
    return components.outbox.queue(prepared)


_capture_any.__name__ = _capture_any.__qualname__ = capture.__name__
capture = with_signature(capture, capture, CaptureOptions)


@guarded_steps(nothing, CaptureOptions)
def capture_immediate(
    client: HasComponents, event: str, **message: Unpack[CaptureOptions]
) -> Steps[str | None]:
    """Capture an event and deliver it; return its uuid, or None if the delivery failed.

    ``on_error`` hears of a lost event before this method returns. Several calls may have the same
    uuid: each sends its event, and the server counts them once. After a temporary failure the event stays queued, and may still be delivered later.
    """
    flags = yield from flags_of(client.components, message)
    return (
        yield from deliver(client.components, _prepared(client.components, event, message, flags))
    )


@guarded(nothing, CaptureOptions)
def capture_ai(client: HasComponents, event: str, **message: Unpack[CaptureOptions]) -> str | None:
    """Queue a large event of an AI application, in a queue with an endpoint of its own.

    The event is sent unchanged; shorten it with ``prepare_ai_properties``.
    """
    components = client.components
    return components.outbox.queue(_prepared(components, event, message), is_ai=True)


@guarded_steps(nothing, CaptureOptions)
def capture_ai_immediate(
    client: HasComponents, event: str, **message: Unpack[CaptureOptions]
) -> Steps[str | None]:
    """Capture an AI event and deliver it; return its uuid, or None if the delivery failed."""
    flags = yield from flags_of(client.components, message)
    prepared = _prepared(client.components, event, message, flags)
    return (yield from deliver(client.components, prepared, is_ai=True))


@guarded(nothing, CaptureOptions)
def prepare_event_message(
    client: HasComponents, event: str, **message: Unpack[CaptureOptions]
) -> PreparedEvent | None:
    """Return the event that ``capture`` would queue, or None if it would be dropped."""
    prepared = _prepared(client.components, event, message, is_dry=True)
    if prepared is None:
        return None
    envelope: dict[str, Any] = prepared.decoded()
    names = ("event", "distinct_id", "properties", "timestamp", "uuid")
    return PreparedEvent(**{name: envelope[name] for name in names})


@guarded(dict)
def prepare_ai_properties(client: HasComponents, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties for ``capture_ai``, shortened as the client's options say.

    The options are ``privacy_mode`` and ``enable_full_ai_capture``. After a failure, return an empty
    dict.
    """
    options = client.components.options
    full, privacy = options.enable_full_ai_capture, options.privacy_mode
    return ai.prepare_ai_properties(properties, full=full, privacy=privacy)


def deliver(
    components: Components, event: Event | None, *, is_ai: bool = False
) -> Steps[str | None]:
    """Deliver a prepared event; return its uuid, or None if the delivery failed."""
    if event is None:
        return None
    uuid: str | None = yield Call(lambda: components.outbox.deliver(event, is_ai=is_ai))
    return uuid


def _prepared(
    components: Components,
    event: str,
    message: CaptureOptions,
    flags: Mapping[str, Any] | None = None,
    *,
    is_dry: bool = False,
) -> Event | None:
    """Prepare the event; without ``flags``, evaluate the flags that the message asks for."""
    if event == _EXCEPTION:
        logger.warning("use capture_exception for $exception events; captured as given")
    if flags is None:
        asks_for_flags = not _FLAG_OPTIONS.isdisjoint(message)
        flags = flags_now(components, message) if asks_for_flags else NOTHING
    return components.preparation.prepare(
        event,
        distinct_id=message.get("distinct_id"),
        properties=message.get("properties"),
        timestamp=message.get("timestamp"),
        uuid=message.get("uuid"),
        groups=message.get("groups"),
        flag_properties=flags,
        disable_geoip=message.get("disable_geoip"),
        is_dry=is_dry,
    )
