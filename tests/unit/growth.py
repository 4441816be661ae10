"""The growth of the process over a run of code, to find leaks."""

import gc
import sys
from collections.abc import Callable, Sequence

__all__ = ["growth"]

_RUNS = 3


def growth(run: Callable[[], object], held: Sequence[object]) -> tuple[list[int], int]:
    """Return how many references to each held object, and how many blocks of memory, a run leaves.

    The least of three runs: a leak is in every run, while the threads of the test runner, which
    share the process, allocate only now and then.
    """
    run()
    found = [_of_one_run(run, held) for _ in range(_RUNS)]
    references = [
        min(counts, key=abs) for counts in zip(*(counts for counts, _ in found), strict=True)
    ]
    return references, min(blocks for _, blocks in found)


def _of_one_run(run: Callable[[], object], held: Sequence[object]) -> tuple[list[int], int]:
    gc.collect()
    before, blocks = [sys.getrefcount(item) for item in held], sys.getallocatedblocks()
    run()
    gc.collect()
    after = [sys.getrefcount(item) for item in held]
    grown = sys.getallocatedblocks() - blocks
    return [new - old for old, new in zip(before, after, strict=True)], grown
