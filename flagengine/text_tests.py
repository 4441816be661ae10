"""Tests of text properties in C, where there is the accelerator: the seam that hands them out.

A test made here answers what its matcher answers, or None: it sees the common case only, and the
caller asks the matcher about all else. It must not decide what a missing property means.
"""

from typing import TYPE_CHECKING, Any

try:
    from flagengine import _accelerator
except ImportError:
    _accelerator = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Callable

    from flagengine.operators import Matcher

__all__ = ["text_test"]


def text_test(key: str, matcher: "Matcher") -> "Callable[[Any], bool | None] | None":
    """Return a function from properties to whether the one of that name matches, if there is one.

    The function gives None unless the properties are a dict whose value for ``key`` is ASCII
    text of at most 256 characters. There is none without the accelerator, or for a matcher that
    is not a test of text.
    """
    rule = matcher.text
    if rule is None or _accelerator is None:
        return None
    operands = tuple(rule.operands)
    return _accelerator.TextTest(key, rule.kind.value, operands, rule.negated).test
