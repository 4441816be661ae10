"""The loop that hashes a column of ids, beside the bare kernel, and in two threads.

python -m benchmarks.batch_hash [--rows 2000000] [--rounds 7]
"""

from __future__ import annotations

import argparse
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from benchmarks.batch_people import people
from flagengine.batch.inputs import BATCH_ROWS
from flagengine.batch.stream import in_order
from flagengine.batch.subject_ids import ids_of_column
from flagengine.hashing import Algorithm
from flagengine.string_column import SUBJECT_CHARACTERS, StringColumn, bucket_column

if TYPE_CHECKING:
    from collections.abc import Callable

_PREFIX = "new-checkout."


def bare(ids: pa.Array) -> Callable[[], None]:
    """One call of the kernel over all ids, into memory that is there."""
    _, offsets, data = ids.buffers()
    column = StringColumn(offsets=offsets, data=data, count=len(ids))
    out = np.zeros(len(ids), np.uint64).data
    return lambda: bucket_column(Algorithm.SHA1, _PREFIX, "", column, out, clip=True)


def loop(batches: list[pa.Array], threads: int) -> Callable[[], None]:
    """What evaluating a table does with its ids, batch by batch."""

    def work(batch: pa.Array) -> int:
        numbers = ids_of_column(batch).numbers("sha1", _PREFIX, "", True, clip=True)
        return len(numbers)

    return lambda: sum(in_order(work, batches, threads)) and None


def machine(rounds: int) -> float:
    """How much faster two threads are than one for work that cannot hinder each other."""
    data, ratios = bytes(32_000_000), []
    with ThreadPoolExecutor(2) as pool:
        for _ in range(rounds):
            started = perf_counter()
            for _ in range(2):
                sha256(data)
            middle = perf_counter()
            list(pool.map(sha256, [data, data]))
            ratios.append((middle - started) / (perf_counter() - middle))
    return median(ratios)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    ids = people(options.rows).column("distinct_id").combine_chunks()
    ids = ids.chunk(0) if isinstance(ids, pa.ChunkedArray) else ids
    batches = [ids.slice(at, BATCH_ROWS) for at in range(0, len(ids), BATCH_ROWS)]
    candidates = {"bare kernel": bare(ids), "loop": loop(batches, 1), "2 threads": loop(batches, 2)}
    taken: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(options.rounds):
        for name, work in candidates.items():
            started = perf_counter()
            work()
            taken[name].append((perf_counter() - started) / options.rows * 1e9)
    print(f"{options.rows:,} UUIDs, a limit of {SUBJECT_CHARACTERS} characters, ns per id:")
    for name, samples in taken.items():
        least = min(samples)
        print(f"{name:12} median {median(samples):6.1f}  least {least:6.1f}")
    print(f"loop / bare {median(taken['loop']) / median(taken['bare kernel']):.2f}")
    print(f"1 thread / 2 {median(taken['loop']) / median(taken['2 threads']):.2f}", end="; ")
    print(f"OpenSSL's SHA-256 on this machine now: {machine(options.rounds):.2f}")


if __name__ == "__main__":
    main()
