"""What must be known of a cohort and of the cohorts below it before it is lowered (SPEC R10, R15).

The facts of a cohort follow from its own definition and from the facts of the cohorts that it names,
so all facts of a document take linear time, however often cohorts are named.
"""

from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from typing import Final

from flagengine.definitions.definitions import Definitions
from flagengine.definitions.model import Cohort, Filter, PropertyGroup
from flagengine.definitions.parsing import MAX_COHORT_DEPTH
from flagengine.definitions.reading import shown
from flagengine.plan.cohort_ids import named_cohort
from flagengine.plan.graph import ordered
from flagengine.values.record import Record

__all__ = ["CohortFacts", "KnownCohorts", "is_decidable", "leaves"]

MAX_COHORT_PARTS: Final = 100_000
"""The maximum number of leaves of a cohort. The leaves of a cohort that is named twice count twice:
fifty cohorts that each name the previous cohort twice have 2^50 leaves (SPEC R15)."""
_DECIDABLE: Final = ("person", "cohort", "flag", None)


class CohortFacts(Record):
    """The facts of one cohort, with those of the cohorts that it names.

    ``depth`` counts nested groups and cohorts, and is None if a cohort refers to itself. ``size``
    counts leaves, at most one more than the limit. ``is_sound`` tells whether all definitions are
    there and readable, and all cohort leaves name a cohort. ``undecidable`` says which leaf is the
    first that properties cannot decide.
    """

    depth: int | None
    size: int
    is_sound: bool
    undecidable: str | None

    @property
    def may_fail(self) -> bool:
        """Whether the server may be unable to look the cohort up (R10.8)."""
        return not self.is_sound or self.depth is None or self.depth > MAX_COHORT_DEPTH

    @property
    def excess(self) -> str | None:
        """The limit (R15) that the cohort exceeds; None for a circular cohort too."""
        if self.depth is None:
            return None
        if self.depth > MAX_COHORT_DEPTH:
            return f"nests more than {MAX_COHORT_DEPTH} groups and cohorts deep"
        if self.size > MAX_COHORT_PARTS:
            return f"has more than {MAX_COHORT_PARTS} filters, those of nested cohorts included"
        return None


_CIRCULAR: Final = CohortFacts(None, 1, is_sound=True, undecidable=None)
"""What a cohort that leads back here adds to the facts."""


class KnownCohorts:
    """The facts of a document's cohorts, established on demand and remembered."""

    __slots__ = ("_definitions", "_facts")

    def __init__(self, definitions: Definitions) -> None:
        """Bind the definitions that hold the cohorts."""
        self._definitions = definitions
        self._facts: dict[str, CohortFacts] = {}

    def adopt(self, other: "KnownCohorts", names: AbstractSet[str]) -> None:
        """Take over the facts of cohorts that are the same, with all that they name."""
        known = other._facts.copy()  # noqa: SLF001 of this class
        self._facts.update({name: facts for name, facts in known.items() if name in names})

    def references(self, name: str) -> dict[str, None]:
        """Return the ids of the cohorts that a cohort's definition names, in reading order."""
        cohort = self._definitions.cohort(name)
        named = map(_named, leaves(cohort.definition if cohort else None))
        return dict.fromkeys(name for name in named if name is not None)

    def facts(self, name: str) -> CohortFacts:
        """Return the facts of a cohort; one that is not in the document is not sound."""
        facts = self._facts
        if name not in facts:
            for below in ordered(name, self.references, facts):
                facts[below] = _facts(self._definitions.cohort(below), facts.get)
        return facts[name]


def leaves(group: PropertyGroup | None) -> Iterator[Filter]:
    """Yield the filters of a cohort's definition at every depth, in reading order."""
    return (part for part, _ in _parts(group) if isinstance(part, Filter))


def is_decidable(leaf: Filter) -> bool:
    """Tell whether a leaf is of a type that properties can decide."""
    return leaf.type in _DECIDABLE


def _parts(group: PropertyGroup | None) -> Iterator[tuple[PropertyGroup | Filter, int]]:
    """Yield the groups and filters of a definition with the number of groups around them."""
    waiting = [(part, 0) for part in reversed(group.values)] if group else []
    while waiting:
        part, depth = waiting.pop()
        yield part, depth
        if isinstance(part, PropertyGroup):
            waiting.extend((inner, depth + 1) for inner in reversed(part.values))


def _facts(cohort: Cohort | None, facts_of: Callable[[str], CohortFacts | None]) -> CohortFacts:
    """Combine a definition with the facts of the cohorts that it names."""
    if cohort is None:
        return CohortFacts(1, 0, is_sound=False, undecidable=None)
    depths: list[int | None] = [1]
    size = 0
    problems: list[str | None] = []
    is_sound = cohort.definition is not None
    for part, level in _parts(cohort.definition):
        if isinstance(part, PropertyGroup):
            depths.append(level + 2)
            continue
        problems.append(_problem(part, cohort.id))
        if part.type != "cohort":
            size += 1
        elif (name := named_cohort(part)) is None:
            size += 1
            is_sound = False
        else:
            below = facts_of(name) or _CIRCULAR
            depths.append(None if below.depth is None else level + 1 + below.depth)
            size += below.size
            problems.append(below.undecidable)
            is_sound = is_sound and below.is_sound
    known = [depth for depth in depths if depth is not None]
    return CohortFacts(
        max(known) if len(known) == len(depths) else None,
        min(size, MAX_COHORT_PARTS + 1),
        is_sound=is_sound,
        undecidable=next(filter(None, problems), None),
    )


def _problem(leaf: Filter, cohort: str) -> str | None:
    """Say why properties cannot decide a leaf."""
    if not is_decidable(leaf):
        kind = shown(leaf.type)
        return f"cohort {shown(cohort)} has a {kind} filter, which properties cannot decide"
    if leaf.type == "cohort" and named_cohort(leaf) is None:
        return f"cohort {shown(cohort)} has a cohort filter that names no cohort"
    return None


def _named(leaf: Filter) -> str | None:
    """Return the id that a leaf names if it is a cohort leaf."""
    return named_cohort(leaf) if leaf.type == "cohort" else None
