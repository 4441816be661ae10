"""The public call: flags for a whole table of people (SPEC R19)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Literal, Unpack

import pyarrow as pa

from flagengine.batch.evaluation import TableEvaluation
from flagengine.batch.flag_keys import check_keys, requested
from flagengine.batch.inputs import BATCH_ROWS, open_table
from flagengine.batch.outputs import Long, Output, Wide
from flagengine.batch.people import positive, processors
from flagengine.batch.progress import Progress, rows_of, shown
from flagengine.columnar.engine import BatchOptions, Engine
from flagengine.columnar.errors import no_column
from flagengine.columnar.layout import Columns, Layout
from flagengine.definitions.document import Document
from flagengine.inputs.arguments import renamed
from flagengine.snapshot import Snapshot, as_snapshot

__all__ = ["evaluate_table", "processors"]


@renamed(snapshot="flag_defs", flags="flag_keys")
def evaluate_table(
    flag_defs: Snapshot | Document,
    table: Any,
    *,
    distinct_id: str = "distinct_id",
    person_properties: Columns = None,
    person_json: str | None = None,
    groups: Mapping[str, str] | None = None,
    group_properties: Mapping[str, Columns] | None = None,
    group_json: Mapping[str, str] | None = None,
    device_id: str | None = None,
    json_nulls: bool | Collection[str] = False,
    flag_keys: Iterable[str] | None = None,
    output: Literal["wide", "long"] = "wide",
    carry: Sequence[str] | Literal["all"] | None = None,
    prefix: str = "",
    batch_rows: int = BATCH_ROWS,
    threads: int | None = None,
    progress: Progress = False,
    **options: Unpack[BatchOptions],
) -> TableEvaluation:
    """Evaluate flags for every row of a table, with the answers of ``evaluate`` for each row.

    Args:
        flag_defs: A snapshot, or a document, which is parsed.
        table: An object with the Arrow C stream interface, or an iterable of record batches. The
            table is read once, only as far as the results are read.
        distinct_id: The column of distinct ids.
        person_properties: Columns by property, or a list of columns named like their properties.
            None: every column that no other argument names.
        person_json: A column that holds all person properties: JSON text, a struct or a map. The
            value in a property's own column takes precedence, unless it is null.
        groups: Columns of group keys by group type: ``{"company": "company_id"}``.
        group_properties: Columns by property, by group type.
        group_json: Columns that hold all properties of a group, by group type.
        device_id: The column of device ids.
        json_nulls: The columns whose nulls are JSON's null, or True for all. In other columns a
            null is a property that was not passed.
        flag_keys: The flags to evaluate; by default all. Unlike ``evaluate``, a key that no flag and no
            override has is an error: its column would be empty for everybody.
        output: "wide" adds a column per flag; "long" gives a row per person and flag, with value,
            variant, payload, reason, condition_index and the missing inputs.
        carry: The columns to carry through, or "all". None: the distinct ids.
        prefix: The prefix of the flags' columns in a wide result.
        batch_rows: Rows per batch; memory is bounded by a few batches.
        threads: The number of batches evaluated at the same time. None: one per processor.
        progress: True shows a bar in a notebook or on a terminal (with tqdm, from the extra
            ``notebook``); a function is called with the rows done and the rows in all, or None.
        options: ``now``, ``project_timezone``, ``complete``, ``missing_group``, ``overrides``,
            ``evaluation_runtime`` and ``evaluation_contexts``, as for ``evaluate``. Without
            ``now``, every row is evaluated at the time of this call.

    ``snapshot`` and ``flags`` are deprecated names of ``flag_defs`` and ``flag_keys``.

    Raises:
        TableError: A column is missing, or a column of ids has floats, which name other people than
            the integers that they were; a value of a flag has no UTF-8 form; or, while the results are
            read, a row of ``person_json`` does not hold a JSON object.
        TypeError: An argument is of another type.
        ValueError: There is no flag with one of the keys.
    """
    rows = rows_of(table)
    batches = open_table(table)
    layout = Layout.of(
        batches.schema,
        distinct_id=distinct_id,
        person_properties=person_properties,
        person_json=person_json,
        groups=groups,
        group_properties=group_properties,
        group_json=group_json,
        device_id=device_id,
        json_nulls=json_nulls,
    )
    snapshot, keys = as_snapshot(flag_defs), requested(flag_keys)
    engine = Engine(snapshot, layout, keys, **options)
    check_keys(keys, {**snapshot.keys, **engine.overridden.flags})
    carried = _carried(batches.schema, carry, distinct_id)
    shape = _shape(output, engine, batches.schema, carried, prefix)
    workers = processors() if threads is None else positive("threads", threads)
    sized = batches.sized(positive("batch_rows", batch_rows))
    return TableEvaluation(engine, shown(sized, rows, progress), shape, workers)


def _shape(
    output: str, engine: Engine, schema: pa.Schema, carried: Sequence[str], prefix: str
) -> Output:
    if not isinstance(prefix, str):
        message = f"prefix must be text, got {prefix!r}"
        raise TypeError(message)
    if output == "wide":
        return Wide(engine, schema, carried, prefix)
    if output == "long":
        return Long(engine, schema, carried)
    message = f"output must be 'wide' or 'long', got {output!r}"
    raise ValueError(message)


def _carried(
    schema: pa.Schema, carry: Sequence[str] | str | None, distinct_id: str
) -> Sequence[str]:
    if carry == "all":
        return list(schema.names)
    if carry is None:
        return [distinct_id]
    if isinstance(carry, str | bytes) or not isinstance(carry, Iterable):
        message = f"carry must be a list of columns or 'all', got {carry!r}"
        raise TypeError(message)
    carry = list(carry)
    for name in carry:
        if name not in schema.names:
            raise no_column(str(name), "carry", schema.names)
    return carry
