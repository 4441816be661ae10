"""Tests over a batch: the scalar engine's own matcher decides each distinct value once.

A verdict is False, True, or the doubts that an unresolved answer would name. Different doubts are
different labels, so all rows with the same label have the same answer.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import reduce
from typing import Any, Final

import numpy as np

from flagengine.columnar.cases import Cases, Renaming, smallest_type
from flagengine.columnar.json_values import GONE
from flagengine.columnar.rows import NO_GROUP, NO_GROUP_NOR_VALUE, Rows
from flagengine.inputs.completeness import Completeness
from flagengine.inputs.subject import ABSENT
from flagengine.operators import FORMS, Form
from flagengine.plan.flag_plan import EnrollmentPlan
from flagengine.plan.nodes import (
    AllOf,
    AnyOf,
    CohortTest,
    Combination,
    Constant,
    FlagTest,
    Node,
    PropertyTest,
    Undecidable,
)
from flagengine.results.verdicts import all_of, any_of
from flagengine.values.instants import Moment
from flagengine.values.json_values import NOT_GIVEN, text

__all__ = ["DECIDED", "Doubts", "Label", "Memory", "Tests"]


class Doubts(frozenset[Hashable]):
    """The doubts that leave a verdict open, as a set: C hashes and compares sets."""

    __slots__ = ()

    @property
    def may_fail(self) -> bool:
        """Whether the server may fail the flag instead of going on (SPEC R10)."""
        return _MAY_FAIL in self

    def __or__(self, other: "Doubts | None") -> "Doubts":  # type: ignore[override]
        """Join two doubts."""
        return self if other is None else Doubts(self.union(other))


Label = bool | Doubts
"""A verdict: False, True, or doubts."""

DECIDED: Final = (False, True)

_MAY_FAIL: Final = "the server may fail the flag"
_COSTLY: Final = (Form.DATE, Form.VERSION, Form.TEXT)
"""The forms whose tests are costly enough to be remembered from batch to batch."""

_REMEMBERED: Final = 1 << 16

Dependency = Callable[[FlagTest], Cases]
"""A function from a test of another flag to its verdicts."""


class Memory:
    """The verdicts that batches of a call share: by test, and by value or by all labels of a column."""

    def __init__(self) -> None:
        """Start without verdicts."""
        self.by_value: dict[Hashable, dict[str, Label]] = {}
        self.by_labels: dict[Hashable, tuple[Sequence[Any], Renaming]] = {}


class Tests:
    """The tests of one batch; equal tests of different flags are decided once."""

    def __init__(
        self,
        rows: Rows,
        complete: Completeness,
        moment: Moment,
        dependency: Dependency,
        memory: Memory,
        *,
        strict_groups: bool,
    ) -> None:
        """Bind a batch and the call's settings; all batches of a call share ``memory``."""
        self._memory = memory
        self._rows = rows
        self._complete = complete
        self.moment = moment
        self._dependency = dependency
        self._strict_groups = strict_groups
        self._known: dict[Hashable, Cases] = {}
        self._forms: dict[Hashable, list[Any]] = {}
        self._containers: dict[Hashable, tuple[Any, Any]] = {}

    def forget(self) -> None:
        """Release the batch; the tests cannot be used afterwards."""
        self._known.clear()
        self._forms.clear()
        self._containers.clear()
        del self._rows, self._dependency

    def verdicts(self, node: Node) -> Cases:
        """Return the verdict of a test for every row."""
        if isinstance(node, PropertyTest):
            return self._property(node)
        if isinstance(node, Constant):
            return Cases.constant(node.verdict)
        if isinstance(node, Undecidable):
            return Cases.constant(Doubts({node.reason, *([_MAY_FAIL] if node.may_fail else [])}))
        if isinstance(node, FlagTest):
            return self._dependency(node)
        if isinstance(node, CohortTest):
            return self._cohort(node)
        return self._combination(node)

    def _cohort(self, node: CohortTest) -> Cases:
        identity = ("cohort", id(node.definition), node.negated)
        if identity not in self._known:
            self._known[identity] = self._combination(node)
        return self._known[identity]

    def _combination(self, node: Combination) -> Cases:
        parts = list(map(self.verdicts, node.parts))
        if isinstance(node, AllOf | AnyOf):
            return self.joined(parts, any_of=isinstance(node, AnyOf))
        return parts[0].relabelled(lambda label: node.join((label,)), DECIDED)

    def joined(self, parts: Iterable[Cases], *, any_of: bool = False) -> Cases:
        """Combine tests by AND or OR."""
        return reduce(_either if any_of else _both, parts, Cases.constant(not any_of))

    def enrollment(self, plan: EnrollmentPlan) -> Cases:
        """Return whether each row has opted in or out: True, False, doubts, or None for neither."""

        def verdict(label: Any) -> Hashable:
            actual = ABSENT if label is GONE and self._complete.person else label
            if actual is GONE or actual is NOT_GIVEN:
                return self._lacking(None, plan.key)
            return plan.admits(actual)

        return self._value(None, plan.key).relabelled(verdict)

    def _value(self, group: str | None, key: str) -> Cases:
        if group is None:
            return self._rows.person_value(key, complete=self._complete.person)
        complete = self._complete.of_group(group)
        return self._rows.group_value(group, key, complete=complete, strict=self._strict_groups)

    def _property(self, node: PropertyTest) -> Cases:
        identity = _identity(node)
        if identity not in self._known:
            found = self._native(node)
            self._known[identity] = self._decided(node, identity) if found is None else found
        return self._known[identity]

    def _native(self, node: PropertyTest) -> Cases | None:
        """Return the verdicts of a vectorized test; None if there is no such test."""
        if node.group is not None:
            return None
        column = self._rows.varied(node.key, complete=self._complete.person)
        codes = None if column is None else column.matches(node)
        if column is None or codes is None:
            return None
        nulls = column.nulls()
        if nulls is None:
            return Cases(DECIDED, codes)
        null = self._verdict(node, self._rows.null_of(node.key))
        return Cases((*DECIDED, null), np.where(nulls, np.uint8(2), codes)).relabelled(
            lambda label: label, DECIDED
        )

    def _decided(self, node: PropertyTest, identity: Hashable) -> Cases:
        values = self._value(node.group, node.key)
        # Vocabularies give the same tuple of labels to many batches; a list is of one batch.
        labels, renaming = self._memory.by_labels.get(identity, (None, None))
        if renaming is None or labels is not values.labels:
            if node.matcher.form in _COSTLY:
                found = self._remembered(node, values, identity)
            else:
                found = self._tested(node, values)
            renaming = Renaming.of(found, DECIDED)
            if type(values.labels) is tuple:
                self._memory.by_labels[identity] = values.labels, renaming
        return renaming.applied(values)

    def _tested(self, node: PropertyTest, values: Cases) -> list[Label]:
        test = node.matcher.test  # takes no moment: date tests are remembered
        return [
            self._special(node, label)
            if _is_special(label)
            else (_doubt(node) if (answer := test(form)) is None else answer)
            for label, form in zip(values.labels, self._in_form(node, values), strict=True)
        ]

    def _remembered(self, node: PropertyTest, values: Cases, identity: Hashable) -> list[Label]:
        """Decide the texts that no earlier batch had; look up the others."""
        known = self._memory.by_value.setdefault(identity, {})
        if len(known) > _REMEMBERED:
            known.clear()
        found = []
        for label in values.labels:
            is_text = type(label) is str
            verdict = known.get(label) if is_text else None
            if verdict is None:
                verdict = self._verdict(node, label)
                if is_text:
                    known[label] = verdict
            found.append(verdict)
        return found

    def _verdict(self, node: PropertyTest, label: Any) -> Label:
        if _is_special(label):
            return self._special(node, label)
        answer = node.matcher.matches(label, self)
        return _doubt(node) if answer is None else answer

    def _in_form(self, node: PropertyTest, values: Cases) -> list[Any]:
        """Return the values in the form that an operator reads; operators share each form."""
        form = node.matcher.form
        identity = (node.group, node.key, form)
        if identity not in self._forms:
            convert = FORMS[form]
            self._forms[identity] = [
                None if _is_special(label) else convert(label) for label in values.labels
            ]
        return self._forms[identity]

    def in_form(self, value: Any, convert: Callable[[Any], Any]) -> Any:
        """Return what ``convert`` makes of a list or object, which it reads once for all tests."""
        identity = (id(value), convert)
        if identity not in self._containers:
            self._containers[identity] = (value, convert(value))  # keeps the value, and so its id
        return self._containers[identity][1]

    def _special(self, node: PropertyTest, label: Any) -> Label:
        """Return the verdict for rows without a value."""
        if label is NO_GROUP or label is NO_GROUP_NOR_VALUE:
            if not self._strict_groups:
                return _absent(node)
            group = Doubts({("group", node.group)})
            return group if label is NO_GROUP else group | self._lacking(node.group, node.key)
        if label is GONE and self._is_complete(node.group):
            return _absent(node)
        return self._lacking(node.group, node.key)

    def _is_complete(self, group: str | None) -> bool:
        return self._complete.person if group is None else self._complete.of_group(group)

    @staticmethod
    def _lacking(group: str | None, key: str) -> Doubts:
        return Doubts({("property", group, key)})


