"""Tests of text columns without Python: for columns in which most rows differ, such as e-mails.

A few tests have a twin among Arrow's compute functions. A twin is used only where it is certainly
the same test, and the suite compares the two; everything else is decided value by value.
"""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from flagengine.batch.json_values import plain_text
from flagengine.batch.native_patterns import native_pattern
from flagengine.operators import Form, Matcher
from flagengine.plan.nodes import PropertyTest
from flagengine.values import text

__all__ = ["NativeText", "varied_text"]

_SAMPLE: Final = 1_024
_VARIED: Final = 256
"""A column is varied when its first rows have more values than that."""

_FOLDED: Final[dict[str, Callable[[pa.Array, str], pa.Array]]] = {
    "{operand} in {value}": pc.match_substring,
    "{value}.startswith({operand})": pc.starts_with,
    "{value}.endswith({operand})": pc.ends_with,
}


def varied_text(array: pa.Array) -> "NativeText | None":
    """Return a column of texts most of which differ; None for any other."""
    array = plain_text(array)
    if not (pa.types.is_string(array.type) or pa.types.is_large_string(array.type)):
        return None
    few = len(array.slice(0, _SAMPLE).unique()) <= _VARIED
    return None if few else NativeText(array)


class NativeText:
    """One text column of a batch."""

    def __init__(self, array: pa.Array) -> None:
        """Bind a column."""
        self.array = array
        self._folded: pa.Array | None = None
        self._ascii: bool | None = None

    def nulls(self) -> NDArray[np.bool_] | None:
        """Return which rows are null; None when none is."""
        if not self.array.null_count:
            return None
        return np.asarray(self.array.is_null().to_numpy(zero_copy_only=False))

    def matches(self, node: PropertyTest) -> NDArray[np.uint8] | None:
        """Return a test's result for every row, whatever for null; None: it has no twin."""
        found = self._found(node)
        if found is None:
            return None
        return np.asarray(found.fill_null(False).to_numpy(zero_copy_only=False)).view(np.uint8)

    def _found(self, node: PropertyTest) -> pa.Array | None:
        matcher = node.matcher
        if matcher.form is Form.TEXT:
            return self._searched(node)
        inline, negated = _polarity(matcher)
        if inline is None or matcher.form not in (Form.FOLDED, Form.LOWER):
            return None
        if matcher.form is Form.LOWER:
            found = self._equal(inline, matcher.operand)
        elif inline in _FOLDED:
            found = _FOLDED[inline](self._fold(), matcher.operand)
        else:
            return None
        return pc.invert(found) if negated and found is not None else found

    def _equal(self, inline: str, operand: Any) -> pa.Array | None:
        """Compare lower-cased text: that of ASCII is the same in every language."""
        if not self._is_ascii():
            return None
        if inline == "{value} == {operand}":
            return pc.equal(self._fold(), pa.scalar(operand, self.array.type))
        if inline == "{value} in {operand}":
            return pc.is_in(self._fold(), pa.array(sorted(operand), self.array.type))
        return None

    def _searched(self, node: PropertyTest) -> pa.Array | None:
        if node.origin is None or node.origin.operator not in ("regex", "not_regex"):
            return None
        pattern = native_pattern(text(node.origin.value), ascii_only=self._is_ascii())
        if pattern is None:
            return None
        found = pc.match_substring_regex(self.array, pattern)
        return pc.invert(found) if node.origin.operator == "not_regex" else found

    def _fold(self) -> pa.Array:
        if self._folded is None:
            self._folded = pc.ascii_lower(self.array)
        return self._folded

    def _is_ascii(self) -> bool:
        if self._ascii is None:
            self._ascii = pc.all(pc.string_is_ascii(self.array)).as_py() is not False
        return self._ascii


def _polarity(matcher: Matcher) -> tuple[str | None, bool]:
    inline = matcher.inline
    if inline is None or not inline.startswith("not "):
        return inline, False
    return inline.removeprefix("not "), True
