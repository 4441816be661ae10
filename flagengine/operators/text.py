"""The text operators (SPEC R8.3, R8.4): both sides rendered, A to Z folded."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from flagengine.operators.matcher import Form, Matcher
from flagengine.values import ascii_fold

__all__ = ["OPERATORS", "contains", "contains_any", "ends_with", "starts_with"]

Test = Callable[[str], bool]


def contains(operand: Any, *, negated: bool) -> Matcher:
    """Match when the property contains the operand; an empty operand is contained in all."""
    needle = ascii_fold(operand)
    return _matcher(lambda value: needle in value, "{operand} in {value}", needle, negated=negated)


def contains_any(operand: Any, *, negated: bool) -> Matcher:
    """Match when the property contains a member of the operand, a list or one scalar."""
    members = operand if isinstance(operand, list) else [operand]
    needles = tuple(ascii_fold(member) for member in members)
    return _matcher(
        lambda value: any(needle in value for needle in needles), None, None, negated=negated
    )


def starts_with(operand: Any, *, negated: bool) -> Matcher:
    """Match when the property begins with the operand."""
    prefix = ascii_fold(operand)
    test = "{value}.startswith({operand})"
    return _matcher(lambda value: value.startswith(prefix), test, prefix, negated=negated)


def ends_with(operand: Any, *, negated: bool) -> Matcher:
    """Match when the property ends with the operand."""
    suffix = ascii_fold(operand)
    test = "{value}.endswith({operand})"
    return _matcher(lambda value: value.endswith(suffix), test, suffix, negated=negated)


def _matcher(test: Test, inline: str | None, operand: str | None, *, negated: bool) -> Matcher:
    if not negated:
        return Matcher(Form.FOLDED, test, False, inline, operand)
    inline = None if inline is None else f"not {inline}"
    return Matcher(Form.FOLDED, lambda value: not test(value), True, inline, operand)


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
