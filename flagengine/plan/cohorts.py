"""Cohorts to nodes (SPEC R10): Kleene logic, and the reasons why a whole cohort is undecidable.

Lowering a cohort checks everything below the cohort: whether a leaf cannot be decided by
properties, whether a cohort refers to itself, and whether a cohort is not in the document.
"""

from collections.abc import Iterator
from typing import Final

from flagengine.definitions.model import Cohort, Filter, PropertyGroup
from flagengine.definitions.parsing import MAX_COHORT_DEPTH
from flagengine.plan import graph
from flagengine.plan.lower import Scope, lower_filter
from flagengine.plan.nodes import AllOf, AnyOf, Node, Not, Undecidable
from flagengine.results.resolution import UnresolvedReason
from flagengine.values.json_values import text

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
    return {
        text(leaf.value)
        for leaf in leaves(cohort.definition)
        if leaf.type == "cohort" and leaf.value is not None
    }


def lower_cohort(cohort_id: str, scope: Scope) -> Node:
    """Return the node of a cohort's definition, or :class:`Undecidable` with the reason."""
    cohort = scope.definitions.cohort(cohort_id)
    if cohort is None:
        why = f"cohort {cohort_id} is not in the definitions: static, deleted or another project's"
        return Undecidable(_UNSUPPORTED, why, may_fail=True)
    obstacle = _obstacle(cohort, scope)
    if obstacle is not None:
        return Undecidable(_UNSUPPORTED, obstacle, may_fail=cohort_may_fail(cohort_id, scope))
    if cohort.definition is None:
        return Undecidable(_UNSUPPORTED, _unreadable(cohort))
    return _group(cohort.definition, scope)


def _unreadable(cohort: Cohort) -> str:
    if cohort.issues:
        return f"cohort {cohort.id} could not be read: {cohort.issues[0]}"
    return f"cohort {cohort.id} is empty; engines disagree on whether it matches"


def cohort_may_fail(cohort_id: str, scope: Scope) -> bool:
    """Tell whether a cohort, or a cohort below it, is missing or circular."""
    edges = _edges(scope)
    names = {cohort_id, *graph.reachable(cohort_id, edges)}
    is_incomplete = any(scope.definitions.cohort(name) is None for name in names)
    return is_incomplete or graph.depth(cohort_id, edges) is None


def cohort_excess(cohort_id: str, scope: Scope) -> str | None:
    """Say which limit (R15) a cohort and the cohorts below it exceed; None for a circular cohort."""
    depth = _depth(cohort_id, scope)
    if depth is None:
        return None
    if depth > MAX_COHORT_DEPTH:
        return f"nests more than {MAX_COHORT_DEPTH} groups and cohorts deep"
    if _size(cohort_id, scope, {}) > MAX_COHORT_PARTS:
        return f"has more than {MAX_COHORT_PARTS} filters, those of nested cohorts included"
    return None


def _size(cohort_id: str, scope: Scope, known: dict[str, int]) -> int:
    """Count the leaves of a cohort that is neither circular nor too deep."""
    if cohort_id not in known:
        cohort = scope.definitions.cohort(cohort_id)
        known[cohort_id] = sum(
            _size(text(leaf.value), scope, known)
            if leaf.type == "cohort" and leaf.value is not None
            else 1
            for leaf in leaves(cohort.definition if cohort else None)
        )
    return known[cohort_id]


def _depth(cohort_id: str, scope: Scope) -> int | None:
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
            elif part.type == "cohort" and part.value is not None:
                found.add(text(part.value))
        return found

    return graph.depth(cohort_id, edges)


def _edges(scope: Scope) -> graph.Edges:
    return lambda cohort_id: references(scope.definitions.cohort(cohort_id))


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
    return None


def _group(group: PropertyGroup, scope: Scope) -> Node:
    if not group.values:
        return Undecidable(_UNSUPPORTED, "an empty group; engines disagree on whether it matches")
    parts = tuple(_part(part, scope) for part in group.values)
    return AllOf(parts) if group.type == "AND" else AnyOf(parts)


def _part(part: PropertyGroup | Filter, scope: Scope) -> Node:
    if isinstance(part, PropertyGroup):
        return _group(part, scope)
    node = lower_filter(part, None, scope)
    return Not(node) if part.negation else node
