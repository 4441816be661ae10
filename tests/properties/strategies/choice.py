"""A fast choice from a pool, because making a ``sampled_from`` takes longer than drawing from it."""

from collections.abc import Sequence
from functools import cache
from typing import TypeVar

from hypothesis import strategies as st

__all__ = ["pick"]

T = TypeVar("T")

_position = cache(lambda count: st.integers(0, count - 1))


def pick(draw: st.DrawFn, pool: Sequence[T]) -> T:
    """Draw a member of a pool, of which the first is the simplest."""
    return pool[draw(_position(len(pool)))]
