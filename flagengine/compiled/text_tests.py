"""Tests of text properties in C, where there is the accelerator: the seam that hands them out.

A test made here answers what its matcher answers, or None: it sees the common case only, and the
caller asks the matcher about all else. It must not decide what a missing property means.
"""

from typing import TYPE_CHECKING

from flagengine.native import accelerator

if TYPE_CHECKING:
    from flagengine.operators import Matcher

__all__ = ["text_test"]


def text_test(key: str, matcher: "Matcher") -> "accelerator.TextTest | None":
    """Return an object that tests the property of that name, if there is one.

    Its ``test(props)`` gives None unless the properties are a dict whose value for ``key`` is ASCII
    text of at most 256 characters. There is none without the accelerator, or for a matcher that
    is not a test of text.
    """
    rule = matcher.text
    if rule is None or accelerator is None:
        return None
    operands = tuple(rule.operands)
    return accelerator.TextTest(key, rule.kind.value, operands, rule.negated)
