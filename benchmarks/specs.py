"""Flags in a neutral form, which is translated for each rival.

The form has only what all rivals can express: a list test, a substring test, a number test, and their
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

#: The percentage that needs no hash.
EVERYONE = 100

#: The value of a flag: off, on, or a variant. None: the engine does not decide.
Answer = bool | str | None


class Operator(StrEnum):
    """The operators that every rival has."""

    IN = "in"
    CONTAINS = "contains"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Filter:
    """A test of a property; `operand` is a tuple of texts, a text, or a number."""

    property: str
    operator: Operator
    operand: tuple[str, ...] | str | int


@dataclass(frozen=True, slots=True)
class AllOf:
    """A criterion that is true if all parts are true."""

    parts: tuple[Criterion, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """A criterion that is true if any part is true."""

    parts: tuple[Criterion, ...]


Criterion = Filter | AllOf | AnyOf


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition: filters that must all match, a cohort that must match, and a percentage."""

    filters: tuple[Filter, ...] = ()
    rollout: int = EVERYONE
    cohort: Criterion | None = None

    @property
    def criterion(self) -> AllOf:
        """Return filters and cohort as a single expression, for engines without cohorts."""
        cohort = () if self.cohort is None else (self.cohort,)
        return AllOf((*self.filters, *cohort))


@dataclass(frozen=True, slots=True)
class Variant:
    """A variant with its share in percent and its payload as JSON text."""

    key: str
    weight: int
    payload: str


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag: the first condition that matches decides, and draws one of the variants, if any."""

    key: str
    conditions: tuple[Condition, ...]
    variants: tuple[Variant, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """A person for whom flags are evaluated."""

    id: str
    properties: Mapping[str, str | int | bool]


def alternatives(criterion: Criterion) -> tuple[tuple[Filter, ...], ...]:
    """Return the criterion as an OR of ANDs, for engines whose rules have no deeper nesting."""
    match criterion:
        case Filter():
            return ((criterion,),)
        case AnyOf(parts):
            return tuple(row for part in parts for row in alternatives(part))
        case AllOf(parts):
            rows = product(*(alternatives(part) for part in parts))
            return tuple(tuple(test for group in row for test in group) for row in rows)
