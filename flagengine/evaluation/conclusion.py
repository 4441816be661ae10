"""From the steps of a walk to the answer: the values that are still possible (SPEC R5, R13)."""

from collections.abc import Sequence
from typing import Final

from flagengine.evaluation.outcomes import decided, served, unresolved
from flagengine.plan.flag_plan import ConditionPlan, FlagPlan
from flagengine.plan.shares import Answer, Served
from flagengine.results.resolution import NOTHING_MISSING, Missing, Reason, Resolution
from flagengine.results.verdicts import UNSUPPORTED, Gap, Verdict, joined
from flagengine.values.record import Record

__all__ = ["Conclusion", "Step", "conclude", "contribution", "failing", "held_out", "lost"]


class Step(Record):
    """The contribution of one holdout or condition to the walk.

    ``answers`` are the values that the step may give; ``passes`` tells whether the walk can go on
    after the step. A step that ends the walk without an answer is an error of the flag, or needs an
    input: only rules have such steps. ``gap`` says why the step is in doubt. ``reason`` is the reason for the flag's
    value if the step decides, and a possible reason for false if no step does.
    """

    answers: tuple[Answer, ...]
    passes: bool
    gap: Gap | None = None
    reason: Reason = Reason.NO_CONDITION_MATCH
    index: int | None = None


class Conclusion(Record):
    """The answer, the part of the flag that decided, and the inputs that would decide.

    ``smallest_missing`` is the smallest set of inputs that would settle the answer: empty for a
    definite answer, None when no inputs would settle it.
    """

    resolution: Resolution
    deciding: str
    smallest_missing: Missing | None = NOTHING_MISSING


def contribution(
    condition: ConditionPlan,
    verdict: Verdict,
    inside: bool | None,
    drawn: tuple[Answer, ...],
    hash_gap: Gap | None = None,
    *,
    may_fail: bool = False,
) -> Step:
    """Return what a condition contributes.

    ``verdict`` is the verdict of its tests, ``inside`` the verdict of its rollout, and ``drawn``
    holds the values that a match may give. ``hash_gap`` says why ``inside`` and ``drawn`` are in
    doubt. With ``may_fail`` the server may fail the flag at this condition.
    """
    if verdict is False:
        return failing(condition.index) if may_fail else lost(condition.index)
    answers = drawn if inside is not False else ()
    gap = verdict if isinstance(verdict, Gap) else None
    if (inside is not True and condition.stops) or may_fail:
        answers += (False,)
    passes = gap is not None or not condition.ends(inside)
    is_drawing = inside is not False and len(drawn) > 1
    if hash_gap is not None and (inside is None or is_drawing):
        gap = hash_gap | gap
    if may_fail:
        gap = UNSUPPORTED | gap
    reason = Reason.CONDITION_MATCH if inside else Reason.OUT_OF_ROLLOUT_BOUND
    return Step(answers, passes, gap, reason, condition.index)


def lost(index: int, reason: Reason = Reason.NO_CONDITION_MATCH) -> Step:
    """Return a step that gives no value; ``reason`` says why."""
    return Step((), True, reason=reason, index=index)


def failing(index: int | None = None) -> Step:
    """Return a step that does not match, and at which the server may fail the flag."""
    return Step((False,), True, UNSUPPORTED, index=index)


def held_out(value: str, inside: bool | None, hash_gap: Gap | None) -> Step:
    """Return what a holdout contributes; ``hash_gap`` is used only when ``inside`` is None."""
    answers = () if inside is False else (value,)
    gap = hash_gap if inside is None else None
    return Step(answers, inside is not True, gap, Reason.HOLDOUT_CONDITION_VALUE)


def conclude(plan: FlagPlan, steps: Sequence[Step]) -> Conclusion:
    """Return the only possible answer, or an unresolved answer when several are possible."""
    last = steps[-1] if steps and not steps[-1].passes else None
    if last is not None and not last.answers:
        gap = last.gap or UNSUPPORTED
        return Conclusion(unresolved(plan, gap), _named("rule", last.index), gap.needed)
    final: set[Answer] = set(last.answers) if last else {plan.otherwise}
    conflict = _last_conflict(steps, final)
    if conflict is None:
        (value,) = final
        return _conclusive(plan, steps, last, value)
    resolution = unresolved(plan, _gap(steps))
    return Conclusion(resolution, "inputs that are not known", _gap(steps[: conflict + 1]).needed)


def _gap(steps: Sequence[Step]) -> Gap:
    """Join the gaps of the steps that contributed an answer."""
    return joined(step.gap for step in steps if step.answers and step.gap) or UNSUPPORTED


def _last_conflict(steps: Sequence[Step], final: set[Answer]) -> int | None:
    """Return the position of the last step that may answer differently from the end of the walk.

    No later step can change the answer.
    """
    if len(final) > 1:
        return len(steps) - 1
    for position in range(len(steps) - 1, -1, -1):
        answers = steps[position].answers
        if answers and set(answers) != final:
            return position
    return None


def _conclusive(
    plan: FlagPlan, steps: Sequence[Step], last: Step | None, value: Answer
) -> Conclusion:
    if isinstance(value, Served):
        return _served(plan, last, value)
    if value is False:
        reason, index = _best_reason(steps)
        deciding = (
            "the lack of a matching condition" if last is None else _named("condition", index)
        )
        return Conclusion(decided(plan, value, reason, index), deciding)
    assert last is not None  # a walk that passes every step answers false
    if last.reason is Reason.HOLDOUT_CONDITION_VALUE:
        return Conclusion(decided(plan, value, last.reason), "the holdout")
    resolution = decided(plan, value, Reason.CONDITION_MATCH, last.index)
    return Conclusion(resolution, _named("condition", last.index))


def _served(plan: FlagPlan, last: Step | None, answer: Served) -> Conclusion:
    if last is None or last.index is None:
        resolution = served(plan, answer, Reason.NO_RULE_MATCH, None)
        return Conclusion(resolution, "the lack of a matching rule")
    resolution = served(plan, answer, last.reason, plan.conditions[last.index])
    return Conclusion(resolution, _named("rule", last.index))


_SCORES: Final = {
    Reason.OUT_OF_ROLLOUT_BOUND: 3,
    Reason.NO_CONDITION_MATCH: 2,
    Reason.NO_GROUP_TYPE: 1,
}


def _best_reason(steps: Sequence[Step]) -> tuple[Reason, int | None]:
    """Return the highest-scoring reason for false, the latest of equals, and its index (R13)."""
    best, index = Reason.NO_GROUP_TYPE, None
    for step in steps:
        if step.index is not None and _SCORES.get(step.reason, 0) >= _SCORES[best]:
            best, index = step.reason, step.index
    return best, index


def _named(kind: str, index: int | None) -> str:
    """Return the name of a condition or a rule for people, who count from 1 (SPEC R13.4)."""
    assert index is not None  # only steps of the walk decide so
    return f"{kind} {index + 1}"
