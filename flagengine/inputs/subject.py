"""The person who is evaluated, with groups and device, and their properties (SPEC R6).

A property has a value, is known to be absent, or is unknown.
"""

from collections.abc import Callable, Hashable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from flagengine.inputs.arguments import MISSING, found_in
from flagengine.inputs.request import Request
from flagengine.values.conversion import to_json_value
from flagengine.values.json_values import NOT_GIVEN, has_utf8, text

if TYPE_CHECKING:  # few calls compare dates
    from datetime import datetime

    from flagengine.values.instants import Moment

__all__ = [
    "ABSENT",
    "CLICK_IDS",
    "DERIVED",
    "INITIAL_SOURCES",
    "MIRRORED",
    "Absent",
    "Subject",
    "id_in",
    "usable_id",
]

MAX_DISTINCT_ID_CHARACTERS: Final = 200
"""The server cuts an id of more than 200 bytes to this many characters (SPEC R6). Cutting every id
is the same: a longer id has more bytes, a shorter id loses nothing."""


class Absent(Enum):
    """The type of :data:`ABSENT`."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT
"""A property that is known to be absent; :data:`NOT_GIVEN` is a property that may exist."""

MIRRORED: Final = {"$os": "$os_name", "$os_name": "$os"}
"""Each property is the value of the other if that is absent from complete properties (SPEC R6)."""

CLICK_IDS: Final = (
    "gclid",
    "gad_source",
    "gclsrc",
    "dclid",
    "gbraid",
    "wbraid",
    "fbclid",
    "msclkid",
    "twclid",
    "li_fat_id",
    "mc_cid",
    "igshid",
    "ttclid",
    "rdt_cid",
    "epik",
    "qclid",
    "sccid",
    "irclid",
    "_kx",
)
"""The parameters by which advertising platforms mark the clicks that they send."""

INITIAL_SOURCES: Final = {
    **{
        f"$initial_{name}": f"${name}"
        for name in [
            "app_build",
            "app_name",
            "app_namespace",
            "app_version",
            "browser",
            "browser_version",
            "device_type",
            "current_url",
            "pathname",
            "os",
            "os_version",
            "referring_domain",
            "referrer",
            "screen_height",
            "screen_width",
            "viewport_height",
            "viewport_width",
            "raw_user_agent",
        ]
    },
    **{
        f"$initial_{name}": name
        for name in [
            "utm_source",
            "utm_medium",
            "utm_campaign",
            "utm_content",
            "utm_term",
            *CLICK_IDS,
        ]
    },
}
"""The source of an absent initial value when the properties are complete (SPEC R6)."""

DERIVED: Final = MIRRORED.keys() | INITIAL_SOURCES.keys()
"""The properties that have a source when they are absent from complete properties."""


class Subject:
    """One person with groups and device, for one call.

    A subject never changes its inputs. It reads ``clock`` at most once, for a date comparison.
    """

    __slots__ = ("_clock", "_converted", "_forms", "_moment", "_person", "_request", "given_id")

    def __init__(
        self,
        distinct_id: object,
        props: Mapping[str, Any],
        request: Request,
        clock: "Callable[[], datetime]",
    ) -> None:
        """Bind the inputs of a call."""
        self.given_id: object = distinct_id
        self._person = props
        self._request = request
        self._clock = clock
        self._moment: Moment | None = None
        self._converted: dict[tuple[str | None, str], Any] = {}
        self._forms: dict[Hashable, tuple[Any, Any]] = {}

    @property
    def strict_groups(self) -> bool:
        """Whether a group that was not passed is unknown."""
        return self._request.strict_groups

    @property
    def distinct_id(self) -> str | None:
        """The id that is hashed, cut as on the server; None when the given id is unusable."""
        identity = usable_id(self.given_id)
        return identity and identity[:MAX_DISTINCT_ID_CHARACTERS]

    @property
    def device_id(self) -> str | None:
        """The device id of the call, else the person property ``$device_id``."""
        return usable_id(self._request.device_id) or id_in(self._person, "$device_id")

    @property
    def is_complete(self) -> bool:
        """Whether the person properties are complete."""
        return self._request.complete.person

    @property
    def moment(self) -> "Moment":
        """The time and zone of date comparisons; the same for the whole call."""
        if self._moment is None:
            from flagengine.values.instants import Moment  # noqa: PLC0415 3 ms, for dates only

            now = self._request.now or self._clock()
            self._moment = Moment.of(now, self._request.zone)
        return self._moment

    def in_form(self, value: Any, convert: Callable[[Any], Any]) -> Any:
        """Return what ``convert`` makes of a list or object, which it reads once for a call."""
        identity = (id(value), convert)
        if identity not in self._forms:
            self._forms[identity] = (value, convert(value))  # keeps the value, and so its id
        return self._forms[identity][1]

    def person_property(self, key: str) -> Any:
        """Return a property's JSON value, :data:`ABSENT`, or :data:`NOT_GIVEN`."""
        given = self._given(key)
        if given is not MISSING:
            return given
        if key == "distinct_id":  # never absent: an unusable id is an unknown id
            identity = usable_id(self.given_id)
            return NOT_GIVEN if identity is None else identity
        return self._enriched(key) if self._request.complete.person else NOT_GIVEN

    def _given(self, key: str) -> Any:
        """Return a given property's JSON value, or MISSING."""
        return self._read(self._person, key, (None, key))

    def _read(self, properties: Mapping[str, Any], key: str, place: tuple[str | None, str]) -> Any:
        """Return a property's JSON value, or MISSING; a list, whose conversion takes time, is remembered."""
        value = found_in(properties, key)
        if value is MISSING or value is NOT_GIVEN or type(value) is str:
            return value
        if place not in self._converted:
            self._converted[place] = to_json_value(value)
        return self._converted[place]

    def _enriched(self, key: str) -> Any:
        """Return the value that the server derives for an absent property, or ABSENT."""
        source = MIRRORED.get(key)
        if source is not None:
            given = self._given(source)
            return ABSENT if given is MISSING else given
        source = INITIAL_SOURCES.get(key)
        return ABSENT if source is None else self.person_property(source)

    def group_key(self, name: str) -> str | None:
        """Return the key of the person's group of a type; None when no such group was passed."""
        return id_in(self._request.groups, name)

    def group_property(self, name: str, key: str) -> Any:
        """Return a group property's JSON value, :data:`ABSENT`, or :data:`NOT_GIVEN`.

        A group that was not passed has the properties given for its type, and no others (SPEC R6.6).
        """
        given = self._given_of_group(name, key)
        if self.group_key(name) is None:
            if self._request.strict_groups:
                return NOT_GIVEN
            return ABSENT if given is NOT_GIVEN or given is MISSING else given
        if given is not MISSING:
            return given
        if key == "$group_key":
            return to_json_value(found_in(self._request.groups, name))
        return ABSENT if self._request.complete.of_group(name) else NOT_GIVEN

    def _given_of_group(self, name: str, key: str) -> Any:
        properties = found_in(self._request.group_properties, name)
        if properties is MISSING or properties is NOT_GIVEN or properties is None:
            return properties if properties is NOT_GIVEN else MISSING
        return self._read(properties, key, (name, key))

    def lacks_group_property(self, name: str, key: str) -> bool:
        """Tell whether a group property would be unknown even if the group were passed."""
        given = self._given_of_group(name, key)
        if given is not MISSING:
            return given is NOT_GIVEN
        return key != "$group_key" and not self._request.complete.of_group(name)


def id_in(mapping: Mapping[str, Any], key: str) -> str | None:
    """Return the id of a group or a device in a caller's mapping, or None."""
    value = found_in(mapping, key)
    return None if value is MISSING else usable_id(value) or None


def usable_id(value: object) -> str | None:
    """Return an id as the text that is hashed, or None for an unusable id.

    An id is text, or a number, which is hashed as its JSON. Booleans, null, and text with lone
    surrogates, which no request can carry, are unusable. The empty text is a distinct id
    (SPEC R3.16), but names no group and no device.
    """
    if type(value) is str:
        return value if has_utf8(value) else None
    converted = to_json_value(value)
    if isinstance(converted, str):
        return usable_id(converted)
    if isinstance(converted, int | float) and not isinstance(converted, bool):
        return text(converted)
    return None
