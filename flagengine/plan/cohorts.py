"""Cohorts to nodes (SPEC R10): Kleene logic, and the reasons why a whole cohort is undecidable.

Lowering a cohort checks everything below the cohort: whether a leaf cannot be decided by
properties, whether a cohort refers to itself, and whether the server may fail to look a cohort up.
"""

from collections.abc import Iterator
from typing import Final

from flagengine.definitions.model import Cohort, Filter, PropertyGroup
from flagengine.definitions.parsing import MAX_COHORT_DEPTH
from flagengine.plan import graph
from flagengine.plan.cohort_ids import named_cohort
from flagengine.plan.lower import Scope, lower_leaf
from flagengine.plan.nodes import AllOf, AnyOf, Node, Not, Undecidable
from flagengine.results.resolution import UnresolvedReason

__all__ = [
    "cohort_excess",
    "cohort_may_fail",
    "leaves",
    "lower_cohort",
    "references",
]

MAX_COHORT_PARTS: Final = 100_000
"""The maximum number of leaves of a cohort. The leaves of a cohort that is named twice count twice:
fifty cohorts that each name the previous cohort twice have 2^50 leaves (SPEC R15)."""
_UNSUPPORTED: Final = UnresolvedReason.UNSUPPORTED_DEFINITION
_DECIDABLE: Final = ("person", "cohort", "flag", None)


def leaves(group: PropertyGroup | None) -> Iterator[Filter]:
    """Yield the filters of a cohort's definition at every depth."""
    waiting: list[PropertyGroup | Filter] = [group] if group else []
    while waiting:
        part = waiting.pop()
        if isinstance(part, Filter):
            yield part
        else:
            waiting.extend(part.values)


def references(cohort: Cohort | None) -> set[str]:
    """Return the ids of the cohorts that a cohort's definition names."""
    if cohort is None:
        return set()
    return set(filter(None, map(_named, leaves(cohort.definition))))


def lower_cohort(name: str, scope: Scope) -> Node:
    """Return the node of a cohort's definition, or :class:`Undecidable` with the reason."""
    cohort = scope.definitions.cohort(name)
    if cohort is None:
        why = f"cohort {name} is not in the definitions: static, deleted or another project's"
        return Undecidable(_UNSUPPORTED, why, may_fail=True)
    obstacle = _obstacle(cohort, scope)
    if obstacle is not None:
        return Undecidable(_UNSUPPORTED, obstacle, may_fail=cohort_may_fail(name, scope))
    if cohort.definition is None:
        return Undecidable(_UNSUPPORTED, _unreadable(cohort), may_fail=True)
    return _group(cohort.definition, scope)


def _unreadable(cohort: Cohort) -> str:
    if cohort.issues:
        return f"cohort {cohort.id} could not be read: {cohort.issues[0]}"
    return f"cohort {cohort.id} is empty; engines disagree on whether it matches"


def cohort_may_fail(name: str, scope: Scope) -> bool:
    """Tell whether the server may be unable to look up a cohort or a cohort below it (R10.8)."""
    names = (name, *graph.reachable(name, _edges(scope)))
    if not all(_is_sound(scope.definitions.cohort(below)) for below in names):
        return True
    depth = _depth(name, scope)
    return depth is None or depth > MAX_COHORT_DEPTH


def _is_sound(cohort: Cohort | None) -> bool:
    """Tell whether a cohort is there and readable, and all its cohort leaves name a cohort."""
    if cohort is None or cohort.definition is None:
        return False
    return not any(map(_names_nothing, leaves(cohort.definition)))


def _names_nothing(leaf: Filter) -> bool:
    return leaf.type == "cohort" and named_cohort(leaf) is None


def cohort_excess(name: str, scope: Scope) -> str | None:
    """Say which limit (R15) a cohort and the cohorts below it exceed; None for a circular cohort."""
    depth = _depth(name, scope)
    if depth is None:
        return None
    if depth > MAX_COHORT_DEPTH:
        return f"nests more than {MAX_COHORT_DEPTH} groups and cohorts deep"
    if _size(name, scope, {}) > MAX_COHORT_PARTS:
        return f"has more than {MAX_COHORT_PARTS} filters, those of nested cohorts included"
    return None


def _size(name: str, scope: Scope, known: dict[str, int]) -> int:
    """Count the leaves of a cohort that is neither circular nor too deep."""
    if name not in known:
        cohort = scope.definitions.cohort(name)
        named = map(_named, leaves(cohort.definition if cohort else None))
        known[name] = sum(1 if below is None else _size(below, scope, known) for below in named)
    return known[name]


def _named(leaf: Filter) -> str | None:
    """Return the id that a leaf names if it is a cohort leaf."""
    return named_cohort(leaf) if leaf.type == "cohort" else None


def _depth(name: str, scope: Scope) -> int | None:
    """Return how deep groups and named cohorts nest; None for a circular cohort."""
    groups: dict[str, PropertyGroup | None] = {}

    def edges(name: str) -> set[str]:
        if name not in groups:
            cohort = scope.definitions.cohort(name)
            groups[name] = cohort.definition if cohort else None
        found = set()
        for part in (groups[name] or PropertyGroup("AND")).values:
            if isinstance(part, PropertyGroup):
                nested = f"group {id(part)}"
                groups[nested] = part
                found.add(nested)
            elif (below := _named(part)) is not None:
                found.add(below)
        return found

    return graph.depth(name, edges)


def _edges(scope: Scope) -> graph.Edges:
    return lambda name: references(scope.definitions.cohort(name))


def _obstacle(cohort: Cohort, scope: Scope) -> str | None:
    """Say why the cohort is undecidable as a whole; None when it is not."""
    edges = _edges(scope)
    if graph.depth(cohort.id, edges) is None:
        return f"cohort {cohort.id} refers to itself"
    excess = cohort_excess(cohort.id, scope)
    if excess is not None:
        return f"cohort {cohort.id} {excess}"
    for name in (cohort.id, *graph.reachable(cohort.id, edges)):
        found = scope.definitions.cohort(name)
        for leaf in leaves(found.definition if found else None):
            if leaf.type not in _DECIDABLE:
                return f"cohort {name} has a {leaf.type} filter, which properties cannot decide"
            if _names_nothing(leaf):
                return f"cohort {name} has a cohort filter that names no cohort"
    return None


def _group(group: PropertyGroup, scope: Scope) -> Node:
    if not group.values:
        return Undecidable(_UNSUPPORTED, "an empty group; engines disagree on whether it matches")
    parts = tuple(_part(part, scope) for part in group.values)
    return AllOf(parts) if group.type == "AND" else AnyOf(parts)


def _part(part: PropertyGroup | Filter, scope: Scope) -> Node:
    if isinstance(part, PropertyGroup):
        return _group(part, scope)
    node = lower_leaf(part, scope)
    return Not(node) if part.negation else node
