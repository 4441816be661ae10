"""The semver operators (SPEC R8.7): a value that is no version never matches, not even ``neq``."""

import operator
from functools import partial
from typing import Any, Final

from flagengine.operators.matcher import Form, Matcher, never
from flagengine.values.versions import version

__all__ = ["OPERATORS", "compare_version", "in_range"]

_COMPARISONS = {
    "semver_eq": operator.eq,
    "semver_neq": operator.ne,
    "semver_gt": operator.gt,
    "semver_gte": operator.ge,
    "semver_lt": operator.lt,
    "semver_lte": operator.le,
}
_RANGES = ("tilde", "caret", "wildcard")


def compare_version(operand: Any, *, name: str) -> Matcher:
    """Return ``semver_eq``, ``_neq``, ``_gt``, ``_gte``, ``_lt`` or ``_lte``."""
    bound = version(operand)
    if bound is None:
        return Matcher(Form.VERSION, never, absent=False)
    holds = _COMPARISONS[name]
    return Matcher(
        Form.VERSION, lambda value: value is not None and holds(value, bound), absent=False
    )


def in_range(operand: Any, *, name: str) -> Matcher:
    """Return ``semver_tilde``, ``semver_caret`` or ``semver_wildcard``."""
    from flagengine.values import version_ranges  # noqa: PLC0415 2 ms, and few flags need it

    requirement = getattr(version_ranges, name)(operand)
    if requirement is None:
        return Matcher(Form.VERSION, never, absent=False)
    return Matcher(
        Form.VERSION, lambda value: value is not None and value in requirement, absent=False
    )


OPERATORS: Final = {
    **{name: partial(compare_version, name=name) for name in _COMPARISONS},
    **{f"semver_{name}": partial(in_range, name=name) for name in _RANGES},
}
