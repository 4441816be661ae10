"""Vectorized comparisons of number columns in which most rows differ."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from flagengine.operators import Form
from flagengine.plan.nodes import PropertyTest

__all__ = ["NativeNumbers"]

_COMPARISONS: Final[dict[str, Callable[..., Any]]] = {
    "gt": np.greater,
    "gte": np.greater_equal,
    "lt": np.less,
    "lte": np.less_equal,
}


class NativeNumbers:
    """One column of integers or floats in a batch."""

    def __init__(self, array: pa.Array) -> None:
        """Bind a column."""
        self.array = array
        self._numbers: NDArray[np.float64] | None = None

    def nulls(self) -> NDArray[np.bool_] | None:
        """Return a mask of the null rows; None when there are none."""
        if not self.array.null_count:
            return None
        return np.asarray(self.array.is_null().to_numpy(zero_copy_only=False))

    def matches(self, node: PropertyTest) -> NDArray[np.uint8] | None:
        """Return a comparison's result for every row, arbitrary for null; None for other tests."""
        rule = node.matcher.number
        if (
            rule is None
            or node.matcher.form is not Form.NUMBER
            or rule.operator not in _COMPARISONS
        ):
            return None
        numbers = self._as_floats()
        # A client sends NaN and infinities as null, and null is no number (SPEC R7.6, R8.51).
        found = _COMPARISONS[rule.operator](numbers, rule.bound) & np.isfinite(numbers)
        return np.asarray(found).view(np.uint8)

    def _as_floats(self) -> NDArray[np.float64]:
        if self._numbers is None:
            floats = pc.cast(self.array, pa.float64(), safe=False).fill_null(0.0)
            self._numbers = np.asarray(floats.to_numpy(zero_copy_only=False))
        return self._numbers
