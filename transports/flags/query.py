"""The query of a flag call: the person, the keys, the properties, and whether to ask the server.

A query combines the call's arguments, the context and the properties set for flags. Without a
distinct id there is no query; nothing here makes up an id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias, TypedDict

from flagengine import Overrides

from ..context import current, id_of
from ..context.properties_for_flags import NO_PROPERTIES, PropertiesForFlags
from ..json_text import members_of
from .override_forms import NO_OVERRIDES, OverridesLike

__all__ = ["Complete", "FlagOptions", "FlagQuery", "flag_query"]

_EMPTY: Final[Mapping[str, Any]] = MappingProxyType({})

Complete: TypeAlias = bool | Mapping[str, Any]
"""The promise that no other properties exist: for all properties, or
``{"person_properties": True, "group_properties": ["company"]}``."""


class FlagOptions(TypedDict, total=False):
    """The keyword arguments that all flag getters share."""

    groups: Mapping[str, Any] | None
    """The person's groups: ``{"company": "acme"}``."""
    person_properties: Mapping[str, Any] | None
    """The person's properties; they win over those that were set before."""
    group_properties: Mapping[str, Mapping[str, Any]] | None
    """The properties of the groups, by type."""
    only_evaluate_locally: bool | None
    """Whether never to ask the server; None: the client's ``strict_local_evaluation``."""
    disable_geoip: bool | None
    """Whether the server must not locate the request by its IP address; None: the client's
    ``disable_geoip``."""
    device_id: str | None
    """The device, for flags that are evaluated by device; None: the context's device."""
    complete: Complete | None
    """Whether the given properties are all there are, so that a property that is absent is known to be
    absent; or ``{"person_properties": True, "group_properties": ["company"]}``. None: the client's
    ``complete``."""
    overrides: OverridesLike
    """Values that replace evaluation in this call, in the forms of ``override_feature_flags``; they win
    over the client's overrides and those of blocks."""


class FlagQuery(NamedTuple):
    """A query of flags; ``keys=None`` means all flags. A tuple, because every read makes a query."""

    distinct_id: str
    keys: tuple[str, ...] | None = None
    groups: Mapping[str, Any] = _EMPTY
    person_properties: Mapping[str, Any] = _EMPTY
    group_properties: Mapping[str, Mapping[str, Any]] = _EMPTY
    device_id: str | None = None
    only_locally: bool = False
    disable_geoip: bool = True
    complete: Complete | None = None
    overrides: Overrides = NO_OVERRIDES


def flag_query(
    distinct_id: object,
    keys: Iterable[str] | None,
    given: FlagOptions,
    *,
    stored: PropertiesForFlags,
    only_locally: bool,
    disable_geoip: bool,
) -> FlagQuery | None:
    """Return the query of a call; None if neither the call nor the context has a distinct id.

    ``stored``, ``only_locally`` and ``disable_geoip`` are the client's values, which ``given`` may
    override.
    """
    context = current()
    known_id = id_of(distinct_id, context)
    if known_id is None:
        return None
    groups = given.get("groups") or {}
    person = _properties(given.get("person_properties"))
    group_properties: dict[str, Any] = dict(given.get("group_properties") or ())
    # The context's properties win over the client's.
    for properties in (NO_PROPERTIES if context is None else context.flags, stored):
        if properties is not NO_PROPERTIES:
            person = properties.person_for(person)
            group_properties = properties.groups_for(groups, group_properties)
    device_id = given.get("device_id")
    if device_id is not None:
        device_id = id_of(device_id)
    locally, no_geoip = given.get("only_evaluate_locally"), given.get("disable_geoip")
    forced = given.get("overrides")
    return FlagQuery(
        known_id,
        keys if keys is None or type(keys) is tuple else _distinct(keys),
        dict(groups),
        person,
        group_properties,
        device_id or (context.device_id if context is not None else None),
        only_locally if locally is None else locally,
        disable_geoip if no_geoip is None else no_geoip,
        given.get("complete"),
        NO_OVERRIDES if forced is None else Overrides.parse(forced),
    )


def _properties(given: object) -> dict[str, Any]:
    """Return a copy of the properties, which may be a model.

    Raises:
        TypeError: they are neither a mapping nor a model nor None.
    """
    if type(given) is dict:
        return dict(given)
    members = members_of(given)
    if members is None and given is not None:
        msg = f"properties must be a mapping, got {type(given).__name__}"
        raise TypeError(msg)
    return dict(members or ())


def _distinct(keys: Iterable[str]) -> tuple[str, ...]:
    return (keys,) if isinstance(keys, str) else tuple(dict.fromkeys(keys))
