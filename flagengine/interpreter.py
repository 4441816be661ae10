"""The executable SPEC: slow, obvious, and it records what it sees.

Every faster evaluator must equal this one. Evaluation is a walk over steps (holdout, conditions)
that gathers the answers which are still possible; a flag is conclusive when one remains (SPEC R5).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from flagengine import draws
from flagengine.operators import FORMS, Form
from flagengine.outcomes import (
    decided,
    filtered_out,
    is_filtered_out,
    overridden,
    unknown_flag,
    unresolved,
)
from flagengine.overrides import Overrides
from flagengine.plan.nodes import (
    AllOf,
    BucketBy,
    Bucketing,
    CohortTest,
    ConditionPlan,
    Constant,
    FlagPlan,
    FlagTest,
    HoldoutPlan,
    Node,
    Not,
    PropertyTest,
    Undecidable,
)
from flagengine.resolution import Missing, Reason, UnresolvedReason
from flagengine.subject import ABSENT, Subject
from flagengine.trace import ConditionTrace, FlagTrace, Gap, HashTrace, TestTrace, Verdict
from flagengine.values import NOT_GIVEN

__all__ = ["Interpreter", "Plans"]

_UNSUPPORTED: Final = Gap(UnresolvedReason.UNSUPPORTED_DEFINITION)
_SKIPPABLE: Final = (BucketBy.GROUP, BucketBy.UNNAMED_GROUP)
"""Conditions that the server skips when the group is not there, however large their share."""


class Plans(Protocol):
    """Where plans come from; a snapshot is one."""

    def plan(self, key: str) -> FlagPlan | None:
        """Return a flag's plan, or None when there is no such flag."""


@dataclass(frozen=True, slots=True)
class _Step:
    """What one step of the walk contributes: possible answers, and whether it can be passed."""

    answers: tuple[bool | str, ...]
    passes: bool
    gap: Gap | None = None
    reason: Reason = Reason.NO_CONDITION_MATCH
    index: int | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a subject's hash lies: its label, h, or the gap that hides it."""

    label: str
    key: str | None
    gap: Gap | None = None


