"""The events of capture v1, turned into the form of v0, or dropped one by one with the reason.

v1 has fields where v0 has properties; the tables `_OPTIONS` and `_LIFTED` name them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from .making import LONGEST_ID
from .times import moment_of

__all__ = ["PERSON_PROCESSING_DISABLED", "DroppedError", "as_v0"]

PERSON_PROCESSING_DISABLED: Final = "person_processing_disabled"

_LONGEST_NAME: Final = 200
_LIFTED: Final = {"session_id": "$session_id", "window_id": "$window_id"}
# What programs send for people whom they do not know: all of them would become one person.
_NOBODY: Final = frozenset(
    {"0", "00000000-0000-0000-0000-000000000000", "[object object]", "anonymous"}
    | {"anonymous-user", "backend", "distinct_id", "distinctid", "email", "false", "guest", "id"}
    | {"nan", "none", "not_authenticated", "null", "system", "true", "undefined", "user"}
)
_TRUE: Final = frozenset({"true", "1"})
_FALSE: Final = frozenset({"false", "0"})


class DroppedError(Exception):
    """An event is dropped; the text is the server's word for the reason."""


def as_v0(message: Mapping[str, Any], sdk: Mapping[str, str]) -> tuple[dict[str, Any], str]:
    """Return an event in the form of v0, and a warning; "" for none.

    ``sdk`` has properties that the event gets if it has none of these names.

    Raises:
        DroppedError: the event cannot be taken.
    """
    name, distinct_id = message.get("event"), message.get("distinct_id")
    if not isinstance(name, str) or not name.strip():
        raise DroppedError("missing_event_name")
    if len(name) > _LONGEST_NAME:
        raise DroppedError("event_name_too_long")
    if not isinstance(distinct_id, str) or not distinct_id.strip():
        raise DroppedError("missing_distinct_id")
    distinct_id = distinct_id.strip()
    if len(distinct_id) > LONGEST_ID:
        raise DroppedError("distinct_id_too_large")
    if moment_of(message.get("timestamp")) is None:
        raise DroppedError("invalid_event_timestamp")
    given = message.get("properties", {})
    if not isinstance(given, dict):
        raise DroppedError("malformed_event_properties")
    properties = {**sdk, **given, **_options(message.get("options"))}
    for field, property_name in _LIFTED.items():
        if isinstance(message.get(field), str):
            properties[property_name] = message[field]
    warning = ""
    if distinct_id.lower() in _NOBODY:
        warning = PERSON_PROCESSING_DISABLED
        properties["$process_person_profile"] = False
    return {
        "event": name,
        "uuid": message["uuid"],
        "distinct_id": distinct_id,
        "timestamp": message["timestamp"],
        "properties": properties,
    }, warning


def _options(given: Any) -> dict[str, Any]:
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise DroppedError("invalid_options")
    found = {}
    for option, (property_name, read) in _OPTIONS.items():
        if given.get(option) is not None:
            found[property_name] = read(given[option])
    return found


def _boolean(value: Any) -> bool:
    if isinstance(value, bool | int | float):
        return bool(value)
    word = value.strip().lower() if isinstance(value, str) else ""
    if word not in _TRUE | _FALSE:
        raise DroppedError("invalid_options")
    return word in _TRUE


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise DroppedError("invalid_options")
    return str(value)


_OPTIONS: Final[dict[str, tuple[str, Callable[[Any], Any]]]] = {
    "cookieless_mode": ("$cookieless_mode", _boolean),
    "disable_skew_correction": ("$ignore_sent_at", _boolean),
    "process_person_profile": ("$process_person_profile", _boolean),
    "product_tour_id": ("$product_tour_id", _text),
}
