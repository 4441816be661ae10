"""The growth of time and memory with the rows, from Parquet to Parquet, in a process per size.

The floor is a process that reads the same columns and writes the same results without evaluating
anything, by pyarrow alone; it runs in turn with the evaluation.

python -m benchmarks.batch_scale [--rows 100000,1000000,10000000] [--rounds 1] [--threads 2]
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import pyarrow.parquet

from benchmarks.batch_people import NOW, document, people, person_flags
from flagengine import Snapshot
from flagengine.batch import evaluate_table
from flagengine.batch.files import open_file, write_file

_PART = 250_000


def make(path: Path, rows: int) -> None:
    """Write a file of people."""
    schema = people(1).schema
    with pyarrow.parquet.ParquetWriter(path, schema) as writer:
        for part in range(-(-rows // _PART)):
            writer.write_table(people(min(_PART, rows - part * _PART), part))


def work(source: Path, target: Path, threads: int | None) -> None:
    """Evaluate a file into another; print seconds and peak memory in MiB."""
    started = perf_counter()
    batch_rows = 1 << 16
    opened = open_file(source, batch_rows, encoded=True)
    snapshot = Snapshot.parse(document())
    result = evaluate_table(
        snapshot,
        opened.batches,
        flag_keys=person_flags(),
        now=NOW,
        batch_rows=batch_rows,
        threads=threads,
    )
    write_file(target, result.schema, result)
    _print(started)


def floor(source: Path, results: Path) -> None:
    """Read the people, and write results that were read before; print as `work` does."""
    written = pyarrow.parquet.ParquetFile(results)
    groups = [written.read_row_group(place) for place in range(written.num_row_groups)]
    started = perf_counter()
    rows = 0
    for batch in pyarrow.parquet.ParquetFile(source).iter_batches(batch_size=1 << 16):
        rows += batch.num_rows
    with pyarrow.parquet.ParquetWriter(
        results.with_name("copy.parquet"), written.schema_arrow, compression="zstd"
    ) as writer:
        for group in groups:
            writer.write_table(group, row_group_size=group.num_rows)
    assert rows == written.metadata.num_rows
    _print(started)


def _print(started: float) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(perf_counter() - started, process_time(), peak)


def run(*arguments: object) -> list[float]:
    """Return what a process of this module prints."""
    command = [sys.executable, "-m", "benchmarks.batch_scale", *map(str, arguments)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [*map(float, done.stdout.split())]


def measure(rows: int, rounds: int, threads: int | None, folder: Path) -> None:
    """Print the median seconds for this number of rows, and the floor's."""
    source, target = folder / "people.parquet", folder / "flags.parquet"
    make(source, rows)
    more = [] if threads is None else ["--threads", threads]
    found, bare = [], []
    for _ in range(rounds):
        found.append(run("--work", source, target, *more))
        assert pyarrow.parquet.read_metadata(target).num_rows == rows
        bare.append(run("--floor", source, target))
    seconds, least = (median(times[0] for times in taken) for taken in (found, bare))
    busy = median(times[1] for times in found)
    peak = max(times[2] for times in found)
    print(
        f"{rows:>12,} {seconds:9.2f} {seconds / rows * 1e6:8.3f} {busy:8.2f} {peak:8.0f}"
        f" {least:9.2f} {seconds / least:6.2f}",
        flush=True,
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", default="100000,1000000,10000000")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--work", nargs=2, type=Path)
    parser.add_argument("--floor", nargs=2, type=Path)
    options = parser.parse_args()
    if options.work:
        work(*options.work, options.threads)
        return
    if options.floor:
        floor(*options.floor)
        return
    print("rows, seconds, microseconds per row, CPU seconds, peak MiB, floor seconds, ratio")
    for rows in map(int, options.rows.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            measure(rows, options.rounds, options.threads, Path(folder))


if __name__ == "__main__":
    main()
