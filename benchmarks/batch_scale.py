"""The growth of time and memory with the rows, from Parquet to Parquet, in a process per size.

python -m benchmarks.batch_scale [--rows 100000,1000000,10000000]
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import pyarrow as pa
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


def work(source: Path, target: Path) -> None:
    """Evaluate a file into another; print seconds and peak memory in MiB."""
    started = perf_counter()
    batch_rows = 1 << 16
    opened = open_file(source, batch_rows, encoded=True)
    snapshot = Snapshot.parse(document())
    result = evaluate_table(
        snapshot, opened.batches, flag_keys=person_flags(), now=NOW, batch_rows=batch_rows
    )
    write_file(target, result.schema, result)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(perf_counter() - started, peak, pa.total_allocated_bytes())


def measure(rows: int, folder: Path) -> tuple[float, float]:
    """Return seconds and peak memory for this number of rows."""
    source, target = folder / "people.parquet", folder / "flags.parquet"
    make(source, rows)
    command = [sys.executable, "-m", "benchmarks.batch_scale", "--work", str(source), str(target)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert pyarrow.parquet.read_metadata(target).num_rows == rows
    seconds, peak, _ = map(float, done.stdout.split())
    return seconds, peak


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", default="100000,1000000,10000000")
    parser.add_argument("--work", nargs=2, type=Path)
    options = parser.parse_args()
    if options.work:
        work(*options.work)
        return
    print("rows, seconds, microseconds per row, peak MiB")
    for rows in map(int, options.rows.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            seconds, peak = measure(rows, Path(folder))
        print(f"{rows:>12,} {seconds:9.2f} {seconds / rows * 1e6:8.3f} {peak:8.0f}", flush=True)


if __name__ == "__main__":
    main()
