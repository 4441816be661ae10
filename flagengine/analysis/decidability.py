"""The decidability of a flag: whether it can be decided locally once every input is given (SPEC R5).

This module follows all walks at once, through all combinations of verdicts (true, false or unknown)
and hashes (inside or outside), and asks for the possible answers at their ends.
:mod:`flagengine.evaluation.conclusion` says what a step contributes. The distinct id is assumed not
to be empty, so nobody is inside a share of 0 % (SPEC R3.16).
"""

from collections.abc import Iterator
from enum import StrEnum
from itertools import islice, product
from typing import Final

from flagengine.analysis.possible_answers import Answers, Outcome, PossibleAnswers
from flagengine.evaluation.conclusion import Step, contribution, held_out, lost
from flagengine.evaluation.rules import outcomes, stuck
from flagengine.plan.flag_plan import ConditionPlan, FlagPlan, HoldoutPlan, RulePlan
from flagengine.plan.nodes import (
    AllOf,
    CohortTest,
    Constant,
    FlagTest,
    Node,
    PropertyTest,
    Undecidable,
)
from flagengine.plan.shares import NO_DRAW, BucketBy, Bucketing, Share
from flagengine.results.resolution import UnresolvedReason
from flagengine.results.verdicts import UNSUPPORTED, Gap, Verdict
from flagengine.values.record import replace

__all__ = ["Decidability", "decidability"]

_FAILING: Final = Gap(UnresolvedReason.UNSUPPORTED_DEFINITION, may_fail=True)
"""A doubt at which the server may fail the flag; :data:`UNSUPPORTED` represents other doubts."""


class Decidability(StrEnum):
    """The decidability of a flag whose inputs are all given: always, sometimes or never."""

    ALWAYS = "always"
    SOMETIMES = "sometimes"
    NEVER = "never"


def decidability(plan: FlagPlan, of_flag: dict[str, Decidability]) -> Decidability:
    """Return whether a flag is decided always, sometimes or never.

    ``of_flag`` holds the decidability of the flags that the flag depends on.
    """
    if plan.defect is not None:
        return Decidability.NEVER
    if not plan.active:
        return Decidability.ALWAYS
    seen = set(_walks(plan, of_flag))
    if plan.enrollment is not None:
        seen |= {True, not plan.is_broken({})}  # a person who has opted out, or in
    if seen == {True}:
        return Decidability.ALWAYS
    return Decidability.SOMETIMES if True in seen else Decidability.NEVER


def _walks(plan: FlagPlan, of_flag: dict[str, Decidability]) -> Iterator[bool]:
    """Yield whether exactly one answer is possible, for the end of every walk."""
    steps = _Steps(plan, of_flag)
    possible = PossibleAnswers(steps.drawn, is_broken=plan.is_broken({}))
    for step in steps:
        yield from possible.endings(step)
        possible.advance(step)
    yield from possible.endings([Outcome(frozenset({plan.otherwise}), passes=False)])


