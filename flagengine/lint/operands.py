"""Operands that their operator cannot read, and operators where they do not belong."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from flagengine.definitions.reading import pointer_to, shown
from flagengine.lint.finding import Finding, finding
from flagengine.lint.inspection import Inspection, LocatedFilter
from flagengine.operators import ALIASES, DIALECTS, ELSEWHERE, VALUELESS, Unsupported, never
from flagengine.values.instants import LENIENT, Moment, instant_of_filter

__all__ = ["check_operands"]

_ANY_DAY: Final = Moment.of(datetime(2024, 1, 15, tzinfo=UTC))
"""Whether text is a date does not depend on the day; relative dates only need some day."""

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
"""What an operator, or a family of operators, reads."""


def check_operands(inspection: Inspection) -> Iterator[Finding]:
    """Yield filters whose operator and operand do not fit."""
    operators = DIALECTS[inspection.definitions.property_matching_version]
    for one in inspection.filters:
        name = ALIASES.get(one.filter.operator or "exact", one.filter.operator or "exact")
        if one.kind == "cohort":
            yield from _cohort(one)
        elif one.kind == "flag":
            yield from _flag(one)
        elif one.kind in ("person", "group"):
            if name in ELSEWHERE:
                yield _misplaced(one, f"{name} is no operator of properties")
            elif name in operators:
                yield from _property(one, name, operators[name](one.filter.value))


def _property(one: LocatedFilter, name: str, matcher: Any) -> Iterator[Finding]:
    pointer = pointer_to(one.pointer, "value")
    value = one.filter.value
    if name in VALUELESS:
        return
    if value is None:
        yield finding("null_operand", pointer, f"{name} needs a value")
    elif isinstance(matcher, Unsupported):
        message = f"the pattern {shown(value)!r} is left to the server: {matcher.why}"
        yield finding("untranslatable_pattern", pointer, message)
    elif name.endswith("regex") and matcher.test is never:
        yield finding("invalid_pattern", pointer, f"{shown(value)!r} is no regular expression")
    elif matcher.test is never:
        yield _malformed(pointer, name, value)
    elif name.startswith("is_date"):
        yield from _date(pointer, name, value)


def _date(pointer: str, name: str, value: str) -> Iterator[Finding]:
    instant = instant_of_filter(value, _ANY_DAY)
    if instant is None:
        yield _malformed(pointer, name, value)
    elif instant is LENIENT:
        message = f"whether {shown(value)!r} is a date is left to the server"
        yield finding("undecidable_date", pointer, message)


def _malformed(pointer: str, name: str, value: Any) -> Finding:
    form = next(form for prefix, form in _FORMS.items() if name.startswith(prefix))
    message = f"{name} needs {form}, found {shown(value)}"
    return finding("malformed_operand", pointer, message, f"Write {form}.")


def _misplaced(one: LocatedFilter, message: str) -> Finding:
    return finding("misplaced_operator", pointer_to(one.pointer, "operator"), message)


def _cohort(one: LocatedFilter) -> Iterator[Finding]:
    if one.filter.value is None:
        message = "a cohort filter needs the cohort's id"
        yield finding("null_operand", pointer_to(one.pointer, "value"), message)
    elif one.filter.operator not in (None, "in", "not_in"):
        yield _misplaced(one, f"{shown(one.filter.operator)} is no operator of cohorts")


def _flag(one: LocatedFilter) -> Iterator[Finding]:
    pointer = pointer_to(one.pointer, "value")
    if one.filter.operator != "flag_evaluates_to":
        written = shown(one.filter.operator) if one.filter.operator else "no operator"
        yield _misplaced(one, f"flag filters have flag_evaluates_to, found {written}")
    elif one.filter.value is None:
        message = "a flag filter needs true, false or a variant"
        yield finding("null_operand", pointer, message)
    elif not isinstance(one.filter.value, bool | str):
        message = f"a flag is true, false or a variant, never {shown(one.filter.value)}"
        hint = "Write true, false or a variant's key."
        yield finding("malformed_operand", pointer, message, hint)
