"""Can a flag be decided here at all, once every input is given (SPEC R5)?

An abstract run of the walk: each filter may come out true, false or unknown, each hash inside or
outside, and the sets of answers that are still possible are followed through all combinations.
The distinct id is supposed not to be empty: nobody is inside a share of 0 % then (SPEC R3.16).
"""

from collections.abc import Iterator
from enum import StrEnum
from itertools import product
from typing import Final

from flagengine.evaluation.draws import possible_variants
from flagengine.plan.nodes import (
    AllOf,
    BucketBy,
    Bucketing,
    CohortTest,
    ConditionPlan,
    Constant,
    FlagPlan,
    FlagTest,
    Node,
    Not,
    PropertyTest,
    Undecidable,
)

__all__ = ["Decidability", "decidability"]

_UNKNOWN, _FAILING = "unknown", "unknown, and may fail the flag"
Outcome = bool | str
Answers = frozenset[bool | str]
_UNSETTLED: Final[Answers] = frozenset({True, False})


class Decidability(StrEnum):
    """How often a flag can be decided locally when all its inputs are given."""

    ALWAYS = "always"
    SOMETIMES = "sometimes"
    NEVER = "never"


def decidability(plan: FlagPlan, of_flag: dict[str, Decidability]) -> Decidability:
    """Return whether a flag is decided always, sometimes or never.

    ``of_flag`` holds the answers for the flags that it depends on.
    """
    if plan.defect is not None:
        return Decidability.NEVER
    if not plan.active:
        return Decidability.ALWAYS
    seen = {_is_settled(answers) for answers in _walks(plan, of_flag)}
    if plan.enrollment is not None:
        seen |= {True, not _is_broken(plan)}  # opted out, opted in
    if seen == {True}:
        return Decidability.ALWAYS
    return Decidability.SOMETIMES if True in seen else Decidability.NEVER


def _is_broken(plan: FlagPlan) -> bool:
    """Tell whether the flag may be false for a dependency that cannot be followed (R11.6)."""
    tests = [node for condition in plan.conditions for node in condition.tests]
    return any(isinstance(node, FlagTest) and (node.broken or node.absent) for node in tests)


def _is_settled(answers: Answers) -> bool:
    return len(answers) == 1


def _walks(plan: FlagPlan, of_flag: dict[str, Decidability]) -> Iterator[Answers]:
    """Yield the set of possible answers at the end of every walk."""
    states: set[Answers] = {frozenset({False}) if _is_broken(plan) else frozenset()}
    if plan.holdout is not None and plan.holdout.percentage > 0:
        held_out = {state | {plan.holdout.value} for state in states}
        if plan.holdout.percentage >= 100.0 or _is_hash_known(plan.holdout.bucketing):
            yield from held_out
        else:
            states = held_out
        if plan.holdout.percentage >= 100.0:
            return
    for condition in plan.conditions:
        states, ended = _advance(plan, condition, states, of_flag)
        yield from ended
    yield from {state | {False} for state in states}


def _advance(
    plan: FlagPlan,
    condition: ConditionPlan,
    states: set[Answers],
    of_flag: dict[str, Decidability],
) -> tuple[set[Answers], set[Answers]]:
    """Return the states that go on after a condition, and those that it ends."""
    going_on: set[Answers] = set()
    ended: set[Answers] = set()
    outcomes = set(_outcomes(AllOf(condition.tests), of_flag))
    if condition.bucketing.by is BucketBy.GROUP:
        outcomes.add(False)
    if condition.bucketing.by is BucketBy.UNNAMED_GROUP:
        outcomes = {_UNKNOWN if outcome is True else outcome for outcome in outcomes}
    for outcome, inside, drawn in product(outcomes, _insides(condition), _draws(plan, condition)):
        answers, passes = _contribution(plan, outcome, inside, drawn)
        contributed = [answers]
        if any(isinstance(node, CohortTest) and node.may_fail for node in condition.tests):
            contributed = [answers | {False}, *([answers] if outcome is False else [])]
        reached = {state | one for state in states for one in contributed}
        (going_on if passes else ended).update(reached)
    return {_shortened(state) for state in going_on}, ended


def _shortened(state: Answers) -> Answers:
    """Return two answers for more than one: no further answer settles them."""
    return state if len(state) < 2 else _UNSETTLED


def _contribution(
    plan: FlagPlan, outcome: Outcome, inside: bool | None, drawn: Answers
) -> tuple[Answers, bool]:
    if outcome is False:
        return frozenset(), True
    answers: Answers = drawn if inside is not False else frozenset()
    if (inside is not True and plan.early_exit) or outcome == _FAILING:
        answers |= {False}
    return answers, outcome is not True or not (inside is True or plan.early_exit)


def _is_hash_known(bucketing: Bucketing) -> bool:
    return bucketing.by not in (BucketBy.CONTINUOUS_PERSON, BucketBy.UNNAMED_GROUP)


def _insides(condition: ConditionPlan) -> tuple[bool | None, ...]:
    if condition.rollout_percentage >= 100.0:
        return (True,)
    if condition.rollout_percentage <= 0:
        return (False,)
    return (True, False) if _is_hash_known(condition.bucketing) else (None,)


def _draws(plan: FlagPlan, condition: ConditionPlan) -> list[Answers]:
    if condition.pinned is not None:
        return [frozenset({condition.pinned})]
    if not plan.variants:
        return [frozenset({True})]
    possible = possible_variants(plan.variants)
    if _is_hash_known(condition.bucketing):
        return [frozenset({value}) for value in possible]
    return [frozenset(possible)]


def _outcomes(node: Node, of_flag: dict[str, Decidability]) -> set[Outcome]:  # noqa: PLR0911
    """Return the verdicts a test may come to when all inputs are given."""
    if isinstance(node, PropertyTest):
        return {node.matcher.server_only is None or _UNKNOWN, False}
    if isinstance(node, Constant):
        return {node.verdict}
    if isinstance(node, Undecidable):
        return {_FAILING if node.may_fail else _UNKNOWN}
    if isinstance(node, FlagTest):
        return _flag_outcomes(node, of_flag)
    if isinstance(node, CohortTest):
        inside = _outcomes(node.definition, of_flag)
        return _negated(inside) if node.negated else inside
    if isinstance(node, Not):
        return _negated(_outcomes(node.part, of_flag))
    found: set[Outcome] = {isinstance(node, AllOf)}
    for part in node.parts:
        pairs = product(found, _outcomes(part, of_flag))
        combine = _and if isinstance(node, AllOf) else _or
        found = {combine(left, right) for left, right in pairs}
    return found


def _flag_outcomes(node: FlagTest, of_flag: dict[str, Decidability]) -> set[Outcome]:
    if node.broken or node.absent or of_flag.get(node.key) is Decidability.NEVER:
        return {_UNKNOWN}
    always = of_flag.get(node.key) is Decidability.ALWAYS
    return {True, False} if always else {True, False, _UNKNOWN}


def _negated(outcomes: set[Outcome]) -> set[Outcome]:
    """Return the outcomes of the negation."""
    return {not one if isinstance(one, bool) else one for one in outcomes}


def _and(left: Outcome, right: Outcome) -> Outcome:
    if left is False or right is False:
        return False
    return (
        _FAILING if _FAILING in (left, right) else _UNKNOWN if _UNKNOWN in (left, right) else True
    )


def _or(left: Outcome, right: Outcome) -> Outcome:
    if _FAILING in (left, right):
        return _FAILING
    if left is True or right is True:
        return True
    return _UNKNOWN if _UNKNOWN in (left, right) else False
