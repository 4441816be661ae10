"""Capturing events: queued, delivered at once, or only prepared.

The order of work is ``preparation``'s, the flags of an event are ``flag_reads``'.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypedDict, Unpack
from uuid import UUID

from ..batching.event import Event
from ..flags.snapshot import FlagEvaluations
from ..polling.steps import Call, Steps
from . import ai
from .flag_reads import flags_now, flags_of
from .parts import HasParts, Parts
from .preparation import PreparedEvent
from .verbs import guarded, guarded_steps, nothing

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

logger = logging.getLogger("flagengine.client")

_EXCEPTION = "$exception"


class CaptureOptions(TypedDict, total=False):
    """The keyword arguments that all of these share."""

    distinct_id: object
    """Who did it; else the context's; else a new id, without a person profile."""
    properties: Mapping[str, Any] | None
    """Anything. Written as JSON at once, so that later changes do not matter."""
    timestamp: datetime | str | None
    """When; without a zone it is UTC. Now when left out."""
    uuid: str | UUID | None
    """The event's own, so that capturing it again changes nothing."""
    groups: Mapping[str, Any] | None
    """``{"company": "acme"}``."""
    flags: FlagEvaluations | None
    """A snapshot of ``evaluate_flags``: its flags become the event's."""
    send_feature_flags: bool | Mapping[str, Any]
    """Evaluates flags for the event: True, or a mapping of ``only_evaluate_locally``,
    ``person_properties``, ``group_properties``, ``flag_keys``. Prefer ``flags``."""
    disable_geoip: bool | None
    """None: as the client."""


@guarded(nothing, CaptureOptions)
def capture(client: HasParts, event: str, **message: Unpack[CaptureOptions]) -> str | None:
    """Queue an event; its uuid, or None when it was dropped.

    Without I/O, unless ``send_feature_flags`` needs the server or the client is in ``sync_mode``.
    """
    parts = client.parts
    prepared = _prepared(parts, event, message, flags_now(parts, message))
    if prepared is not None and parts.options.sync_mode:
        return parts.outbox.deliver(prepared)
    return parts.outbox.queue(prepared)


@guarded_steps(nothing, CaptureOptions)
def capture_immediate(
    client: HasParts, event: str, **message: Unpack[CaptureOptions]
) -> Steps[str | None]:
    """As ``capture``, and deliver before returning; None when it was dropped or not delivered.

    What was not delivered for a reason that may pass stays queued, and may arrive later.
    """
    added = yield from flags_of(client.parts, message)
    return (yield from deliver(client.parts, _prepared(client.parts, event, message, added)))


@guarded(nothing, CaptureOptions)
def capture_ai(client: HasParts, event: str, **message: Unpack[CaptureOptions]) -> str | None:
    """As ``capture``, for the large events of AI applications: a queue and an endpoint of their own.

    What is captured is sent as it is: ``prepare_ai_properties`` shortens it before.
    """
    parts = client.parts
    return parts.outbox.queue(
        _prepared(parts, event, message, flags_now(parts, message)), is_ai=True
    )


@guarded_steps(nothing, CaptureOptions)
def capture_ai_immediate(
    client: HasParts, event: str, **message: Unpack[CaptureOptions]
) -> Steps[str | None]:
    """As ``capture_ai``, and deliver before returning; None when it was not delivered."""
    added = yield from flags_of(client.parts, message)
    prepared = _prepared(client.parts, event, message, added)
    return (yield from deliver(client.parts, prepared, is_ai=True))


@guarded(nothing, CaptureOptions)
def prepare_event_message(
    client: HasParts, event: str, **message: Unpack[CaptureOptions]
) -> PreparedEvent | None:
    """Do all that ``capture`` does, but queue nothing: the event, or None when it was dropped."""
    parts = client.parts
    prepared = _prepared(parts, event, message, flags_now(parts, message))
    if prepared is None:
        return None
    envelope: dict[str, Any] = prepared.decoded()
    names = ("event", "distinct_id", "properties", "timestamp", "uuid")
    return PreparedEvent(**{name: envelope[name] for name in names})


@guarded(dict)
def prepare_ai_properties(client: HasParts, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return an AI event's properties as this client may send them, for ``capture_ai``.

    As ``privacy_mode`` and ``enable_full_ai_capture`` say; when in doubt, nothing.
    """
    options = client.parts.options
    full, privacy = options.enable_full_ai_capture, options.privacy_mode
    return ai.prepare_ai_properties(properties, full=full, privacy=privacy)


def deliver(parts: Parts, event: Event | None, *, is_ai: bool = False) -> Steps[str | None]:
    """Deliver a prepared event; its uuid, or None."""
    if event is None:
        return None
    uuid: str | None = yield Call(lambda: parts.outbox.deliver(event, is_ai=is_ai))
    return uuid


def _prepared(
    parts: Parts, event: str, message: CaptureOptions, added: Mapping[str, Any]
) -> Event | None:
    if event == _EXCEPTION:
        logger.warning("for exceptions there is capture_exception; captured as given")
    return parts.preparation.prepare(
        event,
        distinct_id=message.get("distinct_id"),
        properties=message.get("properties"),
        timestamp=message.get("timestamp"),
        uuid=message.get("uuid"),
        groups=message.get("groups"),
        flag_properties=added,
        disable_geoip=message.get("disable_geoip"),
    )
