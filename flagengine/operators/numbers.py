"""Numeric comparison (SPEC R8.5, R8.6) of binary64 numbers; other values never match."""

import math
import operator
from functools import partial
from typing import Any, Final

from flagengine.operators.matcher import Form, Matcher, NumberRule, never
from flagengine.values.json_values import number

__all__ = ["OPERATORS", "between", "compare"]

_COMPARISONS = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}


def compare(operand: Any, *, name: str) -> Matcher:
    """Return ``gt``, ``gte``, ``lt`` or ``lte``; an operand that is no number never matches."""
    bound = number(operand)
    if bound is None:
        return Matcher(Form.NUMBER, never, absent=False)
    holds = _COMPARISONS[name]
    return Matcher(
        Form.NUMBER,
        lambda value: value is not None and holds(value, bound),
        absent=False,
        number=NumberRule(name, bound),
    )


def between(operand: Any, *, negated: bool) -> Matcher:
    """Return ``between`` or ``not_between``; both bounds are inside.

    Malformed or reversed bounds never match, negated or not, with or without the property. A property
    that is no number, or that is known to be absent, is outside; NaN never matches, negated or not.
    """
    bounds = _bounds(operand)
    if bounds is None:
        return Matcher(Form.NUMBER, never, absent=False)
    low, high = bounds

    def test(value: float | None) -> bool:
        if value is None:
            return negated
        if math.isnan(value):
            return False
        return (low <= value <= high) is not negated

    return Matcher(Form.NUMBER, test, absent=negated)


def _bounds(operand: Any) -> tuple[float, float] | None:
    if not isinstance(operand, list) or len(operand) != 2:
        return None
    low, high = number(operand[0]), number(operand[1])
    if low is None or high is None or not low <= high:
        return None
    return low, high


OPERATORS: Final = {
    **{name: partial(compare, name=name) for name in _COMPARISONS},
    "between": partial(between, negated=False),
    "not_between": partial(between, negated=True),
}
