"""Flags in a form that belongs to no engine, so that each rival gets the same one translated.

Only what all rivals can express: a list test, a substring test, a number test, and their
combinations; percentages; variants with payloads. It must not know any engine's wire format.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "EVERYONE",
    "AllOf",
    "Answer",
    "AnyOf",
    "Condition",
    "Criterion",
    "Filter",
    "Flag",
    "Operator",
    "Person",
    "Variant",
    "alternatives",
]

#: The percentage at which nothing has to be hashed.
EVERYONE = 100

#: What a flag can be: off, on, or one of its variants. None: the engine would not decide.
Answer = bool | str | None


class Operator(StrEnum):
    """The tests that every rival has."""

    IN = "in"
    CONTAINS = "contains"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Filter:
    """One test of one property; `operand` is a tuple of texts, a text, or a number."""

    property: str
    operator: Operator
    operand: tuple[str, ...] | str | int


@dataclass(frozen=True, slots=True)
class AllOf:
    """True when every part is."""

    parts: tuple[Criterion, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True when one part is."""

    parts: tuple[Criterion, ...]


Criterion = Filter | AllOf | AnyOf


@dataclass(frozen=True, slots=True)
class Condition:
    """Filters that must all hold, a cohort that must contain the person, and a percentage."""

    filters: tuple[Filter, ...] = ()
    rollout: int = EVERYONE
    cohort: Criterion | None = None

    @property
    def criterion(self) -> AllOf:
        """Filters and cohort as one expression, for engines without cohorts."""
        cohort = () if self.cohort is None else (self.cohort,)
        return AllOf((*self.filters, *cohort))


@dataclass(frozen=True, slots=True)
class Variant:
    """A named answer with its share in percent and its payload as JSON text."""

    key: str
    weight: int
    payload: str


@dataclass(frozen=True, slots=True)
class Flag:
    """Conditions in order, the first that holds decides; with variants, which one is drawn."""

    key: str
    conditions: tuple[Condition, ...]
    variants: tuple[Variant, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a flag is evaluated for."""

    id: str
    properties: Mapping[str, str | int | bool]


def alternatives(criterion: Criterion) -> tuple[tuple[Filter, ...], ...]:
    """The criterion as an OR of ANDs, for engines whose rules know no deeper nesting."""
    match criterion:
        case Filter():
            return ((criterion,),)
        case AnyOf(parts):
            return tuple(row for part in parts for row in alternatives(part))
        case AllOf(parts):
            rows = product(*(alternatives(part) for part in parts))
            return tuple(tuple(test for group in row for test in group) for row in rows)
