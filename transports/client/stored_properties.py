"""The methods for properties that are set once and used later, in events or in flag evaluation.

Properties for events belong to this client in this process, not to a person. Properties for flags
belong to the active context or, outside of any context, to the client.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..context import current, update
from ..context.properties_for_flags import PropertiesForFlags
from .components import HasComponents
from .verbs import guarded, nothing

__all__ = [
    "get_persisted_property",
    "register",
    "reset_group_properties_for_flags",
    "reset_person_properties_for_flags",
    "set_group_properties_for_flags",
    "set_persisted_property",
    "set_person_properties_for_flags",
    "unregister",
]


# For events.


@guarded(nothing)
def register(client: HasComponents, properties: Mapping[str, Any]) -> None:
    """Add properties to all later events of this client, about any person.

    Later values win, and an event's own properties win. With a ``storage``, registered properties
    survive a restart.
    """
    client.components.memory.register(properties)


@guarded(nothing)
def unregister(client: HasComponents, key: str) -> None:
    """Remove a registered property, if it exists."""
    client.components.memory.unregister(key)


@guarded(nothing)
def get_persisted_property(client: HasComponents, key: str) -> Any:
    """Return the value stored under ``key``; None if there is none.

    The client itself stores ``props`` (registered properties) and ``opted_out``.
    """
    return client.components.memory.get(key)


@guarded(nothing)
def set_persisted_property(client: HasComponents, key: str, value: Any) -> None:
    """Store a JSON value under ``key``; None removes the value."""
    client.components.memory.set(key, value)


# For flags.


@guarded(nothing)
def set_person_properties_for_flags(
    client: HasComponents, properties: Mapping[str, Any], *, reload_feature_flags: bool = False
) -> None:
    """Use these person properties in all later evaluations; send nothing.

    The properties of a call win.
    """
    if properties:
        _change(client, lambda known: known.with_person(properties), reload=reload_feature_flags)


@guarded(nothing)
def reset_person_properties_for_flags(
    client: HasComponents, *, reload_feature_flags: bool = False
) -> None:
    """Forget the person properties for flags."""
    _change(client, PropertiesForFlags.without_person, reload=reload_feature_flags)


@guarded(nothing)
def set_group_properties_for_flags(
    client: HasComponents,
    group_type: str,
    properties: Mapping[str, Any],
    group_key: str | None = None,
    *,
    reload_feature_flags: bool = False,
) -> None:
    """Use these group properties in all later evaluations; with a key, only for that group."""
    _change(
        client,
        lambda known: known.with_group(group_type, properties, group_key),
        reload=reload_feature_flags,
    )


@guarded(nothing)
def reset_group_properties_for_flags(
    client: HasComponents, group_type: str | None = None, *, reload_feature_flags: bool = False
) -> None:
    """Forget the group properties for flags, of a group type or of all group types."""
    _change(client, lambda known: known.without_group(group_type), reload=reload_feature_flags)


def _change(
    client: HasComponents,
    changed: Callable[[PropertiesForFlags], PropertiesForFlags],
    *,
    reload: bool,
) -> None:
    context = current()
    if context is not None:
        update(flags=changed(context.flags))
    else:
        client.components.change_flag_properties(changed)
    if reload and client.components.loader is not None:
        client.components.loader.request()
