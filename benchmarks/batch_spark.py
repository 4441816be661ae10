"""Spark in local mode compared with the local kernel, without start-up.

    python -m benchmarks.batch_spark [--rows 10000000] [--rounds 3]

Both read the same Parquet file in two threads, evaluate, and write Parquet or drop the results. A
copy of the results without Python shows the cost of Spark's writer. The first round of each is not
counted, because it starts workers and compiles.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

from benchmarks.batch_people import NOW, document, person_flags
from benchmarks.batch_scale import make
from flagengine import Snapshot
from flagengine.batch import evaluate_table
from flagengine.batch.adapters.spark import with_flags
from flagengine.batch.adapters.spark_files import evaluate_files
from flagengine.batch.files import open_file, write_file

if TYPE_CHECKING:
    from collections.abc import Callable

_BATCH_ROWS = 1 << 16


def local(source: Path, target: Path | None) -> None:
    """Evaluate with the kernel in two threads."""
    opened = open_file(source, _BATCH_ROWS)
    result = evaluate_table(
        Snapshot.parse(document()), opened.batches, flag_keys=person_flags(), now=NOW, threads=2
    )
    if target is None:
        for _ in result:
            pass
    else:
        write_file(target, result.schema, result)


def session() -> Any:
    """Return a Spark session with two cores and batches as large as the kernel's."""
    from pyspark.sql import SparkSession  # noqa: PLC0415 (slow)

    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    found = (
        builder.config("spark.sql.execution.arrow.maxRecordsPerBatch", str(_BATCH_ROWS))
        .config("spark.driver.host", "localhost")
        .config("spark.driver.memory", "3g")
        .getOrCreate()
    )
    found.sparkContext.setLogLevel("OFF")
    return found


def on_spark(spark: Any, source: Path, target: Path | None) -> None:
    """Evaluate with Spark's mapInArrow."""
    people = spark.read.parquet(str(source))
    flags = with_flags(people, document(), flag_keys=person_flags(), now=NOW, carry=["distinct_id"])
    save(flags, target)


def by_row_groups(source: Path, target: Path) -> None:
    """Evaluate as `flagengine batch --engine spark` does, in the running session."""
    evaluate_files(
        document(),
        str(source),
        str(target),
        batch_rows=_BATCH_ROWS,
        flag_keys=person_flags(),
        now=NOW,
    )


def save(df: Any, target: Path | None) -> None:
    """Make Spark compute all rows, and write or drop them."""
    writer = df.write.mode("overwrite")
    if target is None:
        writer.format("noop").save()
    else:
        writer.parquet(str(target))


def timed(work: Callable[[], None]) -> float:
    """Return the seconds that the call takes."""
    started = perf_counter()
    work()
    return perf_counter() - started


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "people.parquet"
        make(source, options.rows)
        spark = session()
        candidates: dict[str, Callable[[], None]] = {
            "local, written": lambda: local(source, folder / "local.parquet"),
            "spark, written": lambda: on_spark(spark, source, folder / "spark.parquet"),
            "local, dropped": lambda: local(source, None),
            "spark, dropped": lambda: on_spark(spark, source, None),
            "spark, by row groups": lambda: by_row_groups(source, folder / "parts"),
            "spark copies the results": lambda: save(
                spark.read.parquet(str(folder / "spark.parquet")), folder / "copy.parquet"
            ),
        }
        taken: dict[str, list[float]] = {key: [] for key in candidates}
        for number in range(options.rounds + 1):
            for key, work in candidates.items():
                seconds = timed(work)
                if number:
                    taken[key].append(seconds)
        spark.stop()
    flags = len(person_flags())
    for key, samples in taken.items():
        seconds = median(samples)
        hours = seconds / options.rows * 1e9 / 3600 * 2
        print(
            f"{key}: {options.rows:,} rows x {flags} flags in {seconds:.1f} s, "
            f"{options.rows / seconds:,.0f} rows/s; {hours:.2f} core-hours for 10^9 rows"
        )
    for local, other in (
        ("local, written", "spark, by row groups"),
        ("local, written", "spark, written"),
        ("local, dropped", "spark, dropped"),
    ):
        ratio = median(taken[local]) / median(taken[other])
        print(f"throughput, {other} / {local}: {ratio:.2f}")


if __name__ == "__main__":
    main()