class _Steps:
    """Every possible outcome of the steps of one flag."""

    def __init__(self, plan: FlagPlan, of_flag: dict[str, Decidability]) -> None:
        self._plan = plan
        self._tests = _Verdicts(of_flag)
        drawing = (condition for condition in plan.conditions if condition.draws)
        draw = next((condition.draw for condition in drawing if condition.rule is None), NO_DRAW)
        self.drawn = frozenset(draw.possible)
        """What a draw may give; all conditions of a flag share the draw."""

    def __iter__(self) -> Iterator[list[Outcome]]:
        """Yield the outcomes of the holdout, then of each condition."""
        if self._plan.holdout is not None:
            yield [_outcome(step) for step in _held_out(self._plan.holdout)]
        for condition in self._plan.conditions:
            if condition.rule is None:
                yield list(self._condition(condition))
            else:
                yield [_outcome(step) for step in self._rule(condition, condition.rule)]

    def _condition(self, condition: ConditionPlan) -> Iterator[Outcome]:
        verdicts = self._tests.of(AllOf(condition.tests))
        if condition.bucketing.by is BucketBy.GROUP:
            verdicts = verdicts | {False}
        if condition.bucketing.by is BucketBy.UNNAMED_GROUP:
            verdicts = {UNSUPPORTED if verdict is True else verdict for verdict in verdicts}
        _, failing = condition.parted
        for verdict, inside in product(verdicts, _insides(condition.share, condition.bucketing)):
            yield self._contribution(condition, verdict, inside, may_fail=bool(failing))
            if failing and verdict is False:  # a test before the failing cohort is false
                yield self._contribution(condition, verdict, inside, may_fail=False)

    def _contribution(
        self, condition: ConditionPlan, verdict: Verdict, inside: bool | None, *, may_fail: bool
    ) -> Outcome:
        """Return what a condition contributes besides what it draws, and what it draws."""
        step = contribution(condition, verdict, inside, (), may_fail=may_fail)
        if verdict is False or inside is False:
            return _outcome(step)
        drawn = self.drawn if condition.draws else frozenset(condition.possible)
        if condition.bucketing.is_hashable:
            return replace(_outcome(step), drawn=drawn)
        return _outcome(step, drawn)

    def _rule(self, condition: ConditionPlan, rule: RulePlan) -> Iterator[Step]:
        """Yield every contribution of a rule; an error is the server's answer too (R20)."""
        verdicts = list(map(self._tests.of, condition.tests))
        if any(False in found for found in verdicts):
            yield lost(condition.index)
        if any(UNSUPPORTED in found for found in verdicts):
            yield stuck(condition, UNSUPPORTED)
        if all(True in found for found in verdicts):
            yield from outcomes(condition, rule)


def _outcome(step: Step, together: Answers = frozenset()) -> Outcome:
    """Return a step's answers, with those that no hash keeps apart."""
    several = frozenset(islice(together, 2))  # more than two are as good as two
    return Outcome(several | frozenset(step.answers), step.passes)


def _held_out(holdout: HoldoutPlan) -> Iterator[Step]:
    """Yield every possible contribution of a holdout."""
    for inside in _insides(holdout.share, holdout.bucketing):
        yield held_out(holdout.value, inside, None)


def _insides(share: Share, bucketing: Bucketing) -> tuple[bool | None, ...]:
    inside = share.without_hash
    return (True, False) if inside is None and bucketing.is_hashable else (inside,)


class _Verdicts:
    """The possible verdicts of tests when all inputs are given; a cohort is examined once."""

    def __init__(self, of_flag: dict[str, Decidability]) -> None:
        self._of_flag = of_flag
        self._cohorts: dict[int, set[Verdict]] = {}

    def of(self, node: Node) -> set[Verdict]:
        if isinstance(node, PropertyTest):
            return {node.matcher.server_only is None or UNSUPPORTED, False}
        if isinstance(node, Constant):
            return {node.verdict}
        if isinstance(node, Undecidable):
            return {_FAILING if node.may_fail else UNSUPPORTED}
        if isinstance(node, FlagTest):
            return _flag_outcomes(node, self._of_flag)
        if isinstance(node, CohortTest):
            return {node.join((verdict,)) for verdict in self._of_cohort(node.definition)}
        first, *others = map(self.of, node.parts) if node.parts else [{node.join(())}]
        found = {node.join((verdict,)) for verdict in first}
        for verdicts in others:
            found = {_alike(node.join(pair)) for pair in product(found, verdicts)}
        return found

    def _of_cohort(self, definition: Node) -> set[Verdict]:
        known = self._cohorts
        if id(definition) not in known:
            known[id(definition)] = self.of(definition)
        return known[id(definition)]


def _alike(verdict: Verdict) -> Verdict:
    """Replace a doubt by the doubt that represents all with the same consequence."""
    if isinstance(verdict, bool):
        return verdict
    return _FAILING if verdict.may_fail else UNSUPPORTED


def _flag_outcomes(node: FlagTest, of_flag: dict[str, Decidability]) -> set[Verdict]:
    if node.why_broken({}) is not None or of_flag.get(node.key) is Decidability.NEVER:
        return {UNSUPPORTED}
    always = of_flag.get(node.key) is Decidability.ALWAYS
    return {True, False} if always else {True, False, UNSUPPORTED}
