"""Which value a typed flag takes for its own."""

from __future__ import annotations

from typing import Never

__all__ = ["KeyedFlag", "is_number"]


class KeyedFlag:
    """A flag that knows its key, and refuses to be taken for its value.

    Attributes:
        key: the flag's key.
    """

    __slots__ = ("key",)

    def __init__(self, key: str) -> None:
        self.key: str = key

    def __bool__(self) -> Never:
        msg = f"flag {self.key!r} must be called to be read: flag(distinct_id)"
        raise TypeError(msg)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.key!r}>"


def is_number(value: object) -> bool:
    """Return whether a value is a number; True and False are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)
