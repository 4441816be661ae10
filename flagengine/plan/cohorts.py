"""Cohorts to nodes (SPEC R10): Kleene logic, and the reasons why a whole cohort is undecidable.

Lowering a cohort checks everything below the cohort: whether a leaf cannot be decided by
properties, whether a cohort refers to itself, and whether the server may fail to look a cohort up.
"""

from typing import Final

from flagengine.definitions.model import Cohort, Filter, PropertyGroup
from flagengine.definitions.reading import shown
from flagengine.plan.lower import Scope, lower_leaf
from flagengine.plan.nodes import AllOf, AnyOf, Node, Not, Undecidable
from flagengine.results.resolution import UnresolvedReason

__all__ = ["lower_cohort"]

_UNSUPPORTED: Final = UnresolvedReason.UNSUPPORTED_DEFINITION


def lower_cohort(name: str, scope: Scope) -> Node:
    """Return the node of a cohort's definition, or :class:`Undecidable` with the reason."""
    cohort = scope.definitions.cohort(name)
    if cohort is None:
        why = (
            f"cohort {shown(name)} is not in the definitions: static, deleted or another project's"
        )
        return Undecidable(_UNSUPPORTED, why, may_fail=True)
    obstacle = _obstacle(cohort, scope)
    if obstacle is not None:
        may_fail = scope.cohorts.facts(name).may_fail
        return Undecidable(_UNSUPPORTED, obstacle, may_fail=may_fail)
    if cohort.definition is None:
        return Undecidable(_UNSUPPORTED, _unreadable(cohort), may_fail=True)
    return _group(cohort.definition, scope)


def _unreadable(cohort: Cohort) -> str:
    if cohort.issues:
        return f"cohort {shown(cohort.id)} could not be read: {cohort.issues[0]}"
    return f"cohort {shown(cohort.id)} is empty; engines disagree on whether it matches"


def _obstacle(cohort: Cohort, scope: Scope) -> str | None:
    """Say why the cohort is undecidable as a whole; None when it is not."""
    facts = scope.cohorts.facts(cohort.id)
    if facts.depth is None:
        return f"cohort {shown(cohort.id)} refers to itself"
    if facts.excess is not None:
        return f"cohort {shown(cohort.id)} {facts.excess}"
    return facts.undecidable


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
