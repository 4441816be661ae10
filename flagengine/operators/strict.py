"""The operators of a format 2 predicate (SPEC R20): those of format 1, except for two errors.

A pattern that is no pattern and a comparison of what is no number fail the flag, where format 1
does not match.
"""

from typing import Any

from flagengine.operators import DIALECTS, VALUELESS, Form, Matcher, UnsupportedOperator, never
from flagengine.results.verdicts import INVALID_PROPERTY, INVALID_REGEX, UNSUPPORTED, Gap

__all__ = ["strict_matcher"]

_PATTERNS = ("regex", "not_regex")
_NUMBERS = ("gt", "gte", "lt", "lte")


def strict_matcher(name: str, operand: Any, matching_version: int) -> tuple[Matcher, Gap]:
    """Return an operator's matcher, and the verdict of a value that the matcher does not decide.

    A null operand never matches, negated or not, unless the operator ignores its operand.
    """
    if operand is None and name not in VALUELESS:
        return Matcher(Form.JSON, never, absent=False), UNSUPPORTED
    matcher = DIALECTS[matching_version][name](operand)
    if isinstance(matcher, UnsupportedOperator):
        is_negated = name.startswith("not_")
        return Matcher(Form.JSON, _undecided, is_negated, server_only=matcher.why), UNSUPPORTED
    if name in _PATTERNS and matcher.test is never:
        return Matcher(Form.JSON, _undecided, absent=None), INVALID_REGEX
    if name in _NUMBERS:
        return _number_matcher(matcher), INVALID_PROPERTY
    return matcher, UNSUPPORTED


def _number_matcher(matcher: Matcher) -> Matcher:
    """Return a comparison that decides nothing about a side that is no number."""
    holds = matcher.test
    if holds is never:
        return Matcher(Form.JSON, _undecided, absent=False)
    return Matcher(Form.NUMBER, lambda value: None if value is None else holds(value), absent=False)


def _undecided(*_: object) -> None:
    """Decide no value."""
