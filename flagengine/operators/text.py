"""The text operators (SPEC R8.3, R8.4): both sides are rendered, and A to Z are folded."""

from functools import partial
from typing import Any, Final

from flagengine.operators.matcher import Form, Matcher, TextKind, TextRule
from flagengine.values.json_values import ascii_fold

__all__ = ["OPERATORS", "compare_text"]


def compare_text(operand: Any, *, kind: TextKind, negated: bool, many: bool = False) -> Matcher:
    """Return ``icontains``, ``starts_with`` or ``ends_with``; all text has an empty operand.

    With ``many`` the operand may be a list, and any member may match.
    """
    members = operand if many and isinstance(operand, list) else [operand]
    rule = TextRule(kind, tuple(ascii_fold(member) for member in members), negated)
    return Matcher(Form.FOLDED, rule.test(), absent=negated, text=rule)


_CONTAINS: Final = partial(compare_text, kind=TextKind.CONTAINS)
_STARTS: Final = partial(compare_text, kind=TextKind.STARTS_WITH)
_ENDS: Final = partial(compare_text, kind=TextKind.ENDS_WITH)

OPERATORS: Final = {
    "icontains": partial(_CONTAINS, negated=False),
    "not_icontains": partial(_CONTAINS, negated=True),
    "icontains_multi": partial(_CONTAINS, negated=False, many=True),
    "not_icontains_multi": partial(_CONTAINS, negated=True, many=True),
    "starts_with": partial(_STARTS, negated=False),
    "not_starts_with": partial(_STARTS, negated=True),
    "ends_with": partial(_ENDS, negated=False),
    "not_ends_with": partial(_ENDS, negated=True),
}
