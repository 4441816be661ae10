"""The decidability of a flag: whether it can be decided locally once every input is given (SPEC R5).

This module follows the walk through all combinations of verdicts (true, false or unknown) and
hashes (inside or outside), and collects the sets of possible answers.
:mod:`flagengine.evaluation.conclusion` says what a step contributes. The distinct id is assumed not
to be empty, so nobody is inside a share of 0 % (SPEC R3.16).
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import product
from typing import Final

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
from flagengine.plan.shares import Answer, BucketBy, Bucketing, Share
from flagengine.results.resolution import UnresolvedReason
from flagengine.results.verdicts import UNSUPPORTED, Gap, Verdict

__all__ = ["Decidability", "decidability"]

_FAILING: Final = Gap(UnresolvedReason.UNSUPPORTED_DEFINITION, may_fail=True)
"""A doubt at which the server may fail the flag; :data:`UNSUPPORTED` represents other doubts."""

Answers = frozenset[Answer]
_UNSETTLED: Final[Answers] = frozenset({True, False})


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
    seen = {len(answers) == 1 for answers in _walks(plan, of_flag)}
    if plan.enrollment is not None:
        seen |= {True, not plan.is_broken({})}  # a person who has opted out, or in
    if seen == {True}:
        return Decidability.ALWAYS
    return Decidability.SOMETIMES if True in seen else Decidability.NEVER


def _walks(plan: FlagPlan, of_flag: dict[str, Decidability]) -> Iterator[Answers]:
    """Yield the set of possible answers at the end of every walk."""
    states: set[Answers] = {frozenset({False}) if plan.is_broken({}) else frozenset()}
    tests = _Outcomes(of_flag)
    stages = [_condition(condition, tests) for condition in plan.conditions]
    if plan.holdout is not None:
        stages.insert(0, _holdout(plan.holdout))
    for steps in stages:
        states, ended = _advance(states, steps)
        yield from ended
    yield from {state | {plan.otherwise} for state in states}


def _advance(states: set[Answers], steps: Iterable[Step]) -> tuple[set[Answers], set[Answers]]:
    """Return the states that go on after a step, and the states of walks that it ends."""
    going_on: set[Answers] = set()
    ended: set[Answers] = set()
    for step in steps:
        reached = {state | frozenset(step.answers) for state in states}
        (going_on if step.passes else ended).update(reached)
    return {_shortened(state) for state in going_on}, ended


def _shortened(state: Answers) -> Answers:
    """Replace a state of several answers by one of two: no later step can settle the walk."""
    return state if len(state) < 2 else _UNSETTLED


def _holdout(holdout: HoldoutPlan) -> Iterator[Step]:
    """Yield every possible contribution of a holdout."""
    for inside in _insides(holdout.share, holdout.bucketing):
        yield held_out(holdout.value, inside, None)


def _condition(condition: ConditionPlan, tests: "_Outcomes") -> Iterator[Step]:
    """Yield every possible contribution of a condition."""
    if condition.rule is not None:
        yield from _rule(condition, condition.rule, tests)
        return
    verdicts = set(tests.of(AllOf(condition.tests)))
    if condition.bucketing.by is BucketBy.GROUP:
        verdicts.add(False)
    if condition.bucketing.by is BucketBy.UNNAMED_GROUP:
        verdicts = {UNSUPPORTED if verdict is True else verdict for verdict in verdicts}
    _, failing = condition.parted
    insides = _insides(condition.share, condition.bucketing)
    for verdict, inside, drawn in product(verdicts, insides, _draws(condition)):
        yield contribution(condition, verdict, inside, drawn, may_fail=bool(failing))
        if failing and verdict is False:  # a test before the failing cohort is false
            yield contribution(condition, verdict, inside, drawn)


def _rule(condition: ConditionPlan, rule: RulePlan, tests: "_Outcomes") -> Iterator[Step]:
    """Yield every possible contribution of a rule; an error is the server's answer too (R20)."""
    verdicts = list(map(tests.of, condition.tests))
    if any(False in found for found in verdicts):
        yield lost(condition.index)
    if any(UNSUPPORTED in found for found in verdicts):
        yield stuck(condition, UNSUPPORTED)
    if all(True in found for found in verdicts):
        yield from outcomes(condition, rule)


def _insides(share: Share, bucketing: Bucketing) -> tuple[bool | None, ...]:
    inside = share.without_hash
    return (True, False) if inside is None and bucketing.is_hashable else (inside,)


def _draws(condition: ConditionPlan) -> list[tuple[Answer, ...]]:
    if condition.bucketing.is_hashable:
        return [(value,) for value in condition.possible]
    return [condition.possible]


class _Outcomes:
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
