"""Columns in which nearly every row differs, where deciding once per value would save nothing."""

from typing import Final

import pyarrow as pa

from flagengine.columnar.arrow_numbers import NativeNumbers
from flagengine.columnar.arrow_text import NativeText
from flagengine.columnar.readable import is_utf8, readable

__all__ = ["Native", "varied_column"]

Native = NativeText | NativeNumbers

_SAMPLE: Final = 1_024
_VARIED: Final = 256
"""The number of distinct values in the first rows above which a column is varied."""


def varied_column(array: pa.Array) -> Native | None:
    """Return a column of texts or numbers that mostly differ; None for other columns."""
    array = readable(array)
    kind = array.type
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    if not (is_text or is_number) or len(array.slice(0, _SAMPLE).unique()) <= _VARIED:
        return None
    if is_text:
        return NativeText(array) if is_utf8(array) else None
    return NativeNumbers(array)
