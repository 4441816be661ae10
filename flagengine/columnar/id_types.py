"""The types of columns of ids (SPEC R19.8): a column of floats is refused.

A table library makes floats of a column of integers as soon as a row has none. 7 would be 7.0, and
its person in another bucket than everywhere else.
"""

from collections.abc import Iterable

import pyarrow as pa

from flagengine.columnar.errors import TableError

__all__ = ["check_id_types"]


def check_id_types(schema: pa.Schema, columns: Iterable[int | None]) -> None:
    """Raise :class:`TableError` for the first of these columns whose type is not exact."""
    for position in columns:
        if position is not None:
            field = schema.field(position)
            if _is_inexact(field.type):
                raise _not_exact(field)


def _is_inexact(kind: pa.DataType) -> bool:
    """Tell whether the values are binary64 numbers for the engine, so integers lose their text."""
    if isinstance(kind, pa.BaseExtensionType):
        return _is_inexact(kind.storage_type)
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return _is_inexact(kind.value_type)
    return bool(pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _not_exact(field: pa.Field) -> TableError:
    message = (
        f"ids must be integers or text, got {field.type}: the id 7 would be 7.0, another person. Cast "
        'the column: astype("Int64") in pandas, cast to int64 elsewhere; to text for other ids'
    )
    return TableError(message, column=field.name)
