"""Members that the format does not have, has no longer, or has with an empty name."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Final

from flagengine.definitions.reading import pointer_to, shown
from flagengine.lint.finding import Finding, finding
from flagengine.lint.inspection import Inspection
from flagengine.lint.places import Place
from flagengine.operators import ALIASES

__all__ = ["check_fields", "check_keys"]

_LEGACY: Final[Mapping[tuple[str, str], str]] = {
    ("flag", "evaluation_tags"): "the older name of evaluation_contexts",
    ("format1", "bucketing_identifier"): "not read here, only in the flag itself",
    ("format1", "holdout_groups"): "the predecessor of holdout, which is never evaluated",
    ("format1", "super_groups"): "the predecessor of feature_enrollment, which is never evaluated",
}
_NAMED: Final = {"flag": "a flag's key", "variant": "a variant's key", "filter": "a filter's key"}


def check_fields(inspection: Inspection) -> Iterator[Finding]:
    """Yield unknown, misspelt and outdated members."""
    for place in inspection.places:
        known = inspection.fields.get(place.kind)
        for name in place.value:
            if (place.kind, name) in _LEGACY and place.value[name]:
                message = f"{name} is {_LEGACY[place.kind, name]}"
                yield finding("legacy_field", place.at(name), message)
            elif known is not None and name not in known:
                yield _unknown(place, name, sorted(known.names))
        yield from _legacy_operator(place)


def _unknown(place: Place, name: str, known: list[str]) -> Finding:
    # Members that are there already are not what was meant.
    free = [one for one in known if one not in place.value]
    near = get_close_matches(name.lower(), free, 1, 0.75)
    if near:
        message = f"{shown(name)} is no member of this object; {near[0]} is"
        return finding("misspelt_field", place.at(name), message, f"Rename it to {near[0]}.")
    return finding("unknown_field", place.at(name), f"{shown(name)} is not known here")


def _legacy_operator(place: Place) -> Iterator[Finding]:
    operator = place.value.get("operator") if place.kind == "filter" else None
    if isinstance(operator, str) and operator in ALIASES:
        present = ALIASES[operator]
        message = f"{operator} is an older name of {present}"
        yield finding("legacy_field", place.at("operator"), message, f"Write {present}.")


def check_keys(inspection: Inspection) -> Iterator[Finding]:
    """Yield keys and names that are the empty text."""
    for place in inspection.places:
        if place.kind in _NAMED and place.value.get("key") == "":
            yield finding("empty_key", place.at("key"), f"{_NAMED[place.kind]} is empty")
    for index, name in inspection.definitions.group_names.items():
        if not name:
            pointer = pointer_to("/group_type_mapping", index)
            yield finding("empty_key", pointer, f"the name of group type {index} is empty")