class Interpreter:
    """Evaluates flags of one snapshot for one subject; remembers each flag's answer."""

    def __init__(
        self,
        plans: Plans,
        subject: Subject,
        overrides: Overrides,
        runtime: str | None = None,
        contexts: frozenset[str] | None = None,
    ) -> None:
        """Bind the plans to a subject; ``runtime`` and ``contexts`` are the request's (R17)."""
        self._plans = plans
        self._subject = subject
        self._overrides = overrides
        self._runtime = runtime
        self._contexts = contexts
        self._traces: dict[str, FlagTrace] = {}

    def flag(self, key: str) -> FlagTrace:
        """Return how a flag comes to its resolution; for an unknown key, that it is unknown."""
        if key not in self._traces:
            trace = self._flag(key)
            payload = self._overrides.payloads.get(key)
            if payload is not None:
                trace = replace(trace, resolution=replace(trace.resolution, raw_payload=payload))
            self._traces[key] = trace
        return self._traces[key]

    def _flag(self, key: str) -> FlagTrace:
        plan = self._plans.plan(key)
        if key in self._overrides.flags:
            resolution = overridden(key, self._overrides.flags[key], plan)
            return FlagTrace(resolution, "an override of the caller")
        if plan is None or plan.deleted:
            return FlagTrace(unknown_flag(key), "the definitions, which have no such flag")
        if is_filtered_out(plan, self._runtime, self._contexts):
            return FlagTrace(filtered_out(plan), "the flag's runtime or evaluation contexts")
        if plan.defect is not None:
            return FlagTrace(unresolved(plan, _UNSUPPORTED, plan.defect), plan.defect, None)
        if not plan.active:
            return FlagTrace(decided(plan, False, Reason.FLAG_DISABLED), "the flag is not active")
        return self._active_flag(plan)

    def _active_flag(self, plan: FlagPlan) -> FlagTrace:
        first = self._failing_dependency(plan)
        enrollment = None
        if plan.enrollment is not None:
            enrollment, enrolled = self._enrollment(plan.enrollment)
            if isinstance(enrolled, Gap):
                return FlagTrace(
                    unresolved(plan, enrolled),
                    "the enrollment, which is not known",
                    None if first else enrolled.missing,
                    enrollment=enrollment,
                )
            if enrolled is not None:
                if enrolled and first:
                    broken = unresolved(plan, _UNSUPPORTED)
                    return FlagTrace(broken, "a broken dependency", None, enrollment=enrollment)
                resolution = decided(plan, enrolled, Reason.SUPER_CONDITION_VALUE, 0)
                return FlagTrace(resolution, "the enrollment", enrollment=enrollment)
        return replace(self._walk(plan, first), enrollment=enrollment)

    def _failing_dependency(self, plan: FlagPlan) -> tuple[_Step, ...]:
        """A dependency that cannot be followed may fail the flag before any other step (R11.6)."""
        tests = (node for condition in plan.conditions for node in condition.tests)
        if any(isinstance(node, FlagTest) and self._broken(node) for node in tests):
            return (_Step((False,), True, _UNSUPPORTED),)
        return ()

    def _enrollment(self, key: str) -> tuple[TestTrace, bool | Gap | None]:
        """Answer at once when the person has opted in or out; None when known not to (R4)."""
        actual = self._subject.person_property(key)
        if actual is NOT_GIVEN:
            gap = Gap.lacking(Missing(person_properties=(key,)))
            return TestTrace("property", gap, actual=actual, note=key), gap
        enrolled = actual is True or actual == "true"
        trace = TestTrace("property", enrolled, actual=actual, note=key)
        return trace, None if actual is ABSENT else enrolled

    # The walk over holdout and conditions.

    def _walk(self, plan: FlagPlan, first: tuple[_Step, ...]) -> FlagTrace:
        steps = list(first)
        traces: list[ConditionTrace] = []
        holdout_trace = None
        if plan.holdout is not None:
            holdout_trace, step = self._holdout(plan, plan.holdout)
            steps.append(step)
        for condition in plan.conditions:
            if steps and not steps[-1].passes:
                traces.append(ConditionTrace(condition.index, None, note="not reached"))
                continue
            trace, step = self._condition(plan, condition)
            steps.append(step)
            traces.append(trace)
        return replace(_conclude(plan, steps), conditions=tuple(traces), holdout=holdout_trace)

    def _holdout(self, plan: FlagPlan, holdout: HoldoutPlan) -> tuple[HashTrace, _Step]:
        place = self._holdout_place(holdout.bucketing)
        trace = self._inside(plan, place, draws.HOLDOUT_PREFIX, holdout.percentage)
        answers = (holdout.value,) if trace.verdict is not False else ()
        reason = Reason.HOLDOUT_CONDITION_VALUE
        return trace, _Step(answers, trace.verdict is not True, place.gap, reason)

    def _holdout_place(self, bucketing: Bucketing) -> _Place:
        """A missing device falls back to the person, a missing group to empty text (R4)."""
        place = self._place(bucketing)
        if bucketing.by is BucketBy.DEVICE and place.key is None:
            return self._place(Bucketing(BucketBy.PERSON))
        if bucketing.by is BucketBy.GROUP and place.key is None and not self._subject.strict_groups:
            return _Place(place.label, "")
        return place

    def _condition(self, plan: FlagPlan, condition: ConditionPlan) -> tuple[ConditionTrace, _Step]:
        index = condition.index
        place = self._place(condition.bucketing)
        if condition.bucketing.by is BucketBy.GROUP and place.key is None and place.gap is None:
            note = f"skipped: no group of type {condition.bucketing.group!r} was passed"
            step = _Step((), True, reason=Reason.NO_GROUP_TYPE, index=index)
            return ConditionTrace(index, False, note=note), step
        tests = tuple(self._test(node) for node in condition.tests)
        verdict = _all_of(test.verdict for test in tests)
        if verdict is False:
            return ConditionTrace(index, False, tests), _Step((), True, index=index)
        if place.gap is not None and condition.bucketing.by in _SKIPPABLE:
            verdict = place.gap | (verdict if isinstance(verdict, Gap) else None)
        rollout = self._inside(plan, place, f"{plan.key}.", condition.rollout_percentage)
        draw, drawn = self._draw(plan, condition, place)
        step = _step(plan, index, verdict, rollout.verdict, drawn, place.gap)
        trace = ConditionTrace(index, verdict, tests, rollout, draw, step.answers, step.passes)
        return trace, step

    def _draw(
        self, plan: FlagPlan, condition: ConditionPlan, place: _Place
    ) -> tuple[HashTrace | None, tuple[bool | str, ...]]:
        """Return the values a matching condition may give."""
        if condition.pinned is not None:
            return None, (condition.pinned,)
        if not plan.variants:
            return None, (True,)
        if place.key is None:
            return HashTrace(place.label, None, 1.0, None), draws.possible_variants(plan.variants)
        h = draws.fraction(plan.algorithm, f"{plan.key}.", place.key, draws.VARIANT_SALT)
        variant = draws.draw(plan.variants, h)
        return HashTrace(place.label, h, 1.0, variant is not None), (
            True if variant is None else variant,
        )

    # Hashes and their subjects.

    def _inside(self, plan: FlagPlan, place: _Place, prefix: str, percentage: float) -> HashTrace:
        h = None
        if place.key is not None and percentage < 100.0:
            h = draws.fraction(plan.algorithm, prefix, place.key)
        verdict = draws.is_inside(percentage, h)
        return HashTrace(place.label, h, percentage / 100.0, verdict)

    def _place(self, bucketing: Bucketing) -> _Place:
        subject = self._subject
        if bucketing.by is BucketBy.DEVICE:
            return _placed("device id", subject.device_id, Missing(device_id=True))
        if bucketing.by is BucketBy.PERSON:
            return _placed("distinct id", subject.distinct_id, Missing(distinct_id=True))
        if bucketing.by is BucketBy.CONTINUOUS_PERSON:
            gap = Gap(UnresolvedReason.EXPERIENCE_CONTINUITY)
            return _Place("distinct id, unless the server remembers another", None, gap)
        name = bucketing.group or ""
        if bucketing.by is BucketBy.UNNAMED_GROUP:
            return _Place(f"group type index {name}, which has no name", None, _UNSUPPORTED)
        key = subject.group_key(name)
        if key is None and not subject.strict_groups:
            return _Place(f"group {name}", None)
        return _placed(f"group {name}", key, Missing(groups=(name,)))

    # Tests.

    def _test(self, node: Node) -> TestTrace:  # noqa: PLR0911 one line per node kind
        if isinstance(node, PropertyTest):
            return self._property(node)
        if isinstance(node, Constant):
            return TestTrace("constant", node.verdict, node.origin, note=node.why)
        if isinstance(node, Undecidable):
            gap = Gap(node.reason, may_fail=node.may_fail)
            return TestTrace("undecidable", gap, node.origin, note=node.why)
        if isinstance(node, FlagTest):
            return self._dependency(node)
        if isinstance(node, CohortTest):
            inner = self._test(node.definition)
            verdict = _negated(inner.verdict) if node.negated else inner.verdict
            return TestTrace("cohort", verdict, node.origin, note=node.cohort, children=(inner,))
        if isinstance(node, Not):
            inner = self._test(node.part)
            return TestTrace("not", _negated(inner.verdict), children=(inner,))
        parts = tuple(self._test(part) for part in node.parts)
        verdicts = [part.verdict for part in parts]
        if isinstance(node, AllOf):
            return TestTrace("all", _all_of(verdicts), children=parts)
        return TestTrace("any", _any_of(verdicts), children=parts)

    def _property(self, node: PropertyTest) -> TestTrace:
        if node.group is None:
            actual = self._subject.person_property(node.key)
        else:
            actual = self._subject.group_property(node.group, node.key)
        verdict = self._matched(node, actual)
        return TestTrace("property", verdict, node.origin, actual, node.group)

    def _matched(self, node: PropertyTest, actual: object) -> Verdict:
        matcher = node.matcher
        if actual is ABSENT:
            return matcher.absent
        if actual is NOT_GIVEN:
            return Gap.lacking(self._lacking(node))
        form = FORMS[matcher.form](actual)
        dated = matcher.form is Form.DATE
        verdict = matcher.test(form, self._subject.moment) if dated else matcher.test(form)
        return _UNSUPPORTED if verdict is None else bool(verdict)

    def _lacking(self, node: PropertyTest) -> Missing:
        if node.group is None:
            return Missing(person_properties=(node.key,))
        if self._subject.group_key(node.group) is None:
            return Missing(groups=(node.group,))
        return Missing(group_properties=((node.group, node.key),))

    def _dependency(self, node: FlagTest) -> TestTrace:
        """Compare another flag's value, evaluated with the same call context (R11)."""
        why = self._broken(node)
        if why is not None:
            return TestTrace("flag", _UNSUPPORTED, node.origin, note=why)
        trace = self.flag(node.key)
        verdict = self._compared(node, trace)
        value = trace.resolution.value
        return TestTrace("flag", verdict, node.origin, value, note=node.key, dependency=trace)

    def _broken(self, node: FlagTest) -> str | None:
        """Say why a dependency cannot be followed; an override can stand in for it (R11.5)."""
        overridden = self._overrides.flags
        if node.key in overridden:
            gone = overridden[node.key] is None
            return f"{node.key!r} is overridden to be absent" if gone else None
        absent = [key for key in node.absent if overridden.get(key) is None]
        if absent:
            return f"the flag {absent[0]!r} is not in the definitions"
        return node.broken

    def _compared(self, node: FlagTest, trace: FlagTrace) -> Verdict:
        resolution = trace.resolution
        value = resolution.value
        if resolution.reason is Reason.UNRESOLVED:
            smallest = trace.smallest_missing
            missing = resolution.missing if smallest is None else smallest
            reason = UnresolvedReason.UNRESOLVED_DEPENDENCY
            return Gap(reason, missing, is_curable=smallest is not None)
        if value is None:
            value = False  # filtered out or deleted (R11.10)
        return (
            value == node.expected
            if isinstance(node.expected, str)
            else ((value is not False) is node.expected)
        )


