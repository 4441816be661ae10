"""Polars: flags as columns of a LazyFrame or a DataFrame."""

from typing import Any

from flagengine.batch.adapters.columns_added import FlagColumns
from flagengine.definitions.document import Document
from flagengine.extras import extra_for
from flagengine.inputs.arguments import renamed
from flagengine.snapshot import Snapshot

with extra_for(__name__):
    import polars as pl

__all__ = ["with_flags"]


@renamed(snapshot="flag_defs", flags="flag_keys")
def with_flags(
    frame: pl.LazyFrame | pl.DataFrame, flag_defs: Snapshot | Document, **arguments: Any
) -> Any:
    """Return the frame with a column per flag; a LazyFrame stays lazy, and may stream.

    ``arguments`` are the arguments of :func:`~flagengine.batch.evaluate_table` except ``output``.
    """
    columns = FlagColumns(flag_defs, arguments)
    if isinstance(frame, pl.DataFrame):
        return pl.DataFrame(columns.table(frame))
    empty = pl.DataFrame(schema=frame.collect_schema())
    return frame.map_batches(
        lambda part: pl.DataFrame(columns.table(part)),
        schema=pl.DataFrame(columns.table(empty)).schema,
        streamable=True,
        # The flags read columns that a query may not ask for.
        projection_pushdown=False,
        predicate_pushdown=False,
    )
