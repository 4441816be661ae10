"""Lint: findings about definitions that can be read, but are probably mistakes.

To add a check, write a function from an :class:`Inspection` to findings, and add the function to
``CHECKS`` and its codes to the catalogue. Checks are pure.
"""

from collections.abc import Callable, Iterator
from typing import Final

from flagengine.analysis.lint import (
    conditions,
    fields,
    groups,
    locality,
    operands,
    order,
    payloads,
    rules,
    variants,
)
from flagengine.analysis.lint.catalogue import CATALOGUE, Entry, Severity
from flagengine.analysis.lint.finding import Finding, finding, rank
from flagengine.analysis.lint.inspection import Fields, Inspection

__all__ = [
    "CATALOGUE",
    "CHECKS",
    "Entry",
    "Fields",
    "Finding",
    "Inspection",
    "Severity",
    "finding",
    "lint",
    "rank",
]

CHECKS: Final[tuple[Callable[[Inspection], Iterator[Finding]], ...]] = (
    fields.check_fields,
    fields.check_keys,
    conditions.check_conditions,
    conditions.check_percentages,
    variants.check_variants,
    variants.check_pins,
    payloads.check_payloads,
    operands.check_operands,
    groups.check_group_indexes,
    groups.check_empty_groups,
    rules.check_rules,
    order.check_order,
    locality.check_locality,
)


def lint(inspection: Inspection) -> Iterator[Finding]:
    """Run every check."""
    for check in CHECKS:
        yield from check(inspection)
