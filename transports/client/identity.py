"""The methods about people and groups: alias, identify, group_identify, person properties.

An event without a required field is dropped with a warning.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, TypedDict, Unpack
from uuid import UUID

from ..batching.event import Event
from ..context import current, id_of
from ..steps import Steps
from .capture import deliver
from .components import Components, HasComponents
from .preparation import mapping_of
from .verbs import guarded, guarded_steps, nothing

__all__ = [
    "IdentityOptions",
    "alias",
    "alias_immediate",
    "get_distinct_id",
    "group_identify",
    "group_identify_immediate",
    "identify",
    "identify_immediate",
    "set_once",
    "set_person_properties",
    "set_properties",
    "unset_person_properties",
]

logger: logging.Logger = logging.getLogger("flagengine.client")

ALIAS: Final = "$create_alias"
IDENTIFY: Final = "$identify"
GROUP_IDENTIFY: Final = "$groupidentify"
SET: Final = "$set"

_SET_ONCE: Final = "$set_once"
_UNSET: Final = "$unset"
_ANONYMOUS: Final = "$anon_distinct_id"

Properties = Mapping[str, Any]


class IdentityOptions(TypedDict, total=False):
    """The keyword arguments of all methods here."""

    timestamp: datetime | str | None
    """The time of the event; UTC if it has no time zone. By default now."""
    uuid: str | UUID | None
    """The event's uuid. The server counts events with the same uuid once."""
    disable_geoip: bool | None
    """Overrides the client's ``disable_geoip``."""


class PersonOptions(IdentityOptions, total=False):
    """The keyword arguments of events about a person."""

    distinct_id: object
    """The person's distinct id; by default the context's."""


class IdentifyOptions(IdentityOptions, total=False):
    """The keyword arguments of ``identify``."""

    set_once: Properties | None
    """The properties to set unless the person already has them."""
    anon_distinct_id: object
    """The person's earlier anonymous id, which is merged with the distinct id."""


class GroupOptions(IdentityOptions, total=False):
    """The keyword arguments of ``group_identify``."""

    distinct_id: object
    """The event's distinct id; by default ``$<type>_<key>``."""


class AliasOptions(IdentityOptions, total=False):
    """The keyword arguments of ``alias``."""

    previous_id: object
    """posthog-python's name for the id that gets another one, which is then ``distinct_id``."""


# Alias.


@guarded(nothing, AliasOptions)
def alias(
    client: HasComponents,
    distinct_id: object = None,
    alias: object = None,
    **options: Unpack[AliasOptions],
) -> str | None:
    """Make ``alias`` another id of ``distinct_id``; return the event's uuid.

    As in posthog-python, ``alias(previous_id="a", distinct_id="b")`` makes "b" another id of "a". An id
    that is left out is the context's.
    """
    return client.components.outbox.queue(_alias(client.components, distinct_id, alias, options))


@guarded_steps(nothing, AliasOptions)
def alias_immediate(
    client: HasComponents,
    distinct_id: object = None,
    alias: object = None,
    **options: Unpack[AliasOptions],
) -> Steps[str | None]:
    """Alias and deliver; return the event's uuid, or None if the delivery failed."""
    event = _alias(client.components, distinct_id, alias, options)
    return (yield from deliver(client.components, event))


def _alias(
    components: Components, distinct_id: object, other: object, options: AliasOptions
) -> Event | None:
    given = [each for each in (options.get("previous_id"), distinct_id, other) if each is not None]
    if not given or len(given) > 2:
        _warn_missing(components, "alias", "distinct_id and alias, or previous_id and distinct_id")
        return None
    context = current()
    is_alias_alone = len(given) == 1 and other is not None
    previous = id_of(None if is_alias_alone else given[0], context)
    new = id_of(None if len(given) == 1 and not is_alias_alone else given[-1], context)
    if previous is None or new is None:
        _warn_missing(components, "alias", "distinct_id and alias")
        return None
    return _event(components, ALIAS, previous, {"distinct_id": previous, "alias": new}, options)


# Identify.


@guarded(nothing, IdentifyOptions)
def identify(
    client: HasComponents,
    distinct_id: object = None,
    properties: Properties | None = None,
    **options: Unpack[IdentifyOptions],
) -> str | None:
    """Set properties of a person; return the event's uuid.

    ``$set``, ``$set_once`` and ``$anon_distinct_id`` in ``properties`` keep their special meaning.
    Without ``$set``, set all other properties.
    """
    return client.components.outbox.queue(
        _identify(client.components, distinct_id, properties, options)
    )


@guarded_steps(nothing, IdentifyOptions)
def identify_immediate(
    client: HasComponents,
    distinct_id: object = None,
    properties: Properties | None = None,
    **options: Unpack[IdentifyOptions],
) -> Steps[str | None]:
    """Identify and deliver; return the event's uuid, or None if the delivery failed."""
    event = _identify(client.components, distinct_id, properties, options)
    return (yield from deliver(client.components, event))


