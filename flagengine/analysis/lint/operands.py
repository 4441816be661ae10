"""Operands that an operator cannot read, and operators on the wrong type of filter."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from flagengine.analysis.lint.finding import Finding, finding
from flagengine.analysis.lint.inspection import Inspection, LocatedFilter
from flagengine.definitions.reading import pointer_to, shown
from flagengine.operators import ALIASES, DIALECTS, ELSEWHERE, VALUELESS, UnsupportedOperator, never
from flagengine.plan.cohort_ids import named_cohort
from flagengine.values.instants import LENIENT, Moment, instant_of_filter

__all__ = ["check_operands"]

_ANY_DAY: Final = Moment.of(datetime(2024, 1, 15, tzinfo=UTC))
"""An arbitrary day for relative dates; whether text is a date does not depend on the day."""

_FORMS: Final[Mapping[str, str]] = {
    "gt": "a number",
    "gte": "a number",
    "lt": "a number",
    "lte": "a number",
    "between": "a list of two numbers, the lower first",
    "not_between": "a list of two numbers, the lower first",
    "semver": "a version such as 1.2.3",
    "is_date": "a date: YYYY-MM-DD, RFC 3339, or relative like -30d",
}
"""The operand of each operator, or of each family of operators by prefix."""


def check_operands(inspection: Inspection) -> Iterator[Finding]:
    """Yield filters whose operator cannot use their operand."""
    operators = DIALECTS[inspection.definitions.property_matching_version]
    for located in inspection.filters:
        name = ALIASES.get(located.filter.operator or "exact", located.filter.operator or "exact")
        if located.kind == "cohort":
            yield from _cohort(located)
        elif located.kind == "flag":
            yield from _flag(located)
        elif located.kind in ("person", "group"):
            if name in ELSEWHERE:
                yield _misplaced(located, f"{name} cannot be used on properties")
            elif name in operators:
                yield from _property(located, name, operators[name](located.filter.value))


def _property(located: LocatedFilter, name: str, matcher: Any) -> Iterator[Finding]:
    pointer = pointer_to(located.pointer, "value")
    value = located.filter.value
    if name in VALUELESS:
        return
    if value is None:
        yield finding("null_operand", pointer, f"{name} needs a value")
    elif isinstance(matcher, UnsupportedOperator):
        message = f"only the server can run the pattern {shown(value)!r}: {matcher.why}"
        yield finding("untranslatable_pattern", pointer, message)
    elif name.endswith("regex") and matcher.test is never:
        yield finding(
            "invalid_pattern", pointer, f"{shown(value)!r} is not a valid regular expression"
        )
    elif matcher.test is never:
        yield _malformed(pointer, name, value)
    elif name.startswith("is_date"):
        yield from _date(pointer, name, value)


def _date(pointer: str, name: str, value: str) -> Iterator[Finding]:
    instant = instant_of_filter(value, _ANY_DAY)
    if instant is None:
        yield _malformed(pointer, name, value)
    elif instant is LENIENT:
        message = f"only the server can decide whether {shown(value)!r} is a date"
        yield finding("undecidable_date", pointer, message)


def _malformed(pointer: str, name: str, value: Any) -> Finding:
    form = next(form for prefix, form in _FORMS.items() if name.startswith(prefix))
    message = f"{name} needs {form}, got {shown(value)}"
    return finding("malformed_operand", pointer, message, f"Write {form}.")


def _misplaced(located: LocatedFilter, message: str) -> Finding:
    return finding("misplaced_operator", pointer_to(located.pointer, "operator"), message)


def _cohort(located: LocatedFilter) -> Iterator[Finding]:
    if located.filter.value is None:
        message = "a cohort filter needs the cohort's id"
        yield finding("null_operand", pointer_to(located.pointer, "value"), message)
    elif named_cohort(located.filter) is None:
        message = f"a cohort filter needs the cohort's id, got {shown(located.filter.value)}"
        hint = "Write the id of a cohort."
        yield finding("malformed_operand", pointer_to(located.pointer, "value"), message, hint)
    elif located.filter.operator not in (None, "in", "not_in"):
        yield _misplaced(
            located,
            f"a cohort filter must have the operator in or not_in, got {shown(located.filter.operator)}",
        )


def _flag(located: LocatedFilter) -> Iterator[Finding]:
    pointer = pointer_to(located.pointer, "value")
    if located.in_cohort:
        yield _misplaced(located, "a flag filter in a cohort never matches")
    elif located.filter.operator != "flag_evaluates_to":
        written = shown(located.filter.operator) if located.filter.operator else "no operator"
        yield _misplaced(
            located, f"a flag filter must have the operator flag_evaluates_to, got {written}"
        )
    elif located.filter.value is None:
        message = "a flag filter needs true, false or a variant"
        yield finding("null_operand", pointer, message)
    elif not isinstance(located.filter.value, bool | str):
        message = (
            f"a flag's value must be true, false or a variant, got {shown(located.filter.value)}"
        )
        hint = "Write true, false or a variant's key."
        yield finding("malformed_operand", pointer, message, hint)
