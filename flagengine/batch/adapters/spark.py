"""Apache Spark: flags as columns of a DataFrame, by ``mapInArrow``; no Python per row.

The snapshot travels with the function, as Spark ships every function: once per stage, and it is
parsed once per Python worker. Workers need this package with the extra ``batch``.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql.pandas.types import from_arrow_type, to_arrow_schema
from pyspark.sql.types import StructField, StructType

from flagengine.batch.adapters.columns_added import FlagColumns
from flagengine.document import Document
from flagengine.snapshot import Snapshot

__all__ = ["with_flags"]


def with_flags(df: DataFrame, snapshot: Snapshot | Document, **arguments: Any) -> DataFrame:
    """Return the DataFrame with a column per flag; nothing is evaluated yet.

    ``arguments`` are those of :func:`~flagengine.batch.evaluate_table`, ``output`` aside. Each
    task works in one thread: Spark runs as many as there are cores. Without ``now``, the time of
    this call counts for every row, and for every retry.
    """
    columns = FlagColumns(snapshot, {"threads": 1, **arguments})
    given = to_arrow_schema(df.schema)
    added = [StructField(one.name, from_arrow_type(one.type)) for one in columns.added(given)]
    carried = arguments.get("carry", "all")
    kept = [one for one in df.schema.fields if carried == "all" or one.name in carried]

    def evaluated(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        waiting = iter(batches)
        first = next(waiting, None)
        if first is not None:
            yield from columns.batches(first.schema, _again(first, waiting))

    return df.mapInArrow(evaluated, StructType([*kept, *added]))


def _again(first: pa.RecordBatch, rest: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield first
    yield from rest