def _is_special(label: Any) -> bool:
    return label is GONE or label is NOT_GIVEN or label is NO_GROUP or label is NO_GROUP_NOR_VALUE


def _identity(node: PropertyTest) -> Hashable:
    """Return a key that equal tests share: the property, the operator and its operand.

    A format 2 test may differ from a format 1 test of the same filter only in its doubt.
    """
    assert node.origin is not None, "a property test keeps the filter that it was lowered from"
    doubt = node.doubt.reason
    return (node.group, node.key, node.origin.operator, text([node.origin.value]), doubt)


def _absent(node: PropertyTest) -> Label:
    answer = node.matcher.absent
    return _doubt(node) if answer is None else answer


def _doubt(node: PropertyTest) -> Doubts:
    return Doubts({node.doubt.reason})


def _both(left: Cases, right: Cases) -> Cases:
    if _is_boolean(left) and _is_boolean(right):
        return Cases(DECIDED, left.codes & right.codes)  # type: ignore[operator]
    return _pairwise(left, right, all_of)


def _either(left: Cases, right: Cases) -> Cases:
    if _is_boolean(left) and _is_boolean(right):
        return Cases(DECIDED, left.codes | right.codes)  # type: ignore[operator]
    return _pairwise(left, right, any_of)


def _is_boolean(cases: Cases) -> bool:
    return tuple(cases.labels) == DECIDED


def _pairwise(left: Cases, right: Cases, join: Callable[[Sequence[Label]], Label]) -> Cases:
    if left.codes is None or right.codes is None:
        varying, fixed = (right, left) if left.codes is None else (left, right)
        return varying.relabelled(lambda label: join((label, fixed.labels[0])), DECIDED)
    names = [join((first, second)) for first in left.labels for second in right.labels]
    codes = left.codes.astype(smallest_type(len(names)))
    codes *= len(right.labels)
    codes += right.codes.astype(codes.dtype, copy=False)
    return Cases(range(len(names)), codes).renamed(names, DECIDED)
