"""The preparation of events from the arguments of ``capture``, and their queueing.

``Preparation`` makes the event in a fixed order: status of the client, distinct id, properties,
validation, JSON, ``before_send``. The event is serialised before ``capture`` returns, so later
changes by the caller have no effect. ``Outbox`` chooses the lane, which refuses events that are too
large.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict
from uuid import UUID

from ..application_errors import application_errors
from ..batching.batch import DropReason
from ..batching.event import Event, make_event, unmade_event
from ..batching.lanes import AI_LANE, AI_NAMED_LANE
from ..batching.pipeline import EVENTS_LANE, EventPipeline
from ..batching.uuids import new_uuid
from ..clock import Clock
from ..context import Context, current, id_of
from ..errors import ClientClosedError, HookError, InvalidEventError, TransportError
from ..flags.evaluations import FlagEvaluations
from ..incidents import Incidents
from ..json_text import members_of
from ..log_fields import log_fields
from .hooks import Hooks
from .listeners import Listeners
from .options import BeforeSend, Options
from .plain_events import PlainEvents
from .status import ClientStatus
from .storage import Memory

__all__ = ["NOTHING", "CaptureOptions", "Outbox", "Preparation", "PreparedEvent", "mapping_of"]

logger: logging.Logger = logging.getLogger("flagengine.client")

Refuse = Callable[[Event, DropReason, TransportError], None]
"""A function that counts and reports an event that cannot be queued."""

NOTHING: Mapping[str, Any] = {}
PERSONLESS = "$process_person_profile"
_SESSION = "$session_id"
_GROUPS = "$groups"
_TAGS = "$context_tags"
_NO_GEOIP = "$geoip_disable"
_AI_PREFIX = "$ai_"


class CaptureOptions(TypedDict, total=False):
    """The keyword arguments of ``capture`` and its variants."""

    distinct_id: object
    """The person's distinct id; by default the context's, otherwise a new id without a profile."""
    properties: Mapping[str, Any] | None
    """The event's properties. They are serialised at once, so later changes have no effect."""
    timestamp: datetime | str | None
    """The time of the event; UTC if it has no time zone. By default now."""
    uuid: str | UUID | None
    """The event's uuid. The server counts events with the same uuid once."""
    groups: Mapping[str, Any] | None
    """The groups of the event: ``{"company": "acme"}``."""
    flags: FlagEvaluations | None
    """The result of ``evaluate_flags``, whose flags are added to the event."""
    send_feature_flags: bool | Mapping[str, Any]
    """Whether to evaluate flags for the event: True, or a mapping of ``only_evaluate_locally``,
    ``person_properties``, ``group_properties``, ``flag_keys`` (in posthog-python ``flag_keys_filter``)
    and ``should_send``. Prefer ``flags``."""
    disable_geoip: bool | None
    """Overrides the client's ``disable_geoip``."""


@dataclass(frozen=True, slots=True)
class PreparedEvent:
    """An event exactly as ``capture`` would queue it."""

    event: str
    distinct_id: str
    properties: Mapping[str, Any]
    timestamp: str
    uuid: str


