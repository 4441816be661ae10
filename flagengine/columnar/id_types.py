"""The types of columns of ids (SPEC R19.8): a column of floats is refused.

A table library makes floats of a column of integers as soon as a row has none. 7 would be 7.0, and
its person in another bucket than everywhere else. What the values of an unknown extension type are,
such as the periods of pandas, only their library knows.
"""

from collections.abc import Iterable

import pyarrow as pa

from flagengine.columnar.errors import TableError
from flagengine.columnar.readable import KNOWN_EXTENSIONS

__all__ = ["check_id_types"]


def check_id_types(schema: pa.Schema, columns: Iterable[int | None]) -> None:
    """Raise :class:`TableError` for the first of these columns whose type is not exact."""
    for position in columns:
        if position is not None:
            field = schema.field(position)
            kind = _encoded_type(field.type)
            if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
                raise _not_exact(field)
            if isinstance(kind, pa.BaseExtensionType):
                message = f"ids must be integers or text, got {field.type}; cast the column to text"
                raise TableError(message, column=field.name)


def _encoded_type(kind: pa.DataType) -> pa.DataType:
    """Return the type of the values that an encoding or an extension type stands for."""
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return _encoded_type(kind.value_type)
    is_known = isinstance(kind, pa.BaseExtensionType) and kind.extension_name in KNOWN_EXTENSIONS
    return kind.storage_type if is_known else kind


def _not_exact(field: pa.Field) -> TableError:
    message = (
        f"ids must be integers or text, got {field.type}: the id 7 would be 7.0, another person. Cast "
        'the column: astype("Int64") in pandas, cast to int64 elsewhere; to text for other ids'
    )
    return TableError(message, column=field.name)
