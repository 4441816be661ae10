"""Apache Spark: flags as columns of a DataFrame, by ``mapInArrow``, without Python per row.

Spark broadcasts the snapshot once to each executor; each Python worker parses the snapshot once.
Workers need this package with the extra ``batch``.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pyarrow as pa

from flagengine.batch.adapters.columns_added import FlagColumns
from flagengine.batch.evaluation import Stats
from flagengine.definitions.document import Document
from flagengine.extras import extra_for
from flagengine.inputs.arguments import renamed
from flagengine.snapshot import Snapshot

with extra_for(__name__):
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.functions import col
    from pyspark.sql.pandas.types import from_arrow_type, to_arrow_schema
    from pyspark.sql.types import StructField, StructType

__all__ = ["OnStats", "with_flags"]

OnStats = Callable[[Stats], None]
"""A function that a worker calls after each partition, with the partition's statistics."""


@renamed(snapshot="flag_defs", flags="flag_keys")
def with_flags(
    df: DataFrame,
    flag_defs: Snapshot | Document,
    *,
    on_stats: OnStats | None = None,
    **arguments: Any,
) -> DataFrame:
    """Return the DataFrame with a column per flag, which Spark evaluates lazily.

    ``arguments`` are the arguments of :func:`~flagengine.batch.evaluate_table`; ``carry`` defaults
    to "all". Spark sends only the carried columns and the columns that the flags read to Python.
    Each task uses one thread, because Spark runs one task per core. ``now`` defaults to the time of
    this call, for every row and every retry. ``on_stats`` runs on the workers, once per partition.
    """
    columns = FlagColumns(flag_defs, {"threads": 1, **arguments})
    kept, columns = columns.narrowed(to_arrow_schema(df.schema))
    given = df.select(*(col(_quoted(name)) for name in kept))
    shared = _shared(df.sparkSession, columns)

    def evaluated(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        waiting = (batch.rename_columns(kept) for batch in batches)
        first = next(waiting, None)
        if first is not None:
            yield from shared().batches(first.schema, _again(first, waiting), on_stats)

    # Rename the columns in transit, because mapInArrow fails on column names with a dot.
    numbered = given.toDF(*(f"column {place}" for place in range(len(kept))))
    return numbered.mapInArrow(evaluated, _result_type(given, columns))


def _result_type(given: DataFrame, columns: FlagColumns) -> StructType:
    """Return Spark's type of the result; carried columns keep their types."""
    own = {field.name: field for field in given.schema.fields}
    result = columns.schema(to_arrow_schema(given.schema))
    return StructType(
        [
            own.get(field.name) or StructField(field.name, from_arrow_type(field.type))
            for field in result
        ]
    )


def _shared(session: SparkSession, columns: FlagColumns) -> Callable[[], FlagColumns]:
    """Return a function that gives a worker the flag columns, from a broadcast if possible."""
    context = getattr(session, "sparkContext", None)  # Spark Connect has no context
    if context is None:
        return lambda: columns
    broadcast = context.broadcast(columns)
    return lambda: broadcast.value


def _quoted(name: str) -> str:
    return f"`{name.replace('`', '``')}`"


def _again(first: pa.RecordBatch, rest: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield first
    yield from rest