def _identify(
    components: Components,
    distinct_id: object,
    properties: Properties | None,
    options: IdentifyOptions,
) -> Event | None:
    person = id_of(distinct_id, current())
    if person is None:
        _warn_missing(components, "identify", "distinct_id")
        return None
    rest = dict(mapping_of("properties", properties))
    explicit, once = rest.pop(SET, None), rest.pop(_SET_ONCE, None)
    before = id_of(options.get("anon_distinct_id") or rest.pop(_ANONYMOUS, None))
    rest.pop(_ANONYMOUS, None)
    fields: dict[str, Any] = {SET: rest if explicit is None else explicit}
    if once or options.get("set_once"):
        fields[_SET_ONCE] = {
            **mapping_of(_SET_ONCE, once),
            **mapping_of("set_once", options.get("set_once")),
        }
    if before is not None:
        fields[_ANONYMOUS] = before
    return _event(components, IDENTIFY, person, fields, options)


# Groups.


@guarded(nothing, GroupOptions)
def group_identify(
    client: HasComponents,
    group_type: str,
    group_key: object,
    properties: Properties | None = None,
    **options: Unpack[GroupOptions],
) -> str | None:
    """Set properties of a group; return the event's uuid."""
    event = _group_identify(client.components, group_type, group_key, properties, options)
    return client.components.outbox.queue(event)


@guarded_steps(nothing, GroupOptions)
def group_identify_immediate(
    client: HasComponents,
    group_type: str,
    group_key: object,
    properties: Properties | None = None,
    **options: Unpack[GroupOptions],
) -> Steps[str | None]:
    """Identify a group and deliver; return the event's uuid, or None if the delivery failed."""
    event = _group_identify(client.components, group_type, group_key, properties, options)
    return (yield from deliver(client.components, event))


def _group_identify(
    components: Components,
    group_type: object,
    group_key: object,
    properties: Properties | None,
    options: GroupOptions,
) -> Event | None:
    kind, key = id_of(group_type), id_of(group_key)
    if kind is None or key is None:
        _warn_missing(components, "group_identify", "group_type and group_key")
        return None
    fields = {
        "$group_type": kind,
        "$group_key": key,
        "$group_set": mapping_of("properties", properties),
    }
    distinct_id = id_of(options.get("distinct_id")) or f"${kind}_{key}"
    return _event(components, GROUP_IDENTIFY, distinct_id, fields, options)


# Person properties.


@guarded(nothing, PersonOptions)
def set_properties(
    client: HasComponents, properties: Properties, **options: Unpack[PersonOptions]
) -> str | None:
    """Set properties of the person; do nothing if there are none."""
    return _set(client.components, {SET: mapping_of("properties", properties)}, options)


@guarded(nothing, PersonOptions)
def set_once(
    client: HasComponents, properties: Properties, **options: Unpack[PersonOptions]
) -> str | None:
    """Set properties unless the person already has them; do nothing if there are none."""
    return _set(client.components, {_SET_ONCE: mapping_of("properties", properties)}, options)


@guarded(nothing, PersonOptions)
def set_person_properties(
    client: HasComponents,
    properties: Properties | None = None,
    set_once: Properties | None = None,
    **options: Unpack[PersonOptions],
) -> str | None:
    """Set properties of both kinds in one event; do nothing if there are none."""
    return _set(
        client.components,
        {SET: mapping_of("properties", properties), _SET_ONCE: mapping_of("set_once", set_once)},
        options,
    )


@guarded(nothing, PersonOptions)
def unset_person_properties(
    client: HasComponents, names: Iterable[str], **options: Unpack[PersonOptions]
) -> str | None:
    """Remove properties of the person; do nothing without names."""
    listed = [names] if isinstance(names, str) else list(names)
    return _set(client.components, {_UNSET: listed}, options)


def _set(components: Components, fields: Mapping[str, Any], options: PersonOptions) -> str | None:
    given = {name: value for name, value in fields.items() if value}
    if not given:
        return None
    return components.outbox.queue(
        _event(components, SET, options.get("distinct_id"), given, options)
    )


@guarded(nothing)
def get_distinct_id(client: HasComponents) -> str | None:  # noqa: ARG001 - the same on every client
    """Return the distinct id of the active context; None if there is none."""
    return id_of(None, current())


def _event(
    components: Components,
    name: str,
    distinct_id: object,
    properties: Mapping[str, Any],
    options: IdentityOptions,
) -> Event | None:
    return components.preparation.prepare(
        name,
        distinct_id=distinct_id,
        properties=properties,
        timestamp=options.get("timestamp"),
        uuid=options.get("uuid"),
        disable_geoip=options.get("disable_geoip"),
    )


def _warn_missing(components: Components, verb: str, required: str) -> None:
    if components.status.is_active:
        logger.warning("%s() needs %s; no event was captured", verb, required)
