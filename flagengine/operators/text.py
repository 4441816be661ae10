"""The text operators (SPEC R8.3, R8.4): both sides rendered, A to Z folded."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from flagengine.operators.matcher import Form, Matcher, TextKind, TextRule
from flagengine.values.json_values import ascii_fold

__all__ = ["OPERATORS", "contains", "contains_any", "ends_with", "starts_with"]

Test = Callable[[str], bool]


def contains(operand: Any, *, negated: bool) -> Matcher:
    """Match when the property contains the operand; an empty operand is contained in all."""
    needle = ascii_fold(operand)
    rule = TextRule(TextKind.CONTAINS, (needle,), negated)
    return _matcher(lambda value: needle in value, rule)


def contains_any(operand: Any, *, negated: bool) -> Matcher:
    """Match when the property contains a member of the operand, a list or one scalar."""
    members = operand if isinstance(operand, list) else [operand]
    needles = tuple(ascii_fold(member) for member in members)
    rule = TextRule(TextKind.CONTAINS, needles, negated)
    return _matcher(lambda value: any(needle in value for needle in needles), rule)


def starts_with(operand: Any, *, negated: bool) -> Matcher:
    """Match when the property begins with the operand."""
    prefix = ascii_fold(operand)
    rule = TextRule(TextKind.STARTS_WITH, (prefix,), negated)
    return _matcher(lambda value: value.startswith(prefix), rule)


def ends_with(operand: Any, *, negated: bool) -> Matcher:
    """Match when the property ends with the operand."""
    suffix = ascii_fold(operand)
    rule = TextRule(TextKind.ENDS_WITH, (suffix,), negated)
    return _matcher(lambda value: value.endswith(suffix), rule)


def _matcher(test: Test, rule: TextRule) -> Matcher:
    if not rule.negated:
        return Matcher(Form.FOLDED, test, False, rule)
    return Matcher(Form.FOLDED, lambda value: not test(value), True, rule)


OPERATORS: Final = {
    "icontains": partial(contains, negated=False),
    "not_icontains": partial(contains, negated=True),
    "icontains_multi": partial(contains_any, negated=False),
    "not_icontains_multi": partial(contains_any, negated=True),
    "starts_with": partial(starts_with, negated=False),
    "not_starts_with": partial(starts_with, negated=True),
    "ends_with": partial(ends_with, negated=False),
    "not_ends_with": partial(ends_with, negated=True),
}
