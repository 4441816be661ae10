"""A compiled operator: a test of one form of a property's value.

A :class:`Matcher` is an operator whose operand is already parsed. The evaluator fetches the
property, converts its value to the matcher's :class:`Form`, and calls ``test``; matchers of the same
property share the converted values.
"""

import operator
from collections.abc import Callable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Protocol

from flagengine.inputs.subject import ABSENT
from flagengine.values import json_values as values
from flagengine.values.record import Record
from flagengine.values.versions import version

__all__ = [
    "FORMS",
    "Form",
    "Matcher",
    "NumberRule",
    "TextKind",
    "TextRule",
    "UnsupportedOperator",
    "never",
]


class Form(Enum):
    """The form of a property value that a test reads."""

    JSON = "json"
    TEXT = "text"
    LOWER = "lower"
    FOLDED = "folded"
    NUMBER = "number"
    VERSION = "version"
    TRUTH = "truth"
    DATE = "date"
    """The JSON value, tested with the :class:`~flagengine.values.instants.Moment` of the call."""


FORMS: dict[Form, Callable[[Any], Any]] = {
    Form.JSON: lambda value: value,
    Form.TEXT: values.text,
    Form.LOWER: values.lower,
    Form.FOLDED: values.ascii_fold,
    Form.NUMBER: values.number,
    Form.VERSION: version,
    Form.TRUTH: values.is_true,
    Form.DATE: lambda value: value,
}


class TextKind(Enum):
    """The ways to compare text with an operand."""

    EQUALS = "equals"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"


class TextRule(Record):
    """A test of text as data: any operand matches, or with ``negated`` no operand matches."""

    kind: TextKind
    operands: tuple[str, ...] | frozenset[str]
    negated: bool = False

    def test(self) -> Callable[[str], bool]:
        """Return the test; the text must be folded like the operands."""
        operands, compare = self.operands, _COMPARISONS.get(self.kind)
        if compare is None:
            holds: Callable[[str], bool] = operands.__contains__
        elif len(operands) == 1:
            (operand,) = operands
            holds = lambda value: compare(value, operand)  # noqa: E731
        else:
            holds = lambda value: any(compare(value, operand) for operand in operands)  # noqa: E731
        return (lambda value: not holds(value)) if self.negated else holds


_COMPARISONS: Final[Mapping[TextKind, Callable[[str, str], bool]]] = {
    TextKind.CONTAINS: operator.contains,
    TextKind.STARTS_WITH: str.startswith,
    TextKind.ENDS_WITH: str.endswith,
}


class NumberRule(Record):
    """A comparison of a number with a bound as data: ``gt``, ``gte``, ``lt`` or ``lte``."""

    operator: str
    bound: float


if TYPE_CHECKING:  # a Protocol takes a quarter of a millisecond to define
    from flagengine.values.instants import Moment

    class Call(Protocol):
        """What a test must know of a call besides one value."""

        @property
        def moment(self) -> Moment:
            """The time and zone of date comparisons."""

        def in_form(self, value: Any, convert: Callable[[Any], Any]) -> Any:
            """Return a list or object as ``convert`` does, and convert it once for all tests."""


class Matcher(Record):
    """One operator with its operand.

    ``test`` answers True, False, or None when only the server knows. A test of :attr:`Form.DATE`
    takes ``(value, moment)``. ``absent`` is the answer for a property that is known to be absent; None
    is the same as for a value.
    ``text`` or ``number`` is a test of text or numbers as data, which compilers read.
    ``server_only`` says why only the server can answer True, if that is so.
    """

    form: Form
    test: Callable[..., bool | None]
    absent: bool | None
    text: TextRule | None = None
    number: NumberRule | None = None
    server_only: str | None = None

    def matches(self, actual: Any, call: "Call | None") -> bool | None:
        """Test a JSON value or ABSENT; None when only the server knows.

        ``call`` has the moment of the comparison, which only date tests read, and remembers the
        forms of lists and objects.
        """
        if actual is ABSENT:
            return self.absent
        if self.form is Form.DATE:
            assert call is not None  # every evaluator has a clock for date tests
            return self.test(actual, call.moment)
        convert = FORMS[self.form]
        if call is not None and (type(actual) is list or type(actual) is dict):
            return self.test(call.in_form(actual, convert))
        return self.test(convert(actual))

    @property
    def is_hopeless(self) -> bool:
        """Whether neither a value nor its absence can match (SPEC R8.1)."""
        return self.test is never and not self.absent


class UnsupportedOperator(Record):
    """An operator that cannot be decided locally for any value; ``why`` is for people."""

    why: str


def never(*_: object) -> bool:
    """Return False, as every operator with a malformed operand does, negated or not."""
    return False
