"""From the arguments of ``capture`` to an event that is ready to be queued, in a fixed order.

Gate, validation, whose event it is, enrichment, envelope, ``before_send``; the size is the lane's
business. Nothing is queued or sent here. The event is written as JSON before this returns, so what
the caller changes later does not change it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..batching.episodes import Episodes
from ..batching.event import Event, make_event
from ..batching.identifiers import new_uuid
from ..clock import Clock
from ..context import Context, current, id_of
from ..errors import InvalidEventError
from .gate import Gate
from .hooks import run_hooks
from .options import Options
from .storage import Memory

__all__ = ["NOTHING", "Preparation", "PreparedEvent"]

logger = logging.getLogger("flagengine.client")

NOTHING: Mapping[str, Any] = {}
PERSONLESS = "$process_person_profile"
_SESSION = "$session_id"
_GROUPS = "$groups"
_TAGS = "$context_tags"
_NO_GEOIP = "$geoip_disable"


@dataclass(frozen=True, slots=True)
class PreparedEvent:
    """An event exactly as ``capture`` would have queued it."""

    event: str
    distinct_id: str
    properties: Mapping[str, Any]
    timestamp: str
    uuid: str


class Preparation:
    """``owned`` are the properties of the SDK itself, ``runtime`` those of the process."""

    def __init__(
        self,
        options: Options,
        memory: Memory,
        gate: Gate,
        clock: Clock,
        *,
        owned: Mapping[str, Any],
        runtime: Mapping[str, Any],
    ) -> None:
        self._memory = memory
        self._gate = gate
        self._clock = clock
        self._hooks = options.hooks
        self._episodes = Episodes()
        self._disable_geoip = options.disable_geoip
        self._owned = dict(owned)
        self._runtime = dict(runtime)

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
    ) -> Event | None:
        """The event, or None when it must not be sent; why is in the log.

        ``keep`` reduces the properties once they are complete.
        """
        if not self._gate.admits():
            return None
        if not isinstance(name, str) or not name.strip():
            logger.warning("expected an event name, found %s: dropped", _shown(name))
            return None
        context = current()
        who = id_of(distinct_id, context)
        merged = self._merge(context, flag_properties, _mapping("properties", properties))
        if who is None:
            who = new_uuid(self._clock.wall())
            merged.setdefault(PERSONLESS, False)
        self._own(merged, groups, disable_geoip)
        message = {
            "event": name,
            "distinct_id": who,
            "properties": merged if keep is None else keep(merged),
            "timestamp": timestamp,
            "uuid": uuid,
        }
        return self._checked(message)

    def _merge(
        self,
        context: Context | None,
        flag_properties: Mapping[str, Any],
        given: Mapping[str, Any],
    ) -> dict[str, Any]:
        """All properties but the SDK's own; later ones win."""
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
        given = _mapping("groups", groups)
        if given:
            known = merged.get(_GROUPS)
            merged[_GROUPS] = {**known, **given} if isinstance(known, Mapping) else dict(given)
        merged.update(self._owned)
        if self._disable_geoip if disable_geoip is None else disable_geoip:
            merged[_NO_GEOIP] = True

    def _checked(self, message: dict[str, Any]) -> Event | None:
        try:
            event = make_event(message, clock=self._clock, warn=logger.warning)
            if not self._hooks:
                return event
            # A hook gets plain values of its own: nothing it changes is the application's.
            final = run_hooks(self._hooks, event.decoded(), self._episodes)
            if final is None:
                return None
            return make_event(final, clock=self._clock, warn=logger.warning)
        except InvalidEventError as error:
            logger.warning("event was dropped: %s", error)
            return None


def _mapping(what: str, given: object) -> Mapping[str, Any]:
    if given is None:
        return NOTHING
    if isinstance(given, Mapping):
        return given
    logger.warning("expected %s as a mapping, found %s: left out", what, type(given).__name__)
    return NOTHING


def _shown(name: object) -> str:
    return "blank text" if isinstance(name, str) else type(name).__name__
