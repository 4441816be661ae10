"""``is_set`` and ``is_not_set`` (SPEC R8.2): both ignore the operand, and null counts as set."""

from typing import Any, Final

from flagengine.operators.matcher import Form, Matcher

__all__ = ["OPERATORS", "is_not_set", "is_set"]


def _present(_: object) -> bool:
    return True


def _not_present(_: object) -> bool:
    return False


def is_set(_: Any) -> Matcher:
    """Match when the property has any value."""
    return Matcher(Form.JSON, _present, absent=False)


def is_not_set(_: Any) -> Matcher:
    """Match when the property is known to be absent."""
    return Matcher(Form.JSON, _not_present, absent=True)


OPERATORS: Final = {"is_set": is_set, "is_not_set": is_not_set}
