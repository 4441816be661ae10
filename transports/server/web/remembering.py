"""Results that are remembered for short texts: clients repeat their paths, queries and names."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Final, TypeVar

__all__ = ["remembering"]

T = TypeVar("T")
TextT = TypeVar("TextT", str, bytes)

_MOST: Final = 256
_LONGEST: Final = 256


def remembering(function: Callable[[TextT], T]) -> Callable[[TextT], T]:
    """Return the function of one text, with the results for the last 256 texts of at most 256 characters.

    A client that sends other texts each time fills at most so much memory.
    """
    known = lru_cache(_MOST)(function)

    @wraps(function)
    def remembered(text: TextT) -> T:
        return known(text) if len(text) <= _LONGEST else function(text)

    return remembered
