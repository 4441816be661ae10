"""``exact`` and ``is_not`` (SPEC R8.1): equality of rendered, lower-cased text.

Before ``property_matching_version`` 2 a filter whose values are booleans compares truth instead.
"""

from functools import partial
from typing import Any, Final

from flagengine.operators.matcher import Form, Matcher, TextKind, TextRule
from flagengine.values.json_values import is_true, lower
from flagengine.values.record import replace

__all__ = ["EXPLICIT", "LEGACY", "exact", "is_not"]


def exact(operand: Any, *, explicit: bool) -> Matcher:
    """Match when the property equals the operand, or a member of a list operand.

    ``explicit`` selects matching version 2.
    """
    if operand == [] or (not explicit and _is_boolean_like(operand)):
        wanted = is_true(operand) if operand != [] else True
        return Matcher(Form.TRUTH, lambda truth: truth is wanted, absent=False)
    if isinstance(operand, list):
        rule = TextRule(TextKind.EQUALS, frozenset(lower(member) for member in operand))
    else:
        rule = TextRule(TextKind.EQUALS, (lower(operand),))
    return Matcher(Form.LOWER, rule.test(), absent=False, text=rule)


def is_not(operand: Any, *, explicit: bool) -> Matcher:
    """Match when :func:`exact` does not; a property known to be absent matches."""
    equal = exact(operand, explicit=explicit)
    rule = equal.text and replace(equal.text, negated=True)
    return Matcher(equal.form, lambda value: not equal.test(value), absent=True, text=rule)


def _is_boolean_like(operand: Any) -> bool:
    if isinstance(operand, list):
        return all(map(_is_boolean_like, operand))
    return isinstance(operand, bool) or (
        isinstance(operand, str) and operand.lower() in ("true", "false")
    )


LEGACY: Final = {
    "exact": partial(exact, explicit=False),
    "is_not": partial(is_not, explicit=False),
}
EXPLICIT: Final = {
    "exact": partial(exact, explicit=True),
    "is_not": partial(is_not, explicit=True),
}
