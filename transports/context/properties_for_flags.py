"""Properties that are set once and used in every later flag evaluation, as an immutable value.

A context or a client owns the value. To change its properties, the owner replaces the value by the
copy that a method returns. Nothing is sent or reloaded here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

__all__ = ["NO_PROPERTIES", "GroupForFlags", "PropertiesForFlags"]

_EMPTY: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class GroupForFlags:
    """The properties for a group type; with a key, only for that group."""

    group_type: str
    group_key: str | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the properties as a plain dict, because read-only views cannot be pickled."""
        return type(self), (self.group_type, self.group_key, dict(self.properties))


@dataclass(frozen=True, slots=True)
class PropertiesForFlags:
    """The person and group properties for flags.

    >>> NO_PROPERTIES.with_person({"plan": "free"}).with_person({"plan": "pro"}).person["plan"]
    'pro'
    """

    person: Mapping[str, Any] = field(default_factory=lambda: _EMPTY)
    groups: Mapping[str, GroupForFlags] = field(default_factory=lambda: _EMPTY)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the properties as plain dicts, because read-only views cannot be pickled."""
        return type(self), (dict(self.person), dict(self.groups))

    def with_person(self, properties: Mapping[str, Any]) -> PropertiesForFlags:
        """Return a copy with more person properties; later values win."""
        return replace(self, person=_joined(self.person, properties))

    def without_person(self) -> PropertiesForFlags:
        """Return a copy without person properties."""
        return replace(self, person=_EMPTY)

    def with_group(
        self, group_type: str, properties: Mapping[str, Any], group_key: str | None = None
    ) -> PropertiesForFlags:
        """Return a copy with more properties of a group; another key replaces the former group."""
        if not properties:
            return self
        known = self.groups.get(group_type, GroupForFlags(group_type))
        is_other = group_key is not None and known.group_key not in (None, group_key)
        before = _EMPTY if is_other else known.properties
        group = GroupForFlags(group_type, group_key or known.group_key, _joined(before, properties))
        return replace(self, groups=_joined(self.groups, {group_type: group}))

    def without_group(self, group_type: str | None = None) -> PropertiesForFlags:
        """Return a copy without the properties of a group type, or of all group types."""
        kept = {} if group_type is None else dict(self.groups)
        kept.pop(group_type or "", None)
        return replace(self, groups=MappingProxyType(kept))

    def person_for(self, explicit: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return the person properties of a call: those of this value and ``explicit``, which win."""
        return {**self.person, **(explicit or {})}

    def groups_for(
        self,
        groups: Mapping[str, Any] | None,
        explicit: Mapping[str, Mapping[str, Any]] | None,
    ) -> dict[str, dict[str, Any]]:
        """Return the group properties of a call with ``groups``; ``explicit`` wins.

        The properties of a group are not used for another group of the same type.
        """
        merged = {
            group.group_type: dict(group.properties)
            for group in self.groups.values()
            if _is_about(group, (groups or {}).get(group.group_type))
        }
        for group_type, properties in (explicit or {}).items():
            merged[group_type] = {**merged.get(group_type, {}), **properties}
        return merged


def _is_about(group: GroupForFlags, key: object) -> bool:
    return group.group_key is None or key is None or str(key) == group.group_key


def _joined(old: Mapping[str, Any], new: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType({**old, **new})


NO_PROPERTIES = PropertiesForFlags()
