"""A captured event: validated and serialised as JSON once, and never changed afterwards.

``capture`` fixes the uuid, timestamp, name and properties before it returns. So later changes by
the caller have no effect, and every retry is identical. This module knows no lane, wire or queue.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flagengine import usable_id

from ..clock import Clock
from ..errors import InvalidEventError
from ..json_text import members_of, read_json, to_json
from .causes import Causes, current_causes
from .event_fields import canonical_uuid, format_utc, normalise_timestamp
from .uuids import new_uuid

__all__ = ["Event", "make_event", "parse_event", "unmade_event"]

# Root keys of events in older SDKs, which ``wire_v1`` moves into the properties.
LEGACY_ROOT_KEYS = ("$set", "$set_once", "$groups")


@dataclass(frozen=True, slots=True, repr=False, init=False)
class Event:
    """An event, ready to send.

    ``body`` is a JSON object with ``uuid``, ``event``, ``distinct_id``, ``timestamp`` and
    ``properties``.
    """

    uuid: str
    name: str
    body: bytes

    def __init__(self, uuid: str, name: str, body: bytes) -> None:
        # What dataclasses would write takes three times as long.
        _set_uuid(self, uuid)
        _set_name(self, name)
        _set_body(self, body)

    @property
    def causes(self) -> Causes:
        """The callbacks that caused the event."""
        return frozenset()

    def __repr__(self) -> str:
        return f"<Event {self.name!r} {self.uuid} {len(self.body)} bytes>"

    def decoded(self) -> dict[str, object]:
        """Return the JSON object as a new dict."""
        envelope: dict[str, object] = json.loads(self.body)
        return envelope


_set_uuid, _set_name, _set_body = (vars(Event)[name].__set__ for name in ("uuid", "name", "body"))


class CausedEvent(Event):
    """An event that callbacks have caused."""

    __slots__ = ("_causes",)
    _causes: Causes

    def __init__(self, uuid: str, name: str, body: bytes, causes: Causes) -> None:
        super().__init__(uuid, name, body)
        object.__setattr__(self, "_causes", causes)

    @property
    def causes(self) -> Causes:
        """The callbacks that caused the event."""
        return self._causes


def _ignore(_message: str) -> None:
    pass


def make_event(
    message: Mapping[str, object], *, clock: Clock, warn: Callable[[str], None] = _ignore
) -> Event:
    """Return an event from a message with ``event``, ``distinct_id`` and optional further fields.

    Use the current time if the message has no timestamp. Replace an invalid timestamp or uuid, with
    a warning.

    Raises:
        InvalidEventError: the name or the distinct id is missing or blank, or a value cannot be read.
    """
    try:
        name = _required_text(message.get("event"), "event name")
        distinct_id = _required_id(message.get("distinct_id"))
        wall = clock.wall()
        uuid = _choose_uuid(message.get("uuid"), wall, warn)
        envelope: dict[str, object] = {
            "uuid": uuid,
            "event": name,
            "distinct_id": distinct_id,
            "timestamp": _choose_timestamp(message.get("timestamp"), wall, warn),
            "properties": _properties(message.get("properties"), warn),
        }
        for key in LEGACY_ROOT_KEYS:
            if key in message:
                envelope[key] = message[key]
        body, causes = to_json(envelope), current_causes()
        return CausedEvent(uuid, name, body, causes) if causes else Event(uuid, name, body)
    except InvalidEventError:
        raise
    except Exception as error:
        # An application's mapping may raise anything, and memory may run out.
        msg = f"the event cannot be read: {type(error).__name__}"
        raise InvalidEventError(msg) from error


def unmade_event(message: Mapping[str, object], *, clock: Clock) -> Event:
    """Return as much of an event as an invalid message allows, to report its loss."""
    try:
        given = {key: message.get(key) for key in ("uuid", "event", "distinct_id", "properties")}
        name, uuid = given["event"], canonical_uuid(given["uuid"]) or new_uuid(clock.wall())
        body = to_json({**given, "uuid": uuid})
    except Exception:  # noqa: BLE001 - an application's mapping may raise anything
        name, uuid, body = "", new_uuid(clock.wall()), b"{}"
    return Event(uuid, name if isinstance(name, str) else "", body)


def parse_event(body: bytes) -> Event:
    """Return the event with this ``body``.

    Raises:
        InvalidEventError: the bytes are not the body of an event.
    """
    try:
        envelope = read_json(body)
        name = _required_text(envelope["event"], "event name")
        _required_text(envelope["distinct_id"], "distinct_id")
        fits = isinstance(envelope.get("properties", {}), dict)
        if fits and canonical_uuid(envelope["uuid"]) and isinstance(envelope["uuid"], str):
            return Event(envelope["uuid"], name, body)
    except (ValueError, KeyError, TypeError, InvalidEventError):
        pass
    msg = f"expected the JSON object of an event, got {len(body)} other bytes"
    raise InvalidEventError(msg)


def _required_text(value: object, what: str) -> str:
    if isinstance(value, str) and value.strip():
        return value
    found = "blank text" if isinstance(value, str) else type(value).__name__
    msg = f"{what} must be non-empty text, got {found}"
    raise InvalidEventError(msg)


def _required_id(value: object) -> str:
    """Return the id as text, as the engine reads it: a boolean, NaN or a list is no id."""
    text = usable_id(value)
    if text is None:
        msg = f"distinct_id must be text with a UTF-8 form or a number, got {type(value).__name__}"
        raise InvalidEventError(msg)
    return _required_text(text, "distinct_id")


def _choose_uuid(value: object, wall: float, warn: Callable[[str], None]) -> str:
    if value is None:
        return new_uuid(wall)
    uuid = canonical_uuid(value)
    if uuid is None:
        warn("uuid must be a UUID; a new UUID is used")
        return new_uuid(wall)
    return uuid


def _choose_timestamp(value: object, wall: float, warn: Callable[[str], None]) -> str:
    if value is None:
        return format_utc(wall)
    timestamp = normalise_timestamp(value)
    if timestamp is None:
        warn("timestamp must be a datetime or ISO 8601 text; the current time is used")
        return format_utc(wall)
    return timestamp


def _properties(value: object, warn: Callable[[str], None]) -> Mapping[str, object]:
    if value is None:
        return {}
    if type(value) is dict:  # as `members_of` says, without the calls
        return value
    members = members_of(value)
    if members is not None:
        return members
    warn(f"properties must be a mapping, got {type(value).__name__}; ignored")
    return {}
