"""The quick way of a read whose answer is local and usual, and whose events were sent before.

Almost every read is such a read, so it takes few steps: one look at the context, one call of the engine
and one look into the memory of sent events. It decides nothing of its own. What is unusual in any way
(an override, a stored property, another type of argument, a flag without a value, an event to send)
is left to the full way, ``client.flag_reads``, which stays the specification. A property test compares
the two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Final

from flagengine import Resolution, Snapshot, evaluate, evaluate_flag, usable_id

from ..context import current
from ..context.properties_for_flags import NO_PROPERTIES
from ..context.state import open_uses
from .answer import Origin
from .called_tracker import CalledTracker
from .local import EvaluatedFlags
from .local_answers import LocalAnswers
from .override_layers import OverrideLayers
from .query import FlagQuery

__all__ = ["NO_READER", "UNUSUAL", "NoReader", "Reader"]

_NOTHING: Final[dict[str, Any]] = {}
UNUSUAL: Final = object()
"""What a quick read gives for a read that is left to the full way."""
_value: Final = attrgetter("value")


@dataclass(frozen=True, eq=False)
class Reader:
    """What quick reads need, taken once; a change of any of it ends the reader's use.

    Attributes:
        snapshot: the definitions in use.
        options: the client's options for the engine.
        never: the keys of flags that only the server evaluates.
        origin: the origin of the answers.
        tracker: which events were sent.
        sends: whether reads send events, unless the call says otherwise.
        is_active: whether the client may send events at all.
        layers: the overrides, if there ever was a block with overrides; None: there are none.
    """

    snapshot: Snapshot
    options: Mapping[str, Any]
    never: frozenset[str]
    origin: Origin
    tracker: CalledTracker
    sends: bool
    is_active: bool
    layers: OverrideLayers | None
    read: Callable[..., Any] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "read", _read_with(self))

    def read_all(
        self,
        distinct_id: object,
        person_properties: object,
        groups: Any,
        group_properties: object,
        disable_geoip: bool,
    ) -> tuple[FlagQuery, EvaluatedFlags] | None:
        """Return the query and the answers of all flags, if the full way has the same and asks nobody."""
        device_id: str | None = None
        if open_uses.get():
            distinct_id, device_id = _in_context(distinct_id)
        properties = _NOTHING if person_properties is None else person_properties
        if type(distinct_id) is not str or type(properties) is not dict or self.never:
            return None
        options = _options(self.options, groups, group_properties, device_id)
        if options is None or not _is_plain(distinct_id):
            return None
        if self.layers is not None and self.layers.current:
            return None
        found = evaluate(self.snapshot, distinct_id, properties, **options)
        resolutions = found.values()
        if not resolutions or None in map(_value, resolutions):
            return None
        # The reads will not look at the properties any more.
        query = FlagQuery(
            distinct_id,
            groups=dict(groups) if groups else _NOTHING,
            device_id=device_id,
            disable_geoip=disable_geoip,
        )
        answers = LocalAnswers(dict(zip(found, resolutions, strict=True)), self.origin)
        return query, EvaluatedFlags(answers)


class NoReader:
    """Stands for a reader where there is none: every read is left to the full way."""

    __slots__ = ()

    def read(self, *_: object) -> Any:
        """Return `UNUSUAL`."""
        return UNUSUAL

    def read_all(self, *_: object) -> None:
        """Return None."""


NO_READER: Final = NoReader()


def _read_with(reader: Reader) -> Callable[..., Any]:
    """Return the quick way to read one flag, with what all reads need bound as defaults.

    Local variables are the fastest to look up. Without the interpreter lock they are more than that:
    CPython 3.13 takes a lock for a variable of a closure and for a slot.
    """

    def read(
        key: str,
        distinct_id: object,
        person_properties: object,
        groups: Any,
        group_properties: object,
        sends: object,
        finish: Callable[[Resolution], Any] | None,
        snapshot: Snapshot = reader.snapshot,
        never: frozenset[str] | None = reader.never or None,
        tracker: CalledTracker = reader.tracker,
        layers: OverrideLayers | None = reader.layers,
        options: Mapping[str, Any] | None = reader.options or None,
        is_active: bool = reader.is_active,
        sends_unasked: bool = reader.sends,
    ) -> Any:
        """Return what ``finish`` makes of the flag's answer, if the full way would do the same and nothing else.

        Without ``finish``, return the flag's value.
        ``sends`` is whether the read sends events; None: the client's option. Else return `UNUSUAL`.
        """
        device_id: str | None = None
        if open_uses.get():
            distinct_id, device_id = _in_context(distinct_id)
        if type(distinct_id) is not str or (layers is not None and layers.current):
            return UNUSUAL
        properties = {} if person_properties is None else person_properties
        if type(properties) is not dict:
            return UNUSUAL
        if groups or group_properties or device_id is not None or options is not None:
            given = _options(options, groups, group_properties, device_id)
            if given is None:
                return UNUSUAL
            found = evaluate_flag(snapshot, key, distinct_id, properties, **given)
        else:
            found = evaluate_flag(snapshot, key, distinct_id, properties)
        value = found.value
        kind = type(value)
        # Of other values there is more to say: they are copied, or there is no value, or it is empty.
        is_usual = kind is bool or (kind is str and value)
        if not is_usual or (never is not None and key in never):
            return UNUSUAL
        if not (is_active and (sends_unasked if sends is None else sends)):
            is_same = _is_plain(distinct_id)
        else:
            # What the tracker knows was read the full way, so the id is one.
            is_same = found.config_version == 1 and tracker.is_known(
                distinct_id, key, value, groups, device_id
            )
        if not is_same:
            return UNUSUAL
        return value if finish is None else finish(found)

    return read


def _options(
    usual: Mapping[str, Any] | None, groups: object, group_properties: object, device_id: str | None
) -> dict[str, Any] | None:
    """Return the options that are not empty; None if one of them is unusual."""
    options = dict(usual or ())
    for name, given in (("groups", groups), ("group_properties", group_properties)):
        if given:
            if type(given) is not dict:
                return None
            options[name] = given
    if device_id is not None:
        options["device_id"] = device_id
    return options


def _in_context(distinct_id: object) -> tuple[object, str | None]:
    """Return the distinct id and the device id of a read here; None for an unusual context."""
    context = current()
    if context is None:
        return distinct_id, None
    if context.flags is not NO_PROPERTIES:
        return None, None
    return context.distinct_id if distinct_id is None else distinct_id, context.device_id


def _is_plain(distinct_id: str) -> bool:
    """Return whether the text is an id, and not one that counts as missing or names nobody."""
    if not distinct_id or distinct_id.isspace():
        return False
    return distinct_id.isascii() or usable_id(distinct_id) is not None
