"""Vectorized tests of text columns in which most rows differ, such as e-mail addresses.

Some tests have an equivalent among Arrow's compute functions. The equivalent is used only where it
certainly gives the same result, and the test suite compares the two; all other tests are decided
value by value.
"""

from collections.abc import Callable
from functools import reduce
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from flagengine.columnar.arrow_patterns import native_pattern
from flagengine.operators import Form
from flagengine.operators.matcher import TextKind, TextRule
from flagengine.plan.nodes import PropertyTest
from flagengine.values.json_values import text

__all__ = ["NativeText"]

_FOLDED: Final[dict[TextKind, Callable[[pa.Array, str], pa.Array]]] = {
    TextKind.CONTAINS: pc.match_substring,
    TextKind.STARTS_WITH: pc.starts_with,
    TextKind.ENDS_WITH: pc.ends_with,
}
_NOT_ASCII: Final = 0x80
_MOST_OPERANDS: Final = 16
"""The maximum number of operands, which are searched for one after another."""


class NativeText:
    """One text column in a batch."""

    def __init__(self, array: pa.Array) -> None:
        """Bind a column."""
        self.array = array
        self._folded: pa.Array | None = None
        self._ascii: bool | None = None

    def nulls(self) -> NDArray[np.bool_] | None:
        """Return a mask of the null rows; None when there are none."""
        if not self.array.null_count:
            return None
        return np.asarray(self.array.is_null().to_numpy(zero_copy_only=False))

    def matches(self, node: PropertyTest) -> NDArray[np.uint8] | None:
        """Return a test's result for every row, arbitrary for null; None without an equivalent."""
        found = self._found(node)
        if found is None:
            return None
        return np.asarray(found.fill_null(False).to_numpy(zero_copy_only=False)).view(np.uint8)

    def _found(self, node: PropertyTest) -> pa.Array | None:
        if node.matcher.form is Form.TEXT:
            return self._searched(node)
        rule = node.matcher.text
        if rule is None:
            return None
        if node.matcher.form is Form.LOWER and rule.kind is TextKind.EQUALS:
            found = self._equal(rule)
        elif node.matcher.form is Form.FOLDED and rule.kind in _FOLDED:
            found = self._any_of(rule)
        else:
            return None
        return pc.invert(found) if rule.negated and found is not None else found

    def _equal(self, rule: TextRule) -> pa.Array | None:
        """Compare lower-cased ASCII text, which Arrow and Python lower-case in the same way."""
        if not self._is_ascii():
            return None
        return pc.is_in(self._fold(), pa.array(sorted(rule.operands), self.array.type))

    def _any_of(self, rule: TextRule) -> pa.Array | None:
        if not 0 < len(rule.operands) <= _MOST_OPERANDS:
            return None
        test = _FOLDED[rule.kind]
        return reduce(pc.or_, (test(self._fold(), operand) for operand in rule.operands))

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
            self._ascii = _is_ascii(self.array)
        return self._ascii


def _is_ascii(array: pa.Array) -> bool:
    """Tell whether all bytes between the first and the last text are ASCII, those of nulls included."""
    _, offsets, data = array.buffers()
    if data is None or not len(array):
        return True
    kind = np.int64 if pa.types.is_large_string(array.type) else np.int32
    ends = np.frombuffer(offsets, kind)[array.offset : array.offset + len(array) + 1]
    octets = np.frombuffer(data, np.uint8)[ends[0] : ends[-1]]
    return not len(octets) or int(octets.max()) < _NOT_ASCII
