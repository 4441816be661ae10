"""A column of ids in Arrow's buffers, and the time of hashing it."""

from __future__ import annotations

import uuid
from array import array
from random import Random
from time import perf_counter_ns
from typing import TYPE_CHECKING

from benchmarks.expected import WrongAnswerError, bucket_number

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PREFIX", "nanoseconds_per_row", "texts"]

PREFIX = "new-checkout."
_SEED = 13
_LEAST_NS = 20_000_000
_CHECKED = 1_000


def texts(rows: int) -> tuple[str, array[int], bytes]:
    """Return the text before each id, the offsets and the data of a column of UUIDs."""
    # A fixed seed, because the ids must be the same in every run.
    source = Random(_SEED)
    ids = [str(uuid.UUID(int=source.getrandbits(128), version=4)) for _ in range(rows)]
    offsets = array("i", [0])
    for text in ids:
        offsets.append(offsets[-1] + len(text))
    return PREFIX, offsets, "".join(ids).encode()


def nanoseconds_per_row(run: Callable[[], array[int]], rows: int) -> float:
    """Return the time per row of a slot, after checking the numbers."""
    _check(run(), rows)
    passes, taken = 0, 0
    started = perf_counter_ns()
    while taken < _LEAST_NS:
        run()
        passes += 1
        taken = perf_counter_ns() - started
    return taken / passes / rows


def _check(numbers: array[int], rows: int) -> None:
    prefix, offsets, data = texts(min(rows, _CHECKED))
    for row in range(len(offsets) - 1):
        text = data[offsets[row] : offsets[row + 1]].decode()
        if numbers[row] != bucket_number(prefix + text):
            message = f"row {row}: another number than hashlib's"
            raise WrongAnswerError(message)
