"""What definitions refer to, by name, and what refers to a name."""

from collections.abc import Iterator, Mapping
from typing import Literal

from flagengine.definitions.definitions import Definitions
from flagengine.definitions.model import Filter, Flag

__all__ = ["Name", "References", "references", "references_of", "spread"]

Name = tuple[Literal["flag", "cohort"], str]
"""A flag by its key or a cohort by its id: ``("flag", "beta")``, ``("cohort", "7")``."""

References = Mapping[Name, tuple[Name, ...]]
"""The names that each definition refers to."""


def references(name: Name, definitions: Definitions) -> tuple[Name, ...]:
    """Return what a definition refers to; nothing for a name without a definition."""
    kind, key = name
    if kind == "cohort":
        from flagengine.plan.cohort_facts import leaves  # noqa: PLC0415 2 ms, and few have cohorts

        cohort = definitions.cohort(key)
        below = leaves(cohort.definition if cohort else None)
        found = (target for leaf in below if leaf.type == "cohort" for target in _targets(leaf))
    else:
        flag = definitions.flag(key)
        return references_of(flag) if flag else ()
    return tuple(dict.fromkeys(found))


def references_of(flag: Flag) -> tuple[Name, ...]:
    """Return what a flag refers to."""
    found = (
        target
        for condition in flag.conditions
        for leaf in condition.filters
        if leaf.refers
        for target in _targets(leaf)
    )
    return tuple(dict.fromkeys(found))


def _targets(leaf: Filter) -> Iterator[Name]:
    if leaf.type == "cohort":
        from flagengine.plan.cohort_ids import named_cohort  # noqa: PLC0415 few flags need it

        named = named_cohort(leaf)
        if named is not None:
            yield "cohort", named
    else:
        # The test also depends on whether every flag of the chain exists.
        for key in (*(leaf.dependency_chain or ()), leaf.key):
            yield "flag", key


def spread(touched: set[Name], graph: References) -> None:
    """Add everything that refers to a member of ``touched``, directly or through others."""
    referrers: dict[Name, list[Name]] = {}
    for name, targets in graph.items():
        for target in targets:
            referrers.setdefault(target, []).append(name)
    waiting = list(touched)
    while waiting:
        for name in referrers.get(waiting.pop(), ()):
            if name not in touched:
                touched.add(name)
                waiting.append(name)
