"""A compiled operator: a test over one form of a property's value.

A :class:`Matcher` is an operator whose operand was read once. The evaluator fetches the property,
converts its value to the matcher's :class:`Form`, and calls ``test``; matchers of the same property
share its converted forms.
"""

import operator
from collections.abc import Callable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Protocol

from flagengine.inputs.subject import ABSENT
from flagengine.values import json_values as values
from flagengine.values.instants import Moment
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
    DATE = "date"
    """The JSON value beside the :class:`~flagengine.values.instants.Moment` of the comparison."""


FORMS: dict[Form, Callable[[Any], Any]] = {
    Form.JSON: lambda value: value,
    Form.TEXT: values.text,
    Form.LOWER: values.lower,
    Form.FOLDED: values.ascii_fold,
    Form.NUMBER: values.number,
    Form.VERSION: version,
    Form.DATE: lambda value: value,
}


class TextKind(Enum):
    """How text is compared with an operand."""

    EQUALS = "equals"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"


class TextRule(Record):
    """A test of text as data: one of the operands matches, or with ``negated`` none does."""

    kind: TextKind
    operands: tuple[str, ...] | frozenset[str]
    negated: bool = False

    def test(self) -> Callable[[str], bool]:
        """Return the test of text that is folded as the operands are."""
        operands, compare = self.operands, _COMPARISONS.get(self.kind)
        if compare is None:
            holds: Callable[[str], bool] = operands.__contains__
        elif len(operands) == 1:
            (operand,) = operands
            holds = lambda value: compare(value, operand)  # noqa: E731 beside the others
        else:
            holds = lambda value: any(compare(value, operand) for operand in operands)  # noqa: E731
        return (lambda value: not holds(value)) if self.negated else holds


_COMPARISONS: Final[Mapping[TextKind, Callable[[str, str], bool]]] = {
    TextKind.CONTAINS: operator.contains,
    TextKind.STARTS_WITH: str.startswith,
    TextKind.ENDS_WITH: str.endswith,
}


class NumberRule(Record):
    """A comparison of a number as data: ``gt``, ``gte``, ``lt`` or ``lte`` a bound."""

    operator: str
    bound: float


if TYPE_CHECKING:  # a Protocol takes a quarter of a millisecond to define

    class Dated(Protocol):
        """What knows the time of a call."""

        @property
        def moment(self) -> Moment:
            """The time and zone of date comparisons."""


class Matcher(Record):
    """One operator with its operand.

    ``test`` answers True, False, or None for "only the server knows". For :attr:`Form.DATE` it
    takes ``(value, moment)``. ``absent`` is the answer when the property is known to be absent.
    ``text`` or ``number`` is the same test as data, when it is of that kind; compilers read it.
    ``server_only`` says why no value can give True, if none can.
    """

    form: Form
    test: Callable[..., bool | None]
    absent: bool
    text: TextRule | None = None
    number: NumberRule | None = None
    server_only: str | None = None

    def matches(self, actual: Any, dated: "Dated | None") -> bool | None:
        """Answer for a JSON value or ABSENT; None when only the server knows.

        ``dated`` has the moment of the comparison; it is asked for a date only.
        """
        if actual is ABSENT:
            return self.absent
        if self.form is Form.DATE:
            assert dated is not None  # whoever compares dates has a clock
            return self.test(actual, dated.moment)
        return self.test(FORMS[self.form](actual))

    @property
    def is_hopeless(self) -> bool:
        """No value and no absence satisfies it (SPEC R8.1)."""
        return self.test is never and not self.absent


class UnsupportedOperator(Record):
    """An operator that cannot be decided locally for any value; ``why`` is for people."""

    why: str


def never(*_: object) -> bool:
    """Return False: the test of a malformed operand, negated or not."""
    return False
