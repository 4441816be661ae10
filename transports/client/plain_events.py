"""The quickest way to an event, for the usual call of ``capture``: an id, and properties of JSON's types.

The full way (``preparation``) merges all properties for each event and converts every value. Here the
properties that all events of the client have were merged and written as JSON before, so only the
caller's own are written; nothing is decided. The result is the same but for the order of the members.
Whatever is not usual, from a context to a property with a name of the client's own, goes the full way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..batching.causes import current_causes
from ..batching.event import Event
from ..batching.event_fields import format_utc
from ..batching.uuids import new_uuid
from ..clock import Clock
from ..context import current
from ..json_text import encode_plain, is_plain, to_json
from .status import ClientStatus
from .storage import Memory

__all__ = ["PlainEvents"]

_USUAL = frozenset({"distinct_id", "properties"})
_EXCEPTION = "$exception"
_NONE: dict[str, Any] = {}
# An event begins with its properties, before which those of all events are put.
_BEGINNING = len(b'{"properties":{')


class _Frame:
    """The properties that all events have, written as JSON, for one state of the super properties."""

    __slots__ = ("alone", "before", "is_usable", "names", "source")

    def __init__(self, source: Mapping[str, Any], properties: dict[str, Any]) -> None:
        self.source = source
        self.names = frozenset(properties)
        # Values that must be converted are converted for each event, as they may change.
        self.is_usable = is_plain(properties) and all(type(name) is str for name in properties)
        members = to_json(properties)[1:-1] if self.is_usable else b""
        self.alone = b'{"properties":{' + members
        self.before = self.alone + b"," if members else self.alone


class PlainEvents:
    """A maker of plain events. ``runtime`` and ``owned`` are properties below and above all others."""

    def __init__(
        self,
        memory: Memory,
        status: ClientStatus,
        clock: Clock,
        *,
        runtime: Mapping[str, Any],
        owned: Mapping[str, Any],
    ) -> None:
        self._memory = memory
        self._status = status
        self._clock = clock
        self._runtime = runtime
        self._owned = owned
        self._frame = _Frame(_NONE, {**runtime, **owned})

    def make(self, name: object, message: Mapping[str, Any]) -> Event | None:
        """Return the event; None if it must go the full way."""
        if not _USUAL.issuperset(message) or not self._status.is_active:
            return None
        person, given = message.get("distinct_id"), message.get("properties")
        if given is None:
            given = _NONE
        try:
            if (
                type(name) is not str
                or type(person) is not str
                or type(given) is not dict
                or name == _EXCEPTION
                # Blank text is no name and no id.
                or not name.strip()
                or not person.strip()
                or not is_plain(given)
                or current() is not None
                or current_causes()
            ):
                return None
            frame = self._frame
            if frame.source is not self._memory.super_properties:
                frame = self._framed(self._memory.super_properties)
            if not (frame.is_usable and frame.names.isdisjoint(given)):
                return None
            wall = self._clock.wall()
            uuid = new_uuid(wall)
            envelope = {
                "properties": given,
                "uuid": uuid,
                "event": name,
                "distinct_id": person,
                "timestamp": format_utc(wall),
            }
            written = encode_plain(envelope)
        except Exception:  # noqa: BLE001 - such as a lone surrogate: the full way knows what to do
            return None
        before = frame.before if given else frame.alone
        return Event(uuid, name, before + written[_BEGINNING:])

    def _framed(self, super_properties: Mapping[str, Any]) -> _Frame:
        merged = {**self._runtime, **super_properties, **self._owned}
        self._frame = _Frame(super_properties, merged)
        return self._frame
