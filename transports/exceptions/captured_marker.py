"""Marks on captured exceptions, so that several handlers capture an exception only once.

The mark is an attribute of the exception, and pickling keeps it.
"""

from __future__ import annotations

from .safe_attributes import instance_dict, is_a

__all__ = ["is_already_captured", "mark_captured"]

_MARK = "__flagengine_captured__"


def is_already_captured(error: object) -> bool:
    """Return whether ``mark_captured`` was called with this exception."""
    return is_a(error, BaseException) and instance_dict(error).get(_MARK) is True


def mark_captured(error: object) -> None:
    """Mark an exception as captured; ignore other objects."""
    if is_a(error, BaseException):
        instance_dict(error)[_MARK] = True
