"""The executable SPEC: an interpreter that is slow, obvious, and records every step.

Every faster evaluator must equal the interpreter. Evaluation is a walk over steps (holdout,
conditions) that collects the possible answers; a flag has a value when one answer remains (SPEC R5).
"""

from typing import TYPE_CHECKING, Final

from flagengine.evaluation import draws
from flagengine.evaluation.conclusion import (
    Conclusion,
    Step,
    conclude,
    contribution,
    failing,
    held_out,
    lost,
)
from flagengine.evaluation.outcomes import (
    decided,
    disabled,
    filtered_out,
    is_filtered_out,
    overridden,
    unknown_flag,
    unresolved,
)
from flagengine.evaluation.rules import RuleWalk
from flagengine.evaluation.trace import ConditionTrace, FlagTrace, HashTrace, TestTrace
from flagengine.inputs.overrides import Overrides
from flagengine.inputs.subject import Subject
from flagengine.plan.flag_plan import ConditionPlan, EnrollmentPlan, FlagPlan, HoldoutPlan
from flagengine.plan.nodes import (
    AllOf,
    AnyOf,
    CohortTest,
    Constant,
    FlagTest,
    Node,
    Not,
    PropertyTest,
    Undecidable,
)
from flagengine.plan.shares import Answer, BucketBy, Bucketing, Share
from flagengine.results.resolution import (
    NOTHING_MISSING,
    Missing,
    Reason,
    Resolution,
    UnresolvedReason,
)
from flagengine.results.verdicts import UNSUPPORTED, Gap, Verdict, all_of
from flagengine.values.excerpts import name_excerpt
from flagengine.values.json_values import NOT_GIVEN
from flagengine.values.record import Record, replace

if TYPE_CHECKING:
    from collections.abc import Container
    from typing import Protocol

    class PlannedFlags(Protocol):
        """The plans of some flags, with those of the flags on which they depend."""

        def plan(self, key: str) -> FlagPlan | None:
            """Return the lowered flag, or None when there is no such flag."""

        def evaluation_order(self, key: str, known: Container[str] = ()) -> list[str]:
            """Return the flags that a flag depends on, each after its dependencies; the flag is last."""


__all__ = ["Interpreter"]

_COMBINATIONS: Final = {AllOf: "all", AnyOf: "any", Not: "not"}


class _Place(Record):
    """The subject of a hash: its label, and its text or the gap that hides the text.

    ``may_be_empty`` tells whether a hidden text may be empty.
    """

    label: str
    key: str | None
    gap: Gap | None = None
    may_be_empty: bool = False


