"""The person that the page asks for, read from what a browser sends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..web.response import Refused, json_response

__all__ = ["MOST_PEOPLE", "Person", "refused"]

MOST_PEOPLE: Final = 50
"""The most people that one request may ask for."""

_MAPS: Final = ("groups", "group_properties")


@dataclass(frozen=True)
class Person:
    """A person.

    Attributes:
        distinct_id: the id, which may be empty.
        properties: the person's properties.
        options: groups, their properties, the device id, and whether the properties are complete, as
            ``evaluate`` takes them.
    """

    distinct_id: str
    properties: Mapping[str, Any]
    options: Mapping[str, Any]

    @classmethod
    def parse(cls, value: Any) -> Person:
        """Read a person as the page writes one; what is left out is not given.

        Raises:
            Refused: a member has the wrong type (400).
        """
        person = _object("person", value)
        distinct_id = person.get("distinct_id", "")
        if not isinstance(distinct_id, str):
            raise refused(f"distinct_id must be text, got {type(distinct_id).__name__}")
        options: dict[str, Any] = {}
        for name in _MAPS:
            if found := _object(name, person.get(name, {})):
                options[name] = found
        for group, properties in options.get("group_properties", {}).items():
            _object(f"group_properties.{group}", properties)
        if (device_id := person.get("device_id")) is not None:
            options["device_id"] = device_id
        if isinstance(is_complete := person.get("complete"), bool):
            options["complete"] = is_complete
        return cls(distinct_id, _object("properties", person.get("properties", {})), options)

    def named(self, number: int) -> Person:
        """Return a made-up person with the same properties; the ids of the groups are others too."""
        options = dict(self.options)
        if groups := options.get("groups"):
            options["groups"] = {group: f"{key}-{number}" for group, key in groups.items()}
        if "device_id" in options:
            options["device_id"] = f"device-{number}"
        return Person(f"person-{number}", self.properties, options)


def refused(message: str, status: int = 400) -> Refused:
    """Return the refusal of a request, in the words that the page shows."""
    return Refused(json_response({"error": message}, status))


def _object(name: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise refused(f"{name} must be an object, got {type(value).__name__}")
    return value
