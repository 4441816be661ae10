"""Columns in which nearly every row differs, and so deciding once per value would gain nothing."""

from typing import Final

import pyarrow as pa

from flagengine.columnar.arrow_numbers import NativeNumbers
from flagengine.columnar.arrow_text import NativeText
from flagengine.columnar.json_values import plain_text

__all__ = ["Native", "varied_column"]

Native = NativeText | NativeNumbers

_SAMPLE: Final = 1_024
_VARIED: Final = 256
"""A column is varied when its first rows have more values than that."""


def varied_column(array: pa.Array) -> Native | None:
    """Return a column of texts or numbers most of which differ; None for any other."""
    array = plain_text(array)
    kind = array.type
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    if not (is_text or is_number) or len(array.slice(0, _SAMPLE).unique()) <= _VARIED:
        return None
    return NativeText(array) if is_text else NativeNumbers(array)