class Interpreter:
    """An evaluator of one snapshot's flags for one subject; it remembers each flag's answer."""

    def __init__(
        self,
        plans: "PlannedFlags",
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
        self._memberships: dict[int, TestTrace] = {}
        self._fractions: dict[tuple[str, str, str, str], float] = {}

    def flag(self, key: str) -> FlagTrace:
        """Return the trace of a flag; an unknown key gives a trace that says so."""
        if key not in self._traces:
            # Dependencies come first: a long chain of flags must not exhaust the stack. The
            # dependencies of an overridden flag are not followed: they may depend on it (R14.2).
            is_overridden = key in self._overrides.flags
            known = self._traces
            for name in [key] if is_overridden else self._plans.evaluation_order(key, known):
                known[name] = self._with_payload(name, self._flag(name))
        return self._traces[key]

    def _with_payload(self, key: str, trace: FlagTrace) -> FlagTrace:
        payload = self._overrides.payloads.get(key)
        if payload is None:
            return trace
        resolution = replace(trace.resolution, raw_payload=payload)
        return replace(trace, conclusion=replace(trace.conclusion, resolution=resolution))

    def _flag(self, key: str) -> FlagTrace:
        plan = self._plans.plan(key)
        if key in self._overrides.flags:
            return _at_once(overridden(key, self._overrides.flags[key], plan), "an override")
        if plan is None:
            return _at_once(unknown_flag(key), "the definitions, which have no such flag")
        if is_filtered_out(plan, self._runtime, self._contexts):
            return _at_once(filtered_out(plan), "the flag's runtime or evaluation contexts")
        if plan.defect is not None:
            resolution = unresolved(plan, UNSUPPORTED, plan.defect)
            return _at_once(resolution, "the flag's definition", None)
        if not plan.active:
            return _at_once(disabled(plan), "the flag's inactive state")
        return self._active_flag(plan)

    def _active_flag(self, plan: FlagPlan) -> FlagTrace:
        """Decide the enrollment, then walk. Before both, a broken dependency may fail the flag (R11)."""
        broken = (failing(),) if plan.is_broken(self._overrides.flags) else ()
        if plan.enrollment is None:
            return self._walk(plan, broken)
        enrollment, enrolled = self._enrollment(plan.enrollment)
        if enrolled is None:
            return replace(self._walk(plan, broken), enrollment=enrollment)
        if isinstance(enrolled, Gap):
            needed = None if broken else enrolled.missing
            conclusion = Conclusion(
                unresolved(plan, enrolled), "the enrollment, which is unknown", needed
            )
        elif enrolled and broken:
            conclusion = Conclusion(unresolved(plan, UNSUPPORTED), "a broken dependency", None)
        else:
            resolution = decided(plan, enrolled, Reason.SUPER_CONDITION_VALUE, 0)
            conclusion = Conclusion(resolution, "the enrollment")
        return FlagTrace(conclusion, enrollment=enrollment)

    def _enrollment(self, plan: EnrollmentPlan) -> tuple[TestTrace, Verdict | None]:
        """Return whether the person has opted in or out; None when they have done neither (R4)."""
        actual = self._subject.person_property(plan.key)
        enrolled = plan.gap() if actual is NOT_GIVEN else plan.admits(actual)
        trace = TestTrace("property", enrolled or False, actual=actual, note=plan.key)
        return trace, enrolled

    # The walk over holdout and conditions.

    def _walk(self, plan: FlagPlan, first: tuple[Step, ...]) -> FlagTrace:
        steps = list(first)
        traces: list[ConditionTrace] = []
        holdout_trace = None
        if plan.holdout is not None:
            holdout_trace, step = self._holdout(plan, plan.holdout)
            steps.append(step)
        for condition in plan.conditions:
            if steps and not steps[-1].passes:
                kind = "condition" if condition.rule is None else "rule"
                traces.append(ConditionTrace(condition.index, None, note="not reached", kind=kind))
                continue
            if condition.rule is not None:
                walk = RuleWalk(plan, self._subject.distinct_id or "", self._test)
                trace, step = walk.rule(condition, condition.rule)
            else:
                trace, step = self._condition(plan, condition)
            steps.append(step)
            traces.append(trace)
        return FlagTrace(conclude(plan, steps), tuple(traces), holdout=holdout_trace)

    def _holdout(self, plan: FlagPlan, holdout: HoldoutPlan) -> tuple[HashTrace, Step]:
        place = self._holdout_place(holdout)
        trace = self._inside(plan, place, draws.HOLDOUT_PREFIX, holdout.share)
        return trace, held_out(holdout.value, trace.verdict, place.gap)

    def _holdout_place(self, holdout: HoldoutPlan) -> _Place:
        places = [self._place(bucketing) for bucketing in holdout.subjects]
        place = next((place for place in places if place.key is not None), places[-1])
        if place.key is None and place.gap is None:  # the call has no such group
            return _Place(place.label, holdout.text_of_none)
        return place

    def _condition(self, plan: FlagPlan, condition: ConditionPlan) -> tuple[ConditionTrace, Step]:
        index = condition.index
        place = self._place(condition.bucketing)
        if condition.bucketing.by is BucketBy.GROUP and place.key is None and place.gap is None:
            name = name_excerpt(condition.bucketing.group or "")
            note = f"skipped: no group of type {name!r} was passed"
            return ConditionTrace(index, False, note=note), lost(index, Reason.NO_GROUP_TYPE)
        tests = tuple(self._test(node) for node in condition.tests)
        verdict = all_of(test.verdict for test in tests)
        may_fail = condition.may_fail([test.verdict for test in tests])
        if verdict is False:
            step = contribution(condition, False, None, (), may_fail=may_fail)
            return ConditionTrace(index, False, tests, answers=step.answers), step
        if place.gap is not None and condition.bucketing.is_of_group:
            verdict = place.gap | (verdict if isinstance(verdict, Gap) else None)
        rollout = self._inside(plan, place, plan.prefix, condition.share)
        draw, drawn = self._draw(plan, condition, place)
        step = contribution(
            condition, verdict, rollout.verdict, drawn, place.gap, may_fail=may_fail
        )
        trace = ConditionTrace(index, verdict, tests, rollout, draw, step.answers, step.passes)
        return trace, step

    def _draw(
        self, plan: FlagPlan, condition: ConditionPlan, place: _Place
    ) -> tuple[HashTrace | None, tuple[Answer, ...]]:
        """Return the trace of the draw, and the values that a matching condition may give."""
        if not condition.draws:
            return None, condition.values
        if place.key is None:
            return HashTrace(place.label, None, 1.0, None), condition.possible
        h = self._fraction(plan.algorithm, plan.prefix, place.key, draws.VARIANT_SALT)
        position = condition.draw.position(h)
        trace = HashTrace(place.label, h, 1.0, position < len(condition.variants))
        return trace, (condition.values[position],)

    # Hashes and their subjects.

    def _inside(self, plan: FlagPlan, place: _Place, prefix: str, share: Share) -> HashTrace:
        h = None
        if place.key is not None and share.without_hash is not True:
            h = self._fraction(plan.algorithm, prefix, place.key)
        verdict = share.contains(h, may_be_empty=place.may_be_empty)
        return HashTrace(place.label, h, share.percentage / 100.0, verdict)

    def _fraction(self, algorithm: str, prefix: str, subject: str, salt: str = "") -> float:
        """Return a hash; it is computed once, however many conditions of a flag ask for it."""
        hashed = (algorithm, prefix, subject, salt)
        if hashed not in self._fractions:
            self._fractions[hashed] = draws.fraction(*hashed)
        return self._fractions[hashed]

    def _place(self, bucketing: Bucketing) -> _Place:
        subject = self._subject
        name = bucketing.group or ""
        if bucketing.by is BucketBy.DEVICE:
            label, key = "device id", subject.device_id
        elif bucketing.by is BucketBy.PERSON:
            key = subject.distinct_id
            label = "empty distinct id" if key == "" else "distinct id"
        elif bucketing.by is BucketBy.CONTINUOUS_PERSON:
            label, key = "distinct id, unless the server remembers another", None
        elif bucketing.by is BucketBy.UNNAMED_GROUP:
            label, key = f"group type index {name}, which has no name", None
        else:
            label, key = f"group {name_excerpt(name)}", subject.group_key(name)
            if key is None and not subject.strict_groups:
                return _Place(label, None)
        is_hidden = bucketing.by is BucketBy.CONTINUOUS_PERSON
        gap = bucketing.gap() if key is None else None
        return _Place(label, key, gap, may_be_empty=is_hidden and subject.distinct_id == "")

    # Tests.

    def _test(self, node: Node) -> TestTrace:
        if isinstance(node, PropertyTest):
            return self._property(node)
        if isinstance(node, Constant):
            return self._constant(node)
        if isinstance(node, Undecidable):
            gap = Gap(node.reason, may_fail=node.may_fail)
            return TestTrace("undecidable", gap, node.origin, note=node.why)
        if isinstance(node, FlagTest):
            return self._dependency(node)
        if isinstance(node, CohortTest):
            part = self._membership(node.definition)
            verdict = node.join((part.verdict,))
            return TestTrace("cohort", verdict, node.origin, note=node.cohort, children=(part,))
        parts = tuple(self._test(part) for part in node.parts)
        verdict = node.join(part.verdict for part in parts)
        return TestTrace(_COMBINATIONS[type(node)], verdict, children=parts)

    def _membership(self, definition: Node) -> TestTrace:
        """Test a cohort's definition, once for the subject however often the cohort is named."""
        known = self._memberships
        if id(definition) not in known:  # the plans keep the definition alive
            known[id(definition)] = self._test(definition)
        return known[id(definition)]

    def _constant(self, node: Constant) -> TestTrace:
        if node.deleted is not None and node.deleted.key in self._overrides.flags:
            return self._dependency(node.deleted)  # an override counts for any flag (R14.2)
        return TestTrace("constant", node.verdict, node.origin, note=node.why)

    def _property(self, node: PropertyTest) -> TestTrace:
        if node.group is None:
            actual = self._subject.person_property(node.key)
        else:
            actual = self._subject.group_property(node.group, node.key)
        verdict = self._matched(node, actual)
        return TestTrace("property", verdict, node.origin, actual, node.group)

    def _matched(self, node: PropertyTest, actual: object) -> Verdict:
        if actual is NOT_GIVEN:
            missing = self._lacking(node)
            settles = missing if node.matcher.server_only is None else None
            return Gap(UnresolvedReason.MISSING_CONTEXT, missing, needed=settles)
        verdict = node.matcher.matches(actual, self._subject)
        return node.doubt if verdict is None else verdict

    def _lacking(self, node: PropertyTest) -> Missing:
        if node.group is None:
            return Missing(person_properties=(node.key,))
        lacks_key = self._subject.group_key(node.group) is None
        lacks_value = self._subject.lacks_group_property(node.group, node.key)
        return Missing(
            groups=(node.group,) if lacks_key else (),
            group_properties=((node.group, node.key),) if lacks_value else (),
        )

    def _dependency(self, node: FlagTest) -> TestTrace:
        """Compare another flag's value, evaluated with the same call context (R11)."""
        why = node.why_broken(self._overrides.flags)
        if why is not None:
            return TestTrace("flag", UNSUPPORTED, node.origin, note=why)
        trace = self.flag(node.key)
        resolution = trace.resolution
        verdict: Verdict | None = node.matches(resolution)
        if verdict is None:
            needed = trace.conclusion.smallest_missing
            verdict = Gap(UnresolvedReason.UNRESOLVED_DEPENDENCY, resolution.missing, needed=needed)
        value = resolution.value
        return TestTrace("flag", verdict, node.origin, value, note=node.key, dependency=trace)


def _at_once(
    resolution: Resolution, deciding: str, smallest: Missing | None = NOTHING_MISSING
) -> FlagTrace:
    return FlagTrace(Conclusion(resolution, deciding, smallest))
