"""Tests of text properties in C, if the accelerator is installed.

A test answers the common case exactly as its matcher does, and None otherwise; then the caller asks
the matcher. A test must not decide what a missing property means.
"""

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from flagengine.native import accelerator

if TYPE_CHECKING:
    from flagengine.operators import Matcher, TextRule

__all__ = ["text_test"]

_FEW: Final = 8
"""The number of operands up to which equal tests are one object, because many flags have them."""


def text_test(key: str, matcher: "Matcher") -> "accelerator.TextTest | None":
    """Return an object that tests the property ``key``; None without the accelerator.

    ``test(props)`` returns None unless ``props`` is a dict whose value for ``key`` is ASCII text of
    at most 256 characters. The result is also None for a matcher that does not test text.
    """
    rule = matcher.text
    if rule is None or accelerator is None:
        return None
    return (_shared if len(rule.operands) <= _FEW else _made)(key, rule)


def _made(key: str, rule: "TextRule") -> "accelerator.TextTest":
    return accelerator.TextTest(key, rule.kind.value, tuple(rule.operands), rule.negated)


_shared: Final = lru_cache(512)(_made)
