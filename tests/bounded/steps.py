"""A counter of the work of a call: steps and bytes, which are the same in every run, and no seconds.

The garbage collector rests meanwhile. When it runs depends on all that the process did before, and its
work is not the call's: it calls what others registered, and finalizes what others left.
"""

import gc
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["peak", "steps"]


def steps(run: Callable[[], object]) -> int:
    """Return the number of Python and C functions that a run calls."""
    count = 0

    def profile(frame: Any, event: str, argument: object) -> None:
        nonlocal count
        if event in ("call", "c_call"):
            count += 1

    with _without_collecting():
        before = sys.getprofile()
        sys.setprofile(profile)
        try:
            run()
        finally:
            sys.setprofile(before)
    return count


def peak(run: Callable[[], object]) -> int:
    """Return the greatest number of bytes that a run has in use at one time."""
    with _without_collecting():
        tracemalloc.start()
        try:
            run()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


@contextmanager
def _without_collecting() -> Iterator[None]:
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
