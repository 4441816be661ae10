"""The rules of a format 2 flag over a batch: each rule decides the rows that earlier rules left.

A row's label says at which rule its walk ended and how, which settles the answer (SPEC R20).
"""

from collections.abc import Callable
from functools import reduce
from typing import Any, Final

from flagengine.columnar.cases import Cases, combined
from flagengine.columnar.rows import Rows
from flagengine.columnar.subject_ids import Mask
from flagengine.columnar.verdicts import Label, Tests
from flagengine.columnar.walk import Shares
from flagengine.evaluation.draws import VARIANT_SALT
from flagengine.plan.flag_plan import ConditionPlan, FlagPlan, RulePlan
from flagengine.plan.shares import Share

__all__ = ["rule_cases"]

_OPEN: Final = "no rule has ended the walk"
_HERE: Final = "the tests of this rule match"

Numbers = Callable[[str, str, Mask], Any]
"""A function from a prefix, a salt and the wanted rows to bucket numbers."""


def rule_cases(plan: FlagPlan, rows: Rows, tests: Tests) -> Cases:
    """Return for every row where its walk ended; rows with equal labels have equal answers."""
    ids = rows.person_ids
    present = ids.presence.relabelled(lambda label: label is True)

    def numbers(prefix: str, salt: str, wanted: Mask) -> Any:
        return ids.numbers(plan.algorithm, prefix, salt, wanted, clip=True)

    found = Cases.constant(_OPEN)
    for condition in plan.conditions:
        assert condition.rule is not None  # a format 2 flag has nothing but rules
        found = _Rule(condition, condition.rule, present, numbers).after(found, tests)
    return found


class _Rule:
    """One rule; ``present`` tells which rows have an id that can be hashed."""

    def __init__(
        self, condition: ConditionPlan, rule: RulePlan, present: Cases, numbers: Numbers
    ) -> None:
        self._condition = condition
        self._rule = rule
        self._present = present
        self._numbers = numbers

    def after(self, before: Cases, tests: Tests) -> Cases:
        """Return where the walks end, this rule included."""
        index, rule = self._condition.index, self._rule
        if before.where(lambda label: label is _OPEN) is False:
            return before
        found = self._targeted(before, tests)
        if rule.ends_at_once:
            return self._ended(found, lambda _: ("at once", index))
        if rule.held_out is not None:
            held_out = self._inside(found, rule.holdout_prefix, rule.held_out)
            found = _at_this_rule(found, held_out, {True: ("held out", index), False: _HERE})
        inside = self._inside(found, rule.prefix, self._condition.share)
        outside = ("missed", index) if self._condition.stops else _OPEN
        found = _at_this_rule(found, inside, {True: _HERE, False: outside})
        return (
            self._drawn(found)
            if self._condition.draws
            else self._ended(found, lambda _: ("matched", index))
        )

    def _targeted(self, before: Cases, tests: Tests) -> Cases:
        """Return the walks after the tests, which count in their order."""
        verdicts = reduce(
            _in_order, map(tests.verdicts, self._condition.tests), Cases.constant(True)
        )
        index = self._condition.index

        def ended(label: tuple[Any, Label]) -> Any:
            state, verdict = label
            if state is not _OPEN or verdict is False:
                return state
            return _HERE if verdict is True else ("stuck", index, verdict)

        return combined([before, verdicts]).relabelled(ended)

    def _inside(self, found: Cases, prefix: str, share: Share) -> Cases:
        """Return which rows are inside a share; an empty id is not, whatever the share."""
        if share.without_hash is True:
            return self._present
        shares = Shares.of_rollouts({share})
        intervals = shares.intervals(self._numbers(prefix, "", self._hashed(found)))
        pairs = combined([self._present, intervals])
        return pairs.relabelled(lambda label: label[0] and label[1] == 0)

    def _drawn(self, found: Cases) -> Cases:
        """Return the walks with the position drawn."""
        shares = Shares.of_variants(self._condition.variants)
        numbers = self._numbers(self._rule.prefix, VARIANT_SALT, self._hashed(found))
        pairs = combined([found, shares.intervals(numbers)])
        index = self._condition.index
        return pairs.relabelled(
            lambda label: ("matched", index, label[1]) if label[0] is _HERE else label[0]
        )

    def _hashed(self, found: Cases) -> Mask:
        return found.where(lambda label: label is _HERE) & self._present.where(bool)

    @staticmethod
    def _ended(found: Cases, name: Callable[[Any], Any]) -> Cases:
        return found.relabelled(lambda label: name(label) if label is _HERE else label)


def _in_order(left: Cases, right: Cases) -> Cases:
    """Join verdicts by the first that is not true."""
    pairs = combined([left, right])
    return pairs.relabelled(lambda label: label[1] if label[0] is True else label[0])


def _at_this_rule(found: Cases, inside: Cases, names: dict[bool, Any]) -> Cases:
    """Rename the walks at this rule by whether the row is inside a share."""
    return combined([found, inside]).relabelled(
        lambda label: names[label[1]] if label[0] is _HERE else label[0]
    )
