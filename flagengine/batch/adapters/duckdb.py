"""DuckDB: flags as columns of a relation."""

from typing import Any

import pyarrow as pa

from flagengine.batch.adapters.columns_added import FlagColumns
from flagengine.batch.inputs import open_table
from flagengine.definitions.document import Document
from flagengine.extras import extra_for
from flagengine.inputs.arguments import renamed
from flagengine.snapshot import Snapshot

with extra_for(__name__):
    import duckdb

__all__ = ["with_flags"]


@renamed(snapshot="flag_defs", flags="flag_keys")
def with_flags(
    relation: duckdb.DuckDBPyRelation,
    flag_defs: Snapshot | Document,
    *,
    connection: duckdb.DuckDBPyConnection | None = None,
    **arguments: Any,
) -> duckdb.DuckDBPyRelation:
    """Return a relation with a column per flag, which streams and can be read once.

    ``arguments`` are the arguments of :func:`~flagengine.batch.evaluate_table` except ``output``.
    The result belongs to ``connection``, by default a new connection, because a connection cannot
    read from itself. To keep or join the result, create a table from the result.
    """
    columns = FlagColumns(flag_defs, arguments)
    given = open_table(relation)
    reader = pa.RecordBatchReader.from_batches(
        columns.schema(given.schema), columns.batches(given.schema, given)
    )
    return (connection or duckdb.connect()).from_arrow(reader)
