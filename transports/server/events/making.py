"""An event as an SDK has sent it becomes an event to keep and to pass on.

The message changes as little as possible: what it has stays, except for the project key and for the
names that only older SDKs use. What the server needs and the message lacks is added.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ...batching.event import Event
from ...batching.event_fields import canonical_uuid
from ...batching.uuids import new_uuid
from ...json_text import decoded_to_json, to_json
from .times import timestamp_of

__all__ = ["KEYS", "LONGEST_ID", "InvalidMessageError", "Receipt", "event_of", "id_text"]

LONGEST_ID: Final = 200
"""The most characters of a distinct id; the server cuts longer ones."""

KEYS: Final = ("api_key", "token", "$token")
"""The names under which a message has the key of its project. The relay sends the key once for a whole batch."""

_NEVER_PASSED_ON: Final = frozenset({*KEYS, "offset", "sent_at", "$distinct_id"})


class InvalidMessageError(ValueError):
    """A message is no event; the text says why, in the words of PostHog's server."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a request says of all its events.

    Attributes:
        now: when it arrived, in seconds since 1970.
        skew: the seconds by which the sender's clock is behind.
        address: the address of the client.
        adds_address: whether events without ``$ip`` get the address; else they get null, because the server
            upstream would take the address of this server for theirs.
        default_name: the name of events that have none; "" for none.
    """

    now: float
    skew: float = 0.0
    address: str | None = None
    adds_address: bool = True
    default_name: str = ""


def event_of(message: Any, receipt: Receipt) -> Event:
    """Return the event of a message, which this changes.

    Raises:
        InvalidMessageError: the message is no object, has no name or no distinct id, or its properties are
            no object.
    """
    if type(message) is not dict:
        msg = f"each event must be an object, got {type(message).__name__}"
        raise InvalidMessageError(msg)
    properties = message.get("properties")
    if type(properties) is not dict:
        if properties is not None:
            msg = f"properties must be an object, got {type(properties).__name__}"
            raise InvalidMessageError(msg)
        properties = message["properties"] = {}
    name = message.get("event")
    if type(name) is not str or not name.strip():
        name = message["event"] = _default_name(name, receipt)
    distinct_id = message.get("distinct_id")
    if type(distinct_id) is not str or not _is_usual(distinct_id):
        message["distinct_id"] = _distinct_id(message, properties)
    uuid = canonical_uuid(message.get("uuid")) or new_uuid(receipt.now)
    message["uuid"] = uuid
    skew = 0.0 if receipt.skew and _ignores_skew(properties) else receipt.skew
    message["timestamp"] = timestamp_of(
        message.get("timestamp"), message.get("offset"), skew=skew, now=receipt.now
    )
    if not _NEVER_PASSED_ON.isdisjoint(message):
        for field in _NEVER_PASSED_ON.intersection(message):
            del message[field]
    if "$ip" not in properties:
        properties["$ip"] = receipt.address if receipt.adds_address else None
    return Event(uuid, name, decoded_to_json(message))


def _default_name(name: Any, receipt: Receipt) -> str:
    if receipt.default_name and (name is None or name == ""):
        return receipt.default_name
    msg = "event submitted with an empty event name"
    if name is not None and not isinstance(name, str):
        msg = f"the event name must be text, got {type(name).__name__}"
    raise InvalidMessageError(msg)


def _distinct_id(message: Mapping[str, Any], properties: Mapping[str, Any]) -> str:
    for value in (
        message.get("distinct_id"),
        message.get("$distinct_id"),
        properties.get("distinct_id"),
        properties.get("$distinct_id"),
    ):
        if value is not None:
            text = id_text(value)
            if text:
                return text
            msg = "event submitted with an empty distinct_id"
            raise InvalidMessageError(msg)
    msg = "event submitted without a distinct_id"
    raise InvalidMessageError(msg)


def id_text(value: object) -> str:
    """Return a distinct id as text of at most 200 characters; "" if it is blank.

    Values other than text become their JSON, because posthog-js accepts any value as an id.

    >>> id_text(17), id_text(True), id_text(" "), len(id_text("x" * 300))
    ('17', 'true', '', 200)
    """
    text = value if isinstance(value, str) else to_json(value).decode()
    text = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    return text[:LONGEST_ID] if text.strip() else ""


def _is_usual(distinct_id: str) -> bool:
    """Return whether an id stays as it is."""
    return len(distinct_id) <= LONGEST_ID and "\0" not in distinct_id and bool(distinct_id.strip())


def _ignores_skew(properties: Mapping[str, Any]) -> bool:
    return properties.get("$ignore_sent_at") is True
