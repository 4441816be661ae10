"""The loop that hashes a column of ids, compared with the bare kernel, in one and two threads.

python -m benchmarks.batch_hash [--rows 2000000] [--rounds 7]
"""

from __future__ import annotations

import argparse
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from benchmarks.batch_people import people
from flagengine.batch.inputs import BATCH_ROWS
from flagengine.batch.stream import in_order
from flagengine.columnar.subject_ids import ids_of_column
from flagengine.hashing.buckets import Algorithm
from flagengine.hashing.string_column import SUBJECT_CHARACTERS, StringColumn, bucket_column

if TYPE_CHECKING:
    from collections.abc import Callable

_PREFIX = "new-checkout."


def bare(ids: pa.Array, threads: int) -> Callable[[], None]:
    """Time a call of the kernel per thread over its share of the ids, into allocated memory."""
    _, offsets, data = ids.buffers()
    size = -(-len(ids) // threads)
    calls = []
    for start in range(0, len(ids), size):
        count = min(size, len(ids) - start)
        column = StringColumn(offsets=offsets, data=data, start=start, count=count)
        calls.append((column, np.zeros(count, np.uint64).data))

    def call(given: tuple[StringColumn, memoryview]) -> None:
        bucket_column(Algorithm.SHA1, _PREFIX, "", *given, clip=True)

    if threads == 1:
        return lambda: call(calls[0])
    pool = ThreadPoolExecutor(threads)
    return lambda: list(pool.map(call, calls)) and None


def loop(batches: list[pa.Array], threads: int) -> Callable[[], None]:
    """Time the hashing that the evaluation of a table does, batch by batch."""

    def work(batch: pa.Array) -> int:
        numbers = ids_of_column(batch).numbers("sha1", _PREFIX, "", True, clip=True)
        return len(numbers)

    return lambda: sum(in_order(work, batches, threads)) and None


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    ids = people(options.rows).column("distinct_id").combine_chunks()
    ids = ids.chunk(0) if isinstance(ids, pa.ChunkedArray) else ids
    batches = [ids.slice(at, BATCH_ROWS) for at in range(0, len(ids), BATCH_ROWS)]
    candidates = {
        "bare kernel": bare(ids, 1),
        "bare kernel, 2 threads": bare(ids, 2),
        "loop": loop(batches, 1),
        "loop, 2 threads": loop(batches, 2),
    }
    taken: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(options.rounds):
        for name, work in candidates.items():
            started = perf_counter()
            work()
            taken[name].append((perf_counter() - started) / options.rows * 1e9)
    print(f"{options.rows:,} UUIDs, a limit of {SUBJECT_CHARACTERS} characters, ns per id:")
    for name, samples in taken.items():
        least = min(samples)
        print(f"{name:22} median {median(samples):6.1f}  least {least:6.1f}")
    print(f"loop / bare {median(taken['loop']) / median(taken['bare kernel']):.2f}")
    for name in ("loop", "bare kernel"):
        ratio = median(taken[name]) / median(taken[f"{name}, 2 threads"])
        print(f"{name}, 1 thread / 2 {ratio:.2f}")


if __name__ == "__main__":
    main()
