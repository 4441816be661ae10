"""Members that are unknown, misspelt or outdated, and keys that are empty."""

from collections.abc import Iterator, Mapping
from typing import Final

from flagengine.analysis.lint.finding import Finding, finding
from flagengine.analysis.lint.inspection import Inspection
from flagengine.analysis.lint.places import Place
from flagengine.definitions.reading import pointer_to, shown
from flagengine.operators import ALIASES
from flagengine.values.spelling import nearest

__all__ = ["check_fields", "check_keys"]

_LEGACY: Final[Mapping[tuple[str, str], str]] = {
    ("flag", "evaluation_tags"): "the old name of evaluation_contexts",
    ("format1", "bucketing_identifier"): "ignored here; it belongs in the flag itself",
    ("format1", "holdout_groups"): "the predecessor of holdout and is never evaluated",
    ("format1", "super_groups"): "the predecessor of feature_enrollment and is never evaluated",
}
_NAMED: Final = {"flag": "flag key", "variant": "variant key", "filter": "filter key"}


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
    # A member that is already present cannot be the intended member.
    free = [member for member in known if member not in place.value]
    near = nearest(name.lower(), free, 0.75)
    if near is not None:
        message = f"unknown member {shown(name)}; did you mean {near}?"
        return finding("misspelt_field", place.at(name), message, f"Rename the member to {near}.")
    return finding("unknown_field", place.at(name), f"unknown member {shown(name)}")


def _legacy_operator(place: Place) -> Iterator[Finding]:
    operator = place.value.get("operator") if place.kind == "filter" else None
    if isinstance(operator, str) and operator in ALIASES:
        present = ALIASES[operator]
        message = f"{operator} is an old name of {present}"
        yield finding("legacy_field", place.at("operator"), message, f"Write {present}.")


def check_keys(inspection: Inspection) -> Iterator[Finding]:
    """Yield empty keys and empty group type names."""
    for place in inspection.places:
        if place.kind in _NAMED and place.value.get("key") == "":
            yield finding("empty_key", place.at("key"), f"{_NAMED[place.kind]} is empty")
    for index, name in inspection.definitions.group_names.items():
        if not name:
            pointer = pointer_to("/group_type_mapping", index)
            yield finding("empty_key", pointer, f"group type {index} has an empty name")
