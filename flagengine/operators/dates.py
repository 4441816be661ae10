"""The date operators (SPEC R8.8): strict comparison of instants in the project's zone."""

import operator
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from flagengine.operators.matcher import Form, Matcher, never

if TYPE_CHECKING:  # few flags compare dates
    from flagengine.values.instants import Moment

__all__ = ["OPERATORS", "compare_date"]

_COMPARISONS = {
    "is_date_before": operator.lt,
    "is_date_after": operator.gt,
    "is_date_exact": operator.eq,
}


def compare_date(operand: Any, *, name: str) -> Matcher:
    """Return ``is_date_before``, ``is_date_after`` or ``is_date_exact``; the operand must be text."""
    from flagengine.values.excerpts import name_excerpt  # noqa: PLC0415 as below
    from flagengine.values.instants import (  # noqa: PLC0415 3 ms, and few flags compare dates
        LENIENT,
        Moment,
        instant_of_filter,
        instant_of_property,
    )

    # Whether text is a date depends neither on the moment nor, but for skipped hours, on the zone.
    sample = instant_of_filter(operand, Moment(0)) if isinstance(operand, str) else None
    if sample is None:
        return Matcher(Form.DATE, never, absent=False)
    holds = _COMPARISONS[name]

    def test(value: Any, moment: "Moment") -> bool | None:
        instant = instant_of_property(value, moment)
        bound = instant_of_filter(operand, moment)
        if instant is None or bound is None:
            return False
        if instant is LENIENT or bound is LENIENT:
            return None
        return bool(holds(instant, bound))

    shown = repr(name_excerpt(operand))
    why = f"only the server's parser may read the date {shown}" if sample is LENIENT else None
    return Matcher(Form.DATE, test, absent=False, server_only=why)


OPERATORS: Final = {name: partial(compare_date, name=name) for name in _COMPARISONS}
