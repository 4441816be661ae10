"""The input of the checks: the raw document, its plans, and every object with its pointer."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from flagengine.analysis.lint.places import Place, places
from flagengine.definitions.definitions import Definitions
from flagengine.definitions.model import INHERIT, Aggregation, Condition, Filter, Flag
from flagengine.definitions.reading import pointer_to
from flagengine.plan.plans import Plans
from flagengine.plan.reference_issues import located_filters, located_leaves

__all__ = ["Fields", "Inspection", "LocatedFilter", "aggregation_of"]


@dataclass(frozen=True, slots=True)
class Fields:
    """The known members of a kind of object: whole names, and prefixes of names."""

    names: frozenset[str]
    prefixes: tuple[str, ...] = ()

    def __contains__(self, name: str) -> bool:
        return name in self.names or name.startswith(self.prefixes)


@dataclass(frozen=True, slots=True)
class LocatedFilter:
    """A filter, its pointer, and the aggregation of its condition; cohorts have no aggregation."""

    pointer: str
    filter: Filter
    aggregation: Aggregation = None
    in_cohort: bool = False

    @property
    def kind(self) -> str:
        """The filter's type; without one, the condition's aggregation decides (R2.13)."""
        return self.filter.type or ("person" if self.aggregation is None else "group")


def aggregation_of(flag: Flag, condition: Condition) -> Aggregation:
    """Return the condition's own aggregation, else the flag's (R4.2)."""
    own = condition.aggregation
    return flag.aggregation if own is INHERIT else own


def _predicates(flag: Flag) -> Iterator[LocatedFilter]:
    """Yield the predicates of a flag of format 2."""
    for index, rule in enumerate(flag.rules.rules if flag.rules else ()):
        pointer = pointer_to(flag.pointer, "filters", "rules", index, "targeting", "properties")
        for position, predicate in enumerate(rule.filters):
            yield LocatedFilter(pointer_to(pointer, position), predicate)


@dataclass(frozen=True)
class Inspection:
    """The document that is inspected.

    ``fields`` maps kinds of :class:`Place` to their members; ``current`` has the flags that
    the document is to replace, as far as they are known.
    """

    document: Mapping[str, Any]
    plans: Plans
    fields: Mapping[str, Fields] = field(default_factory=dict)
    current: Mapping[str, Flag] = field(default_factory=dict)

    @property
    def definitions(self) -> Definitions:
        """The definitions in the document."""
        return self.plans.definitions

    @property
    def places(self) -> Iterator[Place]:
        """Every object of the document."""
        return places(self.document)

    @property
    def flags(self) -> Iterator[Flag]:
        """The flags that could be read."""
        for flag in self.definitions.flags.values():
            if flag.defect is None:
                yield flag

    @property
    def filters(self) -> Iterator[LocatedFilter]:
        """The filters of the readable flags and the leaves of the readable cohorts."""
        for flag in self.flags:
            aggregations = [aggregation_of(flag, condition) for condition in flag.conditions]
            for pointer, filter_ in located_filters(flag):
                index = int(pointer.split("/")[-3])
                yield LocatedFilter(pointer, filter_, aggregations[index])
            yield from _predicates(flag)
        yield from self.leaves

    @property
    def leaves(self) -> Iterator[LocatedFilter]:
        """The leaves of the readable cohorts."""
        for cohort in self.definitions.cohorts:
            for pointer, leaf in located_leaves(cohort):
                yield LocatedFilter(pointer, leaf, in_cohort=True)
