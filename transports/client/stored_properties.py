"""Properties that are set once and count later: for events, and for the evaluation of flags.

The first kind belongs to this client in this process, not to a person; the second to the active
context, or outside of any to the client.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..context import current, update
from ..context.properties_for_flags import PropertiesForFlags
from .parts import HasParts
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
def register(client: HasParts, properties: Mapping[str, Any]) -> None:
    """Add properties to every later event of this client; later ones win, an event's own most.

    For all of this process's events, whoever they are about. With a ``storage`` they outlive it.
    """
    client.parts.memory.register(properties)


@guarded(nothing)
def unregister(client: HasParts, key: str) -> None:
    """Take a registered property away; one that is not there is no trouble."""
    client.parts.memory.unregister(key)


@guarded(nothing)
def get_persisted_property(client: HasParts, key: str) -> Any:
    """Return what the storage holds under ``key``; None when nothing. Advanced.

    The client itself keeps ``props`` (registered properties) and ``opted_out`` there.
    """
    return client.parts.memory.get(key)


@guarded(nothing)
def set_persisted_property(client: HasParts, key: str, value: Any) -> None:
    """Store a JSON value under ``key``; None removes it. Advanced."""
    client.parts.memory.set(key, value)


# For flags.


@guarded(nothing)
def set_person_properties_for_flags(
    client: HasParts, properties: Mapping[str, Any], *, reload_feature_flags: bool = False
) -> None:
    """Give the person's properties to all later evaluations; a call's own win. Sends nothing."""
    if properties:
        _change(client, lambda known: known.with_person(properties), reload=reload_feature_flags)


@guarded(nothing)
def reset_person_properties_for_flags(
    client: HasParts, *, reload_feature_flags: bool = False
) -> None:
    """Forget the properties set for the person."""
    _change(client, PropertiesForFlags.without_person, reload=reload_feature_flags)


@guarded(nothing)
def set_group_properties_for_flags(
    client: HasParts,
    group_type: str,
    properties: Mapping[str, Any],
    group_key: str | None = None,
    *,
    reload_feature_flags: bool = False,
) -> None:
    """Give a group's properties to all later evaluations; with a key, only to those about it."""
    _change(
        client,
        lambda known: known.with_group(group_type, properties, group_key),
        reload=reload_feature_flags,
    )


@guarded(nothing)
def reset_group_properties_for_flags(
    client: HasParts, group_type: str | None = None, *, reload_feature_flags: bool = False
) -> None:
    """Forget the properties set for a group type, or for all."""
    _change(client, lambda known: known.without_group(group_type), reload=reload_feature_flags)


def _change(
    client: HasParts, changed: Callable[[PropertiesForFlags], PropertiesForFlags], *, reload: bool
) -> None:
    context = current()
    if context is not None:
        update(flags=changed(context.flags))
    else:
        client.parts.change_flag_properties(changed)
    if reload and client.parts.loader is not None:
        client.parts.loader.request()
