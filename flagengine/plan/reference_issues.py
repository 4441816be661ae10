"""Issues between definitions: broken and circular references.

These issues make no flag unreadable; evaluation finds the same facts itself (SPEC R10, R11).
"""

from collections.abc import Iterator

from flagengine.definitions.issues import Issue, IssueCode
from flagengine.definitions.model import Cohort, Filter, Flag, PropertyGroup
from flagengine.definitions.parsing import ALGORITHMS
from flagengine.definitions.reading import pointer_to, shown
from flagengine.plan.cohort_ids import named_cohort
from flagengine.plan.lower import MAX_DEPENDENCY_DEPTH, Scope

__all__ = ["cohort_issues", "flag_issues", "located_filters", "located_leaves"]


def located_filters(flag: Flag) -> Iterator[tuple[str, Filter]]:
    """Yield a flag's filters with their JSON pointers; nothing for a flag that cannot be read."""
    conditions = () if flag.defect else flag.conditions
    for index, condition in enumerate(conditions):
        for position, leaf in enumerate(condition.filters):
            steps = ("filters", "groups", index, "properties", position)
            yield pointer_to(flag.pointer, *steps), leaf


def located_leaves(cohort: Cohort) -> Iterator[tuple[str, Filter]]:
    """Yield a cohort's leaves with their JSON pointers."""
    root = pointer_to("/cohorts", cohort.id)
    waiting: list[tuple[str, PropertyGroup | Filter]] = []
    if cohort.definition is not None:
        waiting.append((root, cohort.definition))
    while waiting:
        pointer, part = waiting.pop()
        if isinstance(part, Filter):
            yield pointer, part
        else:
            members = [
                (pointer_to(pointer, "values", position), member)
                for position, member in enumerate(part.values)
            ]
            waiting.extend(reversed(members))


def flag_issues(flag: Flag, scope: Scope, *, is_circular: bool) -> Iterator[Issue]:
    """Yield the issues of a flag's references and of its hash.

    ``is_circular`` tells whether the flag depends on itself.
    """
    if flag.hash_algorithm not in (None, *ALGORITHMS):
        yield Issue(
            IssueCode.UNKNOWN_HASH,
            pointer_to(flag.pointer, "flagengine", "hash"),
            f"unknown hash {shown(flag.hash_algorithm)!r}; known are sha1 and murmur3",
        )
    for pointer, leaf in located_filters(flag):
        yield from _cohort_filter(pointer, leaf, scope)
        yield from _flag_filter(pointer, leaf, scope)
    if flag.defect is None:
        yield from _dependencies(flag, scope, is_circular=is_circular)


def _dependencies(flag: Flag, scope: Scope, *, is_circular: bool) -> Iterator[Issue]:
    if is_circular:
        message = f"the flag {shown(flag.key)!r} depends on itself"
        yield Issue(IssueCode.DEPENDENCY_CYCLE, flag.pointer, message)
    elif (scope.dependency_depth(flag.key) or 0) > MAX_DEPENDENCY_DEPTH:
        message = f"dependencies are more than {MAX_DEPENDENCY_DEPTH} flags deep"
        yield Issue(IssueCode.TOO_DEEP, flag.pointer, message)


def cohort_issues(cohort: Cohort, scope: Scope, *, is_circular: bool) -> Iterator[Issue]:
    """Yield the issues of a cohort's references; ``is_circular``: the cohort refers to itself."""
    for pointer, leaf in located_leaves(cohort):
        yield from _cohort_filter(pointer, leaf, scope)

    pointer = pointer_to("/cohorts", cohort.id)
    if is_circular:
        message = f"the cohort {shown(cohort.id)} refers to itself"
        yield Issue(IssueCode.COHORT_CYCLE, pointer, message)
    elif (excess := scope.cohorts.facts(cohort.id).excess) is not None:
        yield Issue(IssueCode.TOO_DEEP, pointer, f"the cohort {excess}")


def _cohort_filter(pointer: str, leaf: Filter, scope: Scope) -> Iterator[Issue]:
    named = named_cohort(leaf) if leaf.type == "cohort" else None
    if named is not None and scope.definitions.cohort(named) is None:
        yield Issue(
            IssueCode.MISSING_COHORT,
            pointer_to(pointer, "value"),
            f"cohort {shown(leaf.value)} is not in the definitions: static, deleted or foreign",
        )


def _flag_filter(pointer: str, leaf: Filter, scope: Scope) -> Iterator[Issue]:
    if leaf.type == "flag" and leaf.operator == "flag_evaluates_to" and leaf.value is not None:
        chain = leaf.dependency_chain
        absent = [key for key in (*(chain or ()), leaf.key) if key not in scope.definitions.keys]
        if not chain or absent:
            why = (
                f"names {shown(absent[0])!r}, which is not defined"
                if chain
                else "is empty or absent"
            )
            message = f"the dependency chain {why}; only the server can decide this filter"
            yield Issue(
                IssueCode.MISSING_DEPENDENCY, pointer_to(pointer, "dependency_chain"), message
            )
