"""A mark on exceptions that were captured: the same one is reported once on its way up.

The mark is in the exception's own attributes: it lives as long as the exception does, and goes with
it into another process.
"""

from __future__ import annotations

from .safe_attributes import instance_dict, is_a

__all__ = ["is_already_captured", "mark_captured"]

_MARK = "__flagengine_captured__"


def is_already_captured(error: object) -> bool:
    """Whether ``mark_captured`` was called for this very exception."""
    return is_a(error, BaseException) and instance_dict(error).get(_MARK) is True


def mark_captured(error: object) -> None:
    """Note that it was captured; for anything but an exception this does nothing."""
    if is_a(error, BaseException):
        instance_dict(error)[_MARK] = True
