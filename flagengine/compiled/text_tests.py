"""Tests of text properties in C, if the accelerator is installed.

A test answers the common case exactly as its matcher does, and None otherwise; then the caller asks
the matcher. A test must not decide what a missing property means.
"""

from typing import TYPE_CHECKING

from flagengine.native import accelerator

if TYPE_CHECKING:
    from flagengine.operators import Matcher

__all__ = ["text_test"]


def text_test(key: str, matcher: "Matcher") -> "accelerator.TextTest | None":
    """Return an object that tests the property ``key``; None without the accelerator.

    ``test(props)`` returns None unless ``props`` is a dict whose value for ``key`` is ASCII text of
    at most 256 characters. The result is also None for a matcher that does not test text.
    """
    rule = matcher.text
    if rule is None or accelerator is None:
        return None
    operands = tuple(rule.operands)
    return accelerator.TextTest(key, rule.kind.value, operands, rule.negated)
