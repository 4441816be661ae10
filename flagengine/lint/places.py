"""Every object of a raw definitions document with its JSON pointer and its kind.

Total: whatever is not of the expected type is passed over; the engine's issues speak of it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from flagengine.definitions.reading import is_number, pointer_to

__all__ = ["Place", "places"]

_LEAVES: Final = ("person", "cohort", "flag", None)


@dataclass(frozen=True, slots=True)
class Place:
    """An object of the document. ``kind`` is the name of its definition in the JSON Schema."""

    kind: str
    pointer: str
    value: Mapping[str, Any]

    def at(self, *steps: str | int) -> str:
        """Return the pointer of something below."""
        return pointer_to(self.pointer, *steps)


def places(document: Mapping[str, Any]) -> Iterator[Place]:
    """Yield every object whose members the format knows, outer ones first."""
    root = Place("document", "", document)
    yield root
    yield from _members(root, "flagengine", "extension")
    for flag in _items(root, "flags", "flag"):
        yield flag
        yield from _members(flag, "flagengine", "extension")
        for filters in _members(flag, "filters", "format1"):
            if _is_format_1(filters.value):
                yield from _configuration(filters)
    for cohorts in _members(root, "cohorts", "cohorts"):
        for cohort_id, source in cohorts.value.items():
            if isinstance(source, dict):
                yield from _group(Place("property_group", cohorts.at(cohort_id), source))


def _is_format_1(filters: Mapping[str, Any]) -> bool:
    version = filters.get("version", 1)
    return is_number(version) and version == 1


def _configuration(filters: Place) -> Iterator[Place]:
    yield filters
    yield from _members(filters, "holdout", "holdout")
    for multivariate in _members(filters, "multivariate", "multivariate"):
        yield multivariate
        yield from _items(multivariate, "variants", "variant")
    for condition in _items(filters, "groups", "condition"):
        yield condition
        yield from _items(condition, "properties", "filter")


def _group(group: Place) -> Iterator[Place]:
    waiting = [group]
    while waiting:
        place = waiting.pop()
        yield place
        if place.kind == "property_group":
            members = [_member(one) for one in _items(place, "values", "filter")]
            waiting += reversed([one for one in members if one is not None])


def _member(one: Place) -> Place | None:
    """Return a member of a cohort's group; None for the leaves whose members are not known."""
    kind = one.value.get("type")
    if "values" in one.value or kind in ("AND", "OR") or not one.value:
        return Place("property_group", one.pointer, one.value)
    return one if kind in _LEAVES else None


def _members(parent: Place, name: str, kind: str) -> Iterator[Place]:
    value = parent.value.get(name)
    if isinstance(value, dict):
        yield Place(kind, parent.at(name), value)


def _items(parent: Place, name: str, kind: str) -> Iterator[Place]:
    items = parent.value.get(name)
    for index, value in enumerate(items if isinstance(items, list) else ()):
        if isinstance(value, dict):
            yield Place(kind, parent.at(name, index), value)
