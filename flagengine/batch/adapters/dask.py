"""Dask: flags as columns of a DataFrame of pandas partitions."""

from typing import Any, Final

import pyarrow as pa

from flagengine.batch.adapters.columns_added import FlagColumns
from flagengine.definitions.document import Document
from flagengine.extras import extra_for
from flagengine.inputs.arguments import renamed
from flagengine.snapshot import Snapshot

with extra_for(__name__):
    import dask.dataframe as dd
    import pandas as pd

__all__ = ["with_flags"]


@renamed(snapshot="flag_defs", flags="flag_keys")
def with_flags(frame: Any, flag_defs: Snapshot | Document, **arguments: Any) -> Any:
    """Return the Dask DataFrame with a column per flag.

    ``arguments`` are the arguments of :func:`~flagengine.batch.evaluate_table` except ``output``.
    Flags are nullable columns ("boolean", "Float64", "string"), because an answer may be unresolved.
    """
    if not isinstance(frame, dd.DataFrame):
        message = f"frame must be a dask.dataframe.DataFrame, got {type(frame).__name__}"
        raise TypeError(message)
    columns = FlagColumns(flag_defs, {"threads": 1, "carry": [], **arguments})

    def evaluated(part: pd.DataFrame) -> pd.DataFrame:
        flags = columns.table(pa.Table.from_pandas(part, preserve_index=False))
        return part.assign(
            **{name: _series(flags, name, part.index) for name in flags.schema.names}
        )

    mapped: Any = frame.map_partitions
    return mapped(evaluated, meta=evaluated(frame._meta))  # noqa: SLF001 dask's way


def _series(flags: pa.Table, name: str, index: pd.Index) -> pd.Series:
    kind = _KINDS.get(flags.schema.field(name).type, "string")
    return pd.Series(flags.column(name).to_pylist(), index, dtype=kind)


_KINDS: Final = {pa.bool_(): "boolean", pa.float64(): "Float64"}
