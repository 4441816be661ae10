"""Every object of a raw definitions document with its JSON pointer and its kind.

Values of an unexpected type are skipped, because the engine reports them as issues.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from flagengine.definitions.reading import is_number, pointer_to

__all__ = ["Place", "places"]

_LEAVES: Final = ("person", "cohort", "flag", None)


@dataclass(frozen=True, slots=True)
class Place:
    """An object of the document; ``kind`` is the name of its definition in the JSON Schema."""

    kind: str
    pointer: str
    value: Mapping[str, Any]

    def at(self, *steps: str | int) -> str:
        """Return the pointer of a value inside this object."""
        return pointer_to(self.pointer, *steps)


def places(document: Mapping[str, Any]) -> Iterator[Place]:
    """Yield every object of a known kind, outer objects first."""
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
            members = [_member(item) for item in _items(place, "values", "filter")]
            waiting += reversed([member for member in members if member is not None])


def _member(item: Place) -> Place | None:
    """Return a member of a cohort's group; None for a leaf of a type without a schema."""
    kind = item.value.get("type")
    if "values" in item.value or kind in ("AND", "OR") or not item.value:
        return Place("property_group", item.pointer, item.value)
    return item if kind in _LEAVES else None


def _members(parent: Place, name: str, kind: str) -> Iterator[Place]:
    value = parent.value.get(name)
    if isinstance(value, dict):
        yield Place(kind, parent.at(name), value)


def _items(parent: Place, name: str, kind: str) -> Iterator[Place]:
    items = parent.value.get(name)
    for index, value in enumerate(items if isinstance(items, list) else ()):
        if isinstance(value, dict):
            yield Place(kind, parent.at(name, index), value)
