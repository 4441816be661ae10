"""A table's columns followed by its flags, in types that every engine reads.

A :class:`FlagColumns` can be pickled and sent to workers. Each worker process parses the snapshot
once.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import pyarrow as pa

from flagengine.batch.evaluation import Stats, TableEvaluation
from flagengine.batch.flag_keys import check_keys, requested
from flagengine.batch.inputs import Batches, open_table
from flagengine.batch.table import evaluate_table
from flagengine.columnar.narrowing import narrowed
from flagengine.definitions.document import Document
from flagengine.inputs.environment import current_time
from flagengine.inputs.overrides import Overrides
from flagengine.snapshot import Snapshot, as_snapshot

__all__ = ["FlagColumns"]

_MOST: Final = 16


class FlagColumns:
    """The flags of a snapshot as columns; ``now`` is the same for every table on every worker."""

    def __init__(self, flag_defs: Snapshot | Document, arguments: dict[str, Any]) -> None:
        """Bind a snapshot and the arguments of ``evaluate_table``."""
        self._snapshot = as_snapshot(flag_defs)
        overridden = (self._snapshot.overrides | Overrides.parse(arguments.get("overrides"))).flags
        keys = requested(arguments.get("flag_keys"))
        check_keys(keys, {**self._snapshot.keys, **overridden})
        moment = arguments.get("now") or current_time()
        self._arguments = {"carry": "all", **arguments, "now": moment, "flag_keys": keys}

    def narrowed(self, schema: pa.Schema) -> "tuple[list[str], FlagColumns]":
        """Return the columns that the flags need, and flag columns for a table of only these."""
        names, arguments = narrowed(self._snapshot, schema, self._arguments)
        return names, FlagColumns(self._snapshot, arguments)

    def schema(self, schema: pa.Schema) -> pa.Schema:
        """Return the schema that the result has for a table of ``schema``."""
        return _plain_schema(self._evaluated(Batches(schema, ())).schema, schema)

    def batches(
        self,
        schema: pa.Schema,
        batches: Iterable[pa.RecordBatch],
        on_stats: Callable[[Stats], None] | None = None,
    ) -> Iterator[Any]:
        """Yield batches with flags in the same order, then pass the statistics to ``on_stats``."""
        result = self._evaluated(Batches(schema, batches))
        yield from _plain_batches(result, schema)
        if on_stats is not None:
            on_stats(result.stats)

    def table(self, table: Any) -> pa.Table:
        """Return a table with flags."""
        given = open_table(table)
        result = self._evaluated(given)
        schema = _plain_schema(result.schema, given.schema)
        return pa.Table.from_batches(_plain_batches(result, given.schema), schema)

    def _evaluated(self, table: Batches) -> TableEvaluation:
        return evaluate_table(_reused(self._snapshot), table, **self._arguments)


_PARSED: Final[dict[str, Snapshot]] = {}
"""The snapshots that this process has used, by fingerprint, so that each is compiled once."""


def _reused(snapshot: Snapshot) -> Snapshot:
    if snapshot.fingerprint not in _PARSED and len(_PARSED) >= _MOST:
        _PARSED.clear()
    return _PARSED.setdefault(snapshot.fingerprint, snapshot)


def _plain_schema(schema: pa.Schema, given: pa.Schema) -> pa.Schema:
    """Return a schema in which flags are plain; carried columns keep the types that the engine gave."""
    return pa.schema(
        [
            field.with_type(field.type.value_type) if _is_encoded(field, given) else field
            for field in schema
        ]
    )


def _plain_batches(batches: Iterable[pa.RecordBatch], given: pa.Schema) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        columns = [
            column.dictionary_decode() if _is_encoded(field, given) else column
            for column, field in zip(batch.columns, batch.schema, strict=True)
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=_plain_schema(batch.schema, given))


def _is_encoded(field: pa.Field, given: pa.Schema) -> bool:
    return pa.types.is_dictionary(field.type) and field.name not in given.names