class Preparation:
    """A maker of events. ``owned`` has the SDK's properties, ``runtime`` those of the process."""

    def __init__(
        self,
        options: Options,
        memory: Memory,
        status: ClientStatus,
        clock: Clock,
        *,
        owned: Mapping[str, Any],
        runtime: Mapping[str, Any],
    ) -> None:
        self._memory = memory
        self._status = status
        self._clock = clock
        self._delivers_at_once = options.sync_mode
        self._refuse: Refuse = _nobody_is_told
        self._incidents = Incidents()
        self._disable_geoip = options.disable_geoip
        self._owned = dict(owned)
        self._runtime = dict(runtime)
        above = {**owned, **({_NO_GEOIP: True} if options.disable_geoip else {})}
        usual = PlainEvents(memory, status, clock, runtime=self._runtime, owned=above)
        self._make_plain: Callable[[object, Mapping[str, Any]], Event | None] = usual.make
        self.use_hooks(options.hooks)

    def use_hooks(self, hooks: Sequence[BeforeSend]) -> None:
        """Call these hooks from now on, instead of the former ones."""
        self._hooks = Hooks(hooks)
        self._has_hooks = bool(hooks)
        # Hooks see every event, and in ``sync_mode`` an event is not queued.
        is_unusual = self._has_hooks or self._delivers_at_once
        self.plain: Callable[[object, Mapping[str, Any]], Event | None] = (
            _never if is_unusual else self._make_plain
        )
        """Makes the event of a usual call; None: ``prepare`` must make it."""

    def is_in_hook(self) -> bool:
        """Return whether a ``before_send`` hook runs in this thread."""
        return self._has_hooks and self._hooks.is_running()

    def report_to(self, refuse: Refuse) -> None:
        """Report events that cannot be prepared to ``refuse`` from now on."""
        self._refuse = refuse

    def prepare(
        self,
        name: object,
        *,
        distinct_id: object = None,
        properties: object = None,
        timestamp: object = None,
        uuid: object = None,
        groups: object = None,
        flag_properties: Mapping[str, Any] = NOTHING,
        disable_geoip: bool | None = None,
        keep: Callable[[Mapping[str, Any]], dict[str, Any]] | None = None,
        is_dry: bool = False,
    ) -> Event | None:
        """Return the event, or None if it must not be sent; log and report the reason.

        ``keep`` selects the properties to send from all properties. With ``is_dry``, the event is not
        to be sent, so a failure is no loss.
        """
        message = {
            "event": name,
            "distinct_id": distinct_id,
            "properties": properties,
            "timestamp": timestamp,
            "uuid": uuid,
        }
        refuse = _nobody_is_told if is_dry else self._refuse
        if not self._status.accepts_events():
            if self._status.is_closed and self._status.is_usable and not self._memory.is_opted_out:
                error = ClientClosedError("the client is shut down")
                refuse(unmade_event(message, clock=self._clock), DropReason.CLOSED, error)
            return None
        try:
            self._complete(message, flag_properties, groups, disable_geoip, keep)
            if self._has_hooks:
                return self._after_hooks(message, refuse)
            return make_event(message, clock=self._clock, warn=logger.warning)
        except InvalidEventError as error:
            if is_dry:
                logger.warning("event dropped: %s", error, extra=log_fields(error=error))
            refuse(unmade_event(message, clock=self._clock), DropReason.INVALID, error)
        except application_errors() as error:
            self._failed(error)
            failure = InvalidEventError(f"the event cannot be read: {type(error).__name__}")
            failure.__cause__ = error
            refuse(unmade_event(message, clock=self._clock), DropReason.INVALID, failure)
        return None

    def _failed(self, error: BaseException) -> None:
        """Log the traceback only once: the same failure may repeat on every call."""
        kind = type(error).__name__
        if self._incidents.opens(kind):
            message = "an event was lost: its preparation raised %s"
            logger.error(message, kind, exc_info=error, extra=log_fields(error=error))

    def _complete(
        self,
        message: dict[str, Any],
        flag_properties: Mapping[str, Any],
        groups: object,
        disable_geoip: bool | None,
        keep: Callable[[Mapping[str, Any]], dict[str, Any]] | None,
    ) -> None:
        """Add the distinct id and all properties to the message."""
        context = current()
        person = id_of(message["distinct_id"], context)
        given = mapping_of("properties", message["properties"])
        merged = self._merge(context, flag_properties, given)
        if person is None:
            person = new_uuid(self._clock.wall())
            merged.setdefault(PERSONLESS, False)
        self._own(merged, groups, disable_geoip)
        message["distinct_id"] = person
        message["properties"] = merged if keep is None else keep(merged)

    def _merge(
        self,
        context: Context | None,
        flag_properties: Mapping[str, Any],
        given: Mapping[str, Any],
    ) -> dict[str, Any]:
        """Merge all properties except for the SDK's own; later properties win."""
        merged = {**self._runtime, **self._memory.super_properties}
        if context is not None:
            merged.update(context.properties)
            if context.properties:
                merged[_TAGS] = sorted(map(str, context.properties))
            if context.session_id:
                merged[_SESSION] = context.session_id
        merged.update(flag_properties)
        merged.update(given)
        return merged

    def _own(self, merged: dict[str, Any], groups: object, disable_geoip: bool | None) -> None:
        given = mapping_of("groups", groups)
        if given:
            known = merged.get(_GROUPS)
            merged[_GROUPS] = {**known, **given} if isinstance(known, Mapping) else dict(given)
        merged.update(self._owned)
        if self._disable_geoip if disable_geoip is None else disable_geoip:
            merged[_NO_GEOIP] = True

    def _after_hooks(self, message: dict[str, Any], refuse: Refuse) -> Event | None:
        """Return the event after all hooks; None if a hook dropped it, which is no loss."""
        reason = DropReason.RECURSION
        try:
            self._hooks.check_idle(message["event"])
            reason = DropReason.HOOK_FAILED
            event = make_event(message, clock=self._clock, warn=logger.warning)
            # Hooks get a copy, so that they cannot change the application's objects.
            final = self._hooks.run(event.decoded())
        except HookError as error:
            # Without the properties, because the hook might have removed confidential ones.
            named = {"event": message["event"], "uuid": message["uuid"]}
            refuse(unmade_event(named, clock=self._clock), reason, error)
            return None
        return None if final is None else make_event(final, clock=self._clock, warn=logger.warning)


class Outbox:
    """The sender of prepared events: queues them in the pipeline's lanes, and calls the listeners."""

    def __init__(
        self, pipeline: EventPipeline, lanes: Collection[str], listeners: Listeners
    ) -> None:
        self._pipeline = pipeline
        self._lanes = frozenset(lanes)
        self._listeners = listeners

    def queue(self, event: Event | None, *, is_ai: bool = False) -> str | None:
        """Queue the event; return its uuid, or None if it was not accepted."""
        if event is None:
            return None
        uuid = self._pipeline.push(event, lane=self._lane(event, is_ai=is_ai))
        if uuid is not None:
            self._listeners.notify_queued(event)
        return uuid

    def deliver(self, event: Event, *, is_ai: bool = False) -> str | None:
        """Deliver the event before returning; return its uuid, or None if the delivery failed."""
        self._listeners.notify_queued(event)
        lane = self._lane(event, is_ai=is_ai)
        return event.uuid if self._pipeline.deliver(event, lane=lane) else None

    def _lane(self, event: Event, *, is_ai: bool) -> str:
        """Return the event's lane, or the main lane if the pipeline lacks that lane."""
        if not is_ai and not event.name.startswith(_AI_PREFIX):
            return EVENTS_LANE
        lane = AI_LANE if is_ai else AI_NAMED_LANE
        return lane if lane in self._lanes else EVENTS_LANE


def mapping_of(what: str, given: object) -> Mapping[str, Any]:
    """Return the mapping; nothing, with a warning, if it is something else than a mapping or None."""
    if given is None:
        return NOTHING
    members = members_of(given)
    if members is not None:
        return members
    logger.warning("%s must be a mapping, got %s; ignored", what, type(given).__name__)
    return NOTHING


def _never(_name: object, _message: Mapping[str, Any]) -> None:
    """Make no event."""


def _nobody_is_told(_event: Event, _reason: DropReason, _error: TransportError) -> None:
    """Do nothing."""
