"""The property operators: one registry, one file per family (SPEC R8).

To add an operator, write its compile function in its family's file and add it to that family's
table. Nothing else lists operators.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from flagengine.operators import dates, equality, numbers, presence, regex, text, versions
from flagengine.operators.matcher import (
    FORMS,
    Form,
    Matcher,
    TextKind,
    TextRule,
    UnsupportedOperator,
    never,
)

__all__ = [
    "ALIASES",
    "DIALECTS",
    "ELSEWHERE",
    "FORMS",
    "VALUELESS",
    "Form",
    "Matcher",
    "Operators",
    "TextKind",
    "TextRule",
    "UnsupportedOperator",
    "is_operator",
    "never",
]

Operators = Mapping[str, Callable[[Any], Matcher | UnsupportedOperator]]
"""The functions that compile an operand, by operator name."""

_LEGACY: Final[Operators] = {
    **equality.LEGACY,
    **presence.OPERATORS,
    **text.OPERATORS,
    **regex.OPERATORS,
    **numbers.OPERATORS,
    **versions.OPERATORS,
    **dates.OPERATORS,
}

DIALECTS: Final[Mapping[int, Operators]] = {1: _LEGACY, 2: {**_LEGACY, **equality.EXPLICIT}}
"""The operators by ``property_matching_version``."""

ALIASES: Final[Mapping[str, str]] = {"min": "gte", "max": "lte"}
"""Old names that stored filters may still have, and the current names."""

VALUELESS: Final = frozenset(presence.OPERATORS)
"""Operators that ignore the filter's value; with all others a null value never matches (SPEC R8.9)."""

ELSEWHERE: Final = frozenset({"in", "not_in", "flag_evaluates_to"})
"""Operators of cohort and flag filters; a property filter with one of them never matches (R8.9)."""


def is_operator(name: str) -> bool:
    """Tell whether any kind of filter has this operator."""
    return name in _LEGACY or name in ALIASES or name in ELSEWHERE
