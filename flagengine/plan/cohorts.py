"""Cohorts to nodes (SPEC R10): Kleene logic, and what makes a whole cohort undecidable.

Three things are asked of everything below a cohort before any of it is evaluated: does it hold a
leaf that properties cannot decide, does it refer to itself, does it refer to a cohort that the
document lacks.
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
"""How many leaves a cohort may have, those of the cohorts it names counted as often as named:
fifty cohorts that each name the one before twice would have 2^50 (SPEC R15)."""
_UNSUPPORTED: Final = UnresolvedReason.UNSUPPORTED_DEFINITION
_DECIDABLE: Final = ("person", "cohort", "flag", None)


def leaves(group: PropertyGroup | None) -> Iterator[Filter]:
    """Return the filters of a cohort's definition, however deep."""
    waiting: list[PropertyGroup | Filter] = [group] if group else []
    while waiting:
        one = waiting.pop()
        if isinstance(one, Filter):
            yield one
        else:
            waiting.extend(one.values)


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
    """Return the node of a cohort's definition; :class:`Undecidable` when it has none here."""
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
    return f"cohort {cohort.id} is empty: engines disagree on whom it holds"


def cohort_may_fail(cohort_id: str, scope: Scope) -> bool:
    """Tell whether a cohort, or one below it, is not in the document or circular."""
    edges = _edges(scope)
    below = {cohort_id, *graph.reachable(cohort_id, edges)}
    lacks_one = any(scope.definitions.cohort(one) is None for one in below)
    return lacks_one or graph.depth(cohort_id, edges) is None


def cohort_excess(cohort_id: str, scope: Scope) -> str | None:
    """Say which limit a cohort exceeds with the cohorts it names; None for circular ones (R15)."""
    depth = _depth(cohort_id, scope)
    if depth is None:
        return None
    if depth > MAX_COHORT_DEPTH:
        return f"nests more than {MAX_COHORT_DEPTH} groups and cohorts deep"
    if _size(cohort_id, scope, {}) > MAX_COHORT_PARTS:
        return f"has more than {MAX_COHORT_PARTS} filters, those of nested cohorts included"
    return None


def _size(cohort_id: str, scope: Scope, known: dict[str, int]) -> int:
    """Count the leaves; only for what is neither circular nor deep."""
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
    """Return how deep groups nest, those of named cohorts included; None for circular ones."""
    groups: dict[str, PropertyGroup | None] = {}

    def edges(name: str) -> set[str]:
        if name not in groups:
            cohort = scope.definitions.cohort(name)
            groups[name] = cohort.definition if cohort else None
        found = set()
        for one in (groups[name] or PropertyGroup("AND")).values:
            if isinstance(one, PropertyGroup):
                nested = f"group {id(one)}"
                groups[nested] = one
                found.add(nested)
            elif one.type == "cohort" and one.value is not None:
                found.add(text(one.value))
        return found

    return graph.depth(cohort_id, edges)


def _edges(scope: Scope) -> graph.Edges:
    return lambda cohort_id: references(scope.definitions.cohort(cohort_id))


def _obstacle(cohort: Cohort, scope: Scope) -> str | None:
    """Say what below makes the cohort undecidable as a whole, if anything does."""
    edges = _edges(scope)
    if graph.depth(cohort.id, edges) is None:
        return f"cohort {cohort.id} refers to itself"
    excess = cohort_excess(cohort.id, scope)
    if excess is not None:
        return f"cohort {cohort.id} {excess}"
    for one in (cohort.id, *graph.reachable(cohort.id, edges)):
        found = scope.definitions.cohort(one)
        for leaf in leaves(found.definition if found else None):
            if leaf.type not in _DECIDABLE:
                return f"cohort {one} has a {leaf.type} filter, which properties cannot decide"
    return None


def _group(group: PropertyGroup, scope: Scope) -> Node:
    if not group.values:
        return Undecidable(_UNSUPPORTED, "an empty group: engines disagree on whom it holds")
    parts = tuple(_part(one, scope) for one in group.values)
    return AllOf(parts) if group.type == "AND" else AnyOf(parts)


def _part(one: PropertyGroup | Filter, scope: Scope) -> Node:
    if isinstance(one, PropertyGroup):
        return _group(one, scope)
    node = lower_filter(one, None, scope)
    return Not(node) if one.negation else node
