"""A compiled operator: a test over one form of a property's value.

A :class:`Matcher` is an operator whose operand was read once. The evaluator fetches the property,
converts its value to the matcher's :class:`Form`, and calls ``test``; matchers of the same property
share its converted forms.
"""

from collections.abc import Callable
from enum import Enum
from typing import Any

from flagengine.values import json_values as values
from flagengine.values.record import Record
from flagengine.values.versions import version

__all__ = ["FORMS", "Form", "Matcher", "NumberRule", "TextKind", "TextRule", "Unsupported", "never"]


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


class NumberRule(Record):
    """A comparison of a number as data: ``gt``, ``gte``, ``lt`` or ``lte`` a bound."""

    operator: str
    bound: float


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

    @property
    def is_hopeless(self) -> bool:
        """No value and no absence satisfies it (SPEC R8.1)."""
        return self.test is never and not self.absent


class Unsupported(Record):
    """An operator that cannot be decided locally for any value; ``why`` is for people."""

    why: str


def never(*_: object) -> bool:
    """Return False: the test of a malformed operand, negated or not."""
    return False
