"""Group types without a name, and cohort groups without members."""

from collections.abc import Iterator

from flagengine.analysis.lint.finding import Finding, finding
from flagengine.analysis.lint.inspection import Inspection, LocatedFilter
from flagengine.definitions.model import INHERIT
from flagengine.definitions.reading import pointer_to

__all__ = ["check_empty_groups", "check_group_indexes"]

_INDEX = "aggregation_group_type_index"


def check_group_indexes(inspection: Inspection) -> Iterator[Finding]:
    """Yield references to group types without a name."""
    names = inspection.definitions.group_names
    for flag in inspection.flags:
        root = pointer_to(flag.pointer, "filters")
        if flag.aggregation is not None and flag.aggregation not in names:
            yield _unnamed(pointer_to(root, _INDEX), flag.aggregation)
        for index, condition in enumerate(flag.conditions):
            own = condition.aggregation
            if own is not INHERIT and own is not None and own not in names:
                yield _unnamed(pointer_to(root, "groups", index, _INDEX), own)
    for located in inspection.filters:
        yield from _filter(located, inspection)


def _filter(located: LocatedFilter, inspection: Inspection) -> Iterator[Finding]:
    if located.kind != "group":
        return
    own = located.filter.group_type_index
    pointer = pointer_to(located.pointer, "group_type_index")
    if own is None and located.aggregation is None:
        message = "a group filter in a condition for persons must name its group type"
        yield finding("unnamed_group", pointer, message, "Add group_type_index.")
    elif own is not None and own not in inspection.definitions.group_names:
        yield _unnamed(pointer, own)


def _unnamed(pointer: str, index: int) -> Finding:
    message = f"group type {index} has no name in group_type_mapping"
    return finding("unnamed_group", pointer, message)


def check_empty_groups(inspection: Inspection) -> Iterator[Finding]:
    """Yield cohorts, and groups within cohorts, without members."""
    for place in inspection.places:
        if place.kind == "property_group" and place.value.get("values") in (None, []):
            message = "the group has no members; engines disagree on whether it matches"
            yield finding("empty_group", place.pointer, message)
