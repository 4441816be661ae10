"""What an undecided flag needs, as a sentence for people. Names only: no value of a property."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from flagengine import Missing, Resolution, UnresolvedReason

__all__ = ["why_unresolved"]

_WHY: Final[Mapping[UnresolvedReason, str]] = {
    UnresolvedReason.EXPERIENCE_CONTINUITY: "is decided only by the server",
    UnresolvedReason.UNSUPPORTED_DEFINITION: "has a definition that cannot be read here",
    UnresolvedReason.UNRESOLVED_DEPENDENCY: "depends on a flag that cannot be decided locally",
    UnresolvedReason.MISSING_CONTEXT: "needs inputs that were not given",
}


def why_unresolved(resolution: Resolution) -> str:
    """Return why the flag has no local value, with the inputs that would decide it.

    >>> from flagengine import Snapshot, evaluate_flag
    >>> needs_email = {"properties": [{"key": "email", "type": "person", "value": "a"}]}
    >>> flags = [{"key": "new-checkout", "active": True, "filters": {"groups": [needs_email]}}]
    >>> why_unresolved(evaluate_flag(Snapshot.parse({"flags": flags}), "new-checkout", "user-1"))
    'new-checkout needs the person property email'
    """
    needed = _listed(list(_parts(resolution.missing)))
    if needed:
        return f"{resolution.key} needs {needed}"
    why = resolution.unresolved_reason
    if why is None:
        return f"{resolution.key} has no local value: {resolution.description}"
    return f"{resolution.key} {_WHY.get(why, 'cannot be decided locally')}: {why}"


def _parts(missing: Missing) -> Iterator[str]:
    if missing.distinct_id:
        yield "a distinct id"
    if missing.device_id:
        yield "a device id"
    if missing.groups:
        yield f"the {_noun('group', 'groups', missing.groups)} {_listed(missing.groups)}"
    names = missing.person_properties
    if names:
        yield f"the person {_noun('property', 'properties', names)} {_listed(names)}"
    for group, name in missing.group_properties:
        yield f"the property {name} of the group {group}"


def _noun(singular: str, plural: str, names: Sequence[str]) -> str:
    return singular if len(names) == 1 else plural


def _listed(names: Sequence[str]) -> str:
    return " and ".join([part for part in (", ".join(names[:-1]), *names[-1:]) if part])