def _placed(label: str, key: str | None, missing: Missing) -> _Place:
    gap = None if key is not None else Gap.lacking(missing)
    return _Place(label, key, gap)


def _all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Kleene AND: false beats unknown."""
    found = list(verdicts)
    if False in found:
        return False
    return _joined(found) or True


def _any_of(verdicts: Sequence[Verdict]) -> Verdict:
    """Kleene OR: true beats unknown, except one that may fail the flag (R10)."""
    gap = _joined(verdicts)
    if gap is not None and gap.may_fail:
        return gap
    if True in verdicts:
        return True
    return gap or False


def _joined(verdicts: Iterable[Verdict]) -> Gap | None:
    joined: Gap | None = None
    for verdict in verdicts:
        if isinstance(verdict, Gap):
            joined = verdict | joined
    return joined


def _negated(verdict: Verdict) -> Verdict:
    return verdict if isinstance(verdict, Gap) else not verdict


def _step(
    plan: FlagPlan,
    index: int,
    verdict: Verdict,
    inside: bool | None,
    drawn: tuple[bool | str, ...],
    hash_gap: Gap | None,
) -> _Step:
    """What a condition contributes whose tests are true or unknown (R5)."""
    answers: tuple[bool | str, ...] = ()
    gap = verdict if isinstance(verdict, Gap) else None
    if inside is not False:
        answers += drawn
    if inside is not True and plan.early_exit:
        answers += (False,)
    if gap is not None and gap.may_fail:
        answers += (False,)
    matches_surely = gap is None
    passes = not (matches_surely and (inside is True or plan.early_exit))
    if hash_gap is not None and (inside is None or len(drawn) > 1):
        gap = hash_gap | gap
    reason = Reason.OUT_OF_ROLLOUT_BOUND if inside is False else Reason.CONDITION_MATCH
    if inside is None:
        reason = Reason.OUT_OF_ROLLOUT_BOUND
    return _Step(answers, passes, gap, reason, index)


def _conclude(plan: FlagPlan, steps: Sequence[_Step]) -> FlagTrace:
    """Return the one answer that is left, or why several are (R5)."""
    last = steps[-1] if steps and not steps[-1].passes else None
    final: set[bool | str] = set(last.answers) if last else {False}
    conflict = _last_conflict(steps, final)
    if conflict is None:
        (value,) = final
        return _conclusive(plan, steps, last, value)
    resolution = unresolved(plan, _gap(steps))
    needed = _gap(steps[: conflict + 1])
    smallest = needed.missing if needed.is_curable else None
    return FlagTrace(resolution, "inputs that are not known", smallest)


def _gap(steps: Sequence[_Step]) -> Gap:
    """Join the gaps of the steps that contributed an answer."""
    gaps = [step.gap for step in steps if step.answers and step.gap is not None]
    return _joined(gaps) or _UNSUPPORTED


def _last_conflict(steps: Sequence[_Step], final: set[bool | str]) -> int | None:
    """Return the last step that may give another answer than the end of the walk does.

    Steps after it cannot change the answer, whatever they turn out to be.
    """
    if len(final) > 1:
        return len(steps) - 1
    for position in range(len(steps) - 1, -1, -1):
        answers = steps[position].answers
        if answers and set(answers) != final:
            return position
    return None


def _conclusive(
    plan: FlagPlan, steps: Sequence[_Step], last: _Step | None, value: bool | str
) -> FlagTrace:
    if value is False:
        reason, index = _best_reason(steps)
        where = "no condition matched" if last is None else f"condition {index} ends the walk"
        return FlagTrace(decided(plan, value, reason, index), where)
    assert last is not None
    if last.reason is Reason.HOLDOUT_CONDITION_VALUE:
        return FlagTrace(decided(plan, value, last.reason), "the holdout")
    resolution = decided(plan, value, Reason.CONDITION_MATCH, last.index)
    return FlagTrace(resolution, f"condition {last.index}")


_SCORES: Final = {
    Reason.OUT_OF_ROLLOUT_BOUND: 3,
    Reason.NO_CONDITION_MATCH: 2,
    Reason.NO_GROUP_TYPE: 1,
}


def _best_reason(steps: Sequence[_Step]) -> tuple[Reason, int | None]:
    """Return the highest-scoring reason for false; of equals the later one (R13)."""
    best, index = Reason.NO_GROUP_TYPE, None
    for step in steps:
        if step.index is not None and _SCORES.get(step.reason, 0) >= _SCORES[best]:
            best, index = step.reason, step.index
    return best, index
