"""A flag as Python: enrollment, holdout and conditions in reading order.

The generated function keeps four things: ``notes``, the steps that are in doubt; ``out``,
``lost`` and ``skipped``, the last conditions that were out of their rollout, did not match, or
lacked their group. As long as ``notes`` is empty every answer is a prebuilt object.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from flagengine.compiled import runtime
from flagengine.compiled.flags import Flags
from flagengine.compiled.plain import OnDemand, plain_flag
from flagengine.compiled.source import Source
from flagengine.compiled.tests import TestWriter
from flagengine.evaluation.outcomes import decided, unresolved
from flagengine.hashing.buckets import SUBJECT_CHARACTERS, Algorithm, bound, draw, rollout, upper
from flagengine.inputs.arguments import checked_mapping
from flagengine.inputs.subject import Subject, usable_id
from flagengine.operators import Form
from flagengine.plan.nodes import (
    AllOf,
    AnyOf,
    BucketBy,
    Bucketing,
    CohortTest,
    ConditionPlan,
    FlagPlan,
    FlagTest,
    HoldoutPlan,
    Node,
    Not,
    PropertyTest,
)
from flagengine.results.resolution import Missing, Reason, Resolution, UnresolvedReason
from flagengine.results.verdicts import UNSUPPORTED, Gap
from flagengine.values.json_values import NOT_GIVEN, to_json_value

__all__ = ["compile_flag", "constantly"]


def compile_flag(plan: FlagPlan, flags: Flags) -> Callable[..., Resolution]:
    """Return a function of ``(distinct_id, props, subject=None)`` that equals the interpreter.

    ``subject`` is needed when the call has more than those two inputs.
    """
    if plan.defect is not None:
        return constantly(unresolved(plan, UNSUPPORTED, plan.defect))
    if not plan.active:
        return constantly(decided(plan, False, Reason.FLAG_DISABLED))
    generated = OnDemand(lambda: _generated(plan, flags))
    return plain_flag(plan, generated) or generated.function


def _generated(plan: FlagPlan, flags: Flags) -> Callable[..., Resolution]:
    writer = _FlagWriter(plan, flags)
    writer.write()
    return writer.source.build(plan.key)


def constantly(resolution: Resolution) -> Callable[..., Resolution]:
    """Return an evaluator that always gives the same resolution."""

    def constant(_distinct_id: object, props: Any, _subject: Subject | None = None) -> Resolution:
        checked_mapping("props", props)
        return resolution

    return constant


def nodes_of(plan: FlagPlan) -> list[Node]:
    """Return every test of a flag, combined ones and their parts alike."""
    found: list[Node] = []
    waiting: list[Node] = [node for condition in plan.conditions for node in condition.tests]
    while waiting:
        node = waiting.pop()
        found.append(node)
        if isinstance(node, AllOf | AnyOf):
            waiting.extend(node.parts)
        elif isinstance(node, Not):
            waiting.append(node.part)
        elif isinstance(node, CohortTest):
            waiting.append(node.definition)
    return found


_SUBJECTS: Final = {
    BucketBy.PERSON: "distinct_id",
    BucketBy.DEVICE: "device",
}


class _FlagWriter:
    """Writes one flag."""

    def __init__(self, plan: FlagPlan, flags: Flags) -> None:
        self.source = Source()
        self._plan = plan
        self._flags = flags
        self._nodes = nodes_of(plan)
        tests = (node for condition in plan.conditions for node in condition.tests)
        self._tests = TestWriter(self.source, flags, tests)
        self._ending = runtime.Ending(plan)
        self._groups: dict[str, str] = {}
        self._algorithm = Algorithm(plan.algorithm)
        self._has_groups = any(
            condition.bucketing.by is BucketBy.GROUP for condition in plan.conditions
        )

    def _bind(self, value: Any, stem: str) -> str:
        return self.source.constant(value, stem)

    def write(self) -> None:
        """Write the whole body."""
        source = self.source
        with source.block("try:"):
            self._write_ids()
            broken = self._has_broken_dependency()
            source.line(f"notes = {f'(({runtime.BROKEN}, False, 0, None),)' if broken else '()'}")
            source.line("out = lost = skipped = -1" if self._has_groups else "out = -1")
            self._tests.properties.fetch_shared()
            self._write_enrollment()
            self._write_holdout()
            for condition in self._plan.conditions:
                self._write_condition(condition)
            self._write_end()
        with source.block("except UnicodeEncodeError:  # a lone surrogate in an id"):
            source.line(f"return {self._interpreted()}")

    def _interpreted(self) -> str:
        call = self._bind(self._flags.interpret, "interpret")
        return f"{call}({self._plan.key!r}, distinct_id, props, subject)"

    # Who is bucketed.

    def _write_ids(self) -> None:
        source = self.source
        checked = self._bind(checked_mapping, "checked_mapping")
        source.line(f"if type(props) is not dict: props = {checked}('props', props)")
        usable = self._bind(usable_id, "usable_id")
        with source.block(f"if not ({self._ordinary_id()}):"):
            source.line(f"usable = {usable}(distinct_id)")
            source.line(f"if not usable: return {self._interpreted()}")
            source.line("distinct_id = usable")
        if any(_is_dated(node) for node in self._nodes):
            call = self._bind(self._flags.new_subject, "new_subject")
            source.line(f"if subject is None: subject = {call}(distinct_id, props)")
        bucketings = [condition.bucketing for condition in self._plan.conditions]
        if self._plan.holdout is not None:
            bucketings.append(self._plan.holdout.bucketing)
        if any(bucketing.by is BucketBy.DEVICE for bucketing in bucketings):
            call = self._bind(runtime.device_of, "device_of")
            source.line(f"device = {call}(props, subject)")
        for bucketing in bucketings:
            if bucketing.by is BucketBy.GROUP and bucketing.group not in self._groups:
                name = source.fresh("group")
                self._groups[bucketing.group or ""] = name
                group = repr(bucketing.group)
                source.line(f"{name} = None if subject is None else subject.group_key({group})")

    def _ordinary_id(self) -> str:
        """Write what an id is that is known to be usable, or is found not to be when it is hashed.

        An id that is cut is looked at as a whole, since what is cut off may make it no id, and so
        is one that is compared as a property, hashed or not. The empty id, whose hash is a rule of
        its own (SPEC R3.16), is left to the interpreter, as are those that are not usable.
        """
        ordinary = f"type(distinct_id) is str and 0 < len(distinct_id) <= {SUBJECT_CHARACTERS}"
        return f"{ordinary} and distinct_id.isascii()" if self._reads_id() else ordinary

    def _reads_id(self) -> bool:
        tests = (node for node in self._nodes if isinstance(node, PropertyTest))
        return any(node.group is None and node.key == "distinct_id" for node in tests)

    def _subject(self, bucketing: Bucketing) -> str | None:
        """Return the variable of a subject; None when its hash is never known."""
        if bucketing.by is BucketBy.GROUP:
            return self._groups[bucketing.group or ""]
        return _SUBJECTS.get(bucketing.by)

    # Before the conditions.

    def _has_broken_dependency(self) -> bool:
        direct = [node for condition in self._plan.conditions for node in condition.tests]
        overridden = self._flags.overrides.flags
        return any(isinstance(node, FlagTest) and node.why_broken(overridden) for node in direct)

    def _write_enrollment(self) -> None:
        if self._plan.enrollment is None:
            return
        function = self._bind(_enrollment(self._plan, self._has_broken_dependency()), "enrollment")
        self.source.line(f"enrolled = {function}(props, subject)")
        self.source.line("if enrolled is not None: return enrolled")

    def _write_holdout(self) -> None:
        holdout = self._plan.holdout
        if holdout is None:
            return
        source, index = self.source, runtime.HOLDOUT
        source.line(f"# holdout: {holdout.percentage:g} %")
        result = decided(self._plan, holdout.value, Reason.HOLDOUT_CONDITION_VALUE)
        answer = self._answer(self._bind(result, "held_out"), index, "0")
        if holdout.percentage >= 100.0:
            source.line(f"return {answer}")
        elif holdout.bucketing.by is BucketBy.UNNAMED_GROUP:
            inside, gap = _static_inside(holdout.percentage), self._bind(UNSUPPORTED, "gap")
            source.line(f"notes += (({index}, {inside}, 0, {gap}),)")
        else:
            source.line(f"if {self._held_out(holdout)}: return {answer}")

    def _held_out(self, holdout: HoldoutPlan) -> str:
        """A missing device falls back to the person, a missing group to empty text."""
        within = self._within("holdout-", holdout.percentage, holdout.bucketing)
        if holdout.bucketing.by is BucketBy.GROUP:
            return f'{within}({self._subject(holdout.bucketing)} or "")'
        if holdout.bucketing.by is BucketBy.DEVICE:
            person = self._within("holdout-", holdout.percentage, Bucketing(BucketBy.PERSON))
            return f"({within}(device) if device is not None else {person}(distinct_id))"
        return f"{within}(distinct_id)"

    # Hashes.

    def _within(self, prefix: str, percentage: float, bucketing: Bucketing) -> str:
        clip = bucketing.by is BucketBy.PERSON
        function = rollout(self._algorithm, prefix, bound(percentage), clip=clip)
        return self._bind(function, "within")

    def _draw(self, condition: ConditionPlan) -> str:
        """Return the expression of the drawn position; None when it is not known."""
        if condition.pinned is not None or not self._plan.variants:
            return "0"
        subject = self._subject(condition.bucketing)
        if subject is None:
            return "None"
        ends = [upper(variant.upper) for variant in self._plan.variants]
        clip = condition.bucketing.by is BucketBy.PERSON
        function = draw(self._algorithm, f"{self._plan.key}.", ends, "variant", clip=clip)
        call = f"{self._bind(function, 'draw')}({subject})"
        if condition.bucketing.by is BucketBy.DEVICE:
            return f"(None if device is None else {call})"
        return call

    def _inside(self, condition: ConditionPlan) -> str:
        """Return the expression of the rollout's verdict."""
        percentage = condition.rollout_percentage
        if percentage >= 100.0:
            return "True"
        subject = self._subject(condition.bucketing)
        static = _static_inside(percentage)
        if subject is None:
            return static
        call = f"{self._within(f'{self._plan.key}.', percentage, condition.bucketing)}({subject})"
        if condition.bucketing.by is BucketBy.DEVICE:
            return f"({static} if device is None else {call})"
        return call

    def _hash_gap(self, condition: ConditionPlan) -> Gap | None:
        by = condition.bucketing.by
        if by is BucketBy.DEVICE:
            return Gap.lacking(Missing(device_id=True))
        if by is BucketBy.CONTINUOUS_PERSON:
            return Gap(UnresolvedReason.EXPERIENCE_CONTINUITY)
        return UNSUPPORTED if by is BucketBy.UNNAMED_GROUP else None

    # Conditions.

    def _write_condition(self, condition: ConditionPlan) -> None:
        source, index = self.source, condition.index
        self._hash_gap_name = "None"
        gap = self._hash_gap(condition)
        if gap is not None:
            self._hash_gap_name = self._bind(gap, "gap")
        with source.block(f"while True:  # condition {index}"):
            if condition.bucketing.by is BucketBy.GROUP:
                group = self._subject(condition.bucketing)
                source.line(f"if {group} is None: skipped = {index}; break")
            if self._has_groups:
                source.line(f"lost = {index}")
            before, after = _parted(condition.tests)
            verdicts = []
            for node in before:
                verdicts.append(self._tests.write(node))
                source.line(f"if {verdicts[-1]} is False: break")
            if condition.bucketing.by is BucketBy.UNNAMED_GROUP:
                verdicts.append(self._bind(UNSUPPORTED, "gap"))
            if after:
                self._write_failing(condition, verdicts, after)
            else:
                self._write_verdicts(condition, verdicts)
            source.line("break")

    def _write_failing(
        self, condition: ConditionPlan, verdicts: list[str], after: list[Node]
    ) -> None:
        """Note a condition at which the server may fail the flag, whatever the verdicts are."""
        verdicts += [self._tests.write(node) for node in after]
        self._note_condition(condition, [*verdicts, self._bind(runtime.FAILING, "failing")])
        ends = " and ".join(f"{one} is True" for one in verdicts)
        inside = "True" if self._plan.early_exit else "notes[-1][1] is True"
        self.source.line(f"if {ends} and {inside}: return {self._passed(condition)}")

    def _write_verdicts(self, condition: ConditionPlan, verdicts: list[str]) -> None:
        """Note the condition when a test is in doubt; else go on to the hashes."""
        source = self.source
        if verdicts:
            known = " and ".join(f"{verdict} is True" for verdict in verdicts)
            with source.block(f"if not ({known}):"):
                self._note_condition(condition, verdicts)
                source.line("break")
        gap = self._hash_gap(condition)
        if gap is None or not self._needs_hash(condition):
            self._write_match(condition)
        elif condition.bucketing.by is BucketBy.DEVICE:
            with source.block("if device is None:"):
                self._write_unknown_hash(condition)
            self._write_match(condition)
        else:
            self._write_unknown_hash(condition)

    def _needs_hash(self, condition: ConditionPlan) -> bool:
        draws = bool(self._plan.variants) and condition.pinned is None
        return draws or condition.rollout_percentage < 100.0

    def _write_unknown_hash(self, condition: ConditionPlan) -> None:
        self._note_condition(condition, [])
        if condition.rollout_percentage >= 100.0 or self._plan.early_exit:
            self.source.line(f"return {self._passed(condition)}")
        else:
            self.source.line("break")

    def _passed(self, condition: ConditionPlan) -> str:
        """Return the call that concludes a walk which ends in its last note."""
        lost = "lost, skipped" if self._has_groups else f"{condition.index - 1}, -1"
        return f"{self._bind(self._ending.passed, 'passed')}(notes, out, {lost})"

    def _note_condition(self, condition: ConditionPlan, verdicts: list[str]) -> None:
        parts = [
            str(condition.index),
            self._inside(condition),
            self._draw(condition),
            self._hash_gap_name,
            *verdicts,
        ]
        self.source.line(f"notes += (({', '.join(parts)}),)")

    def _write_match(self, condition: ConditionPlan) -> None:
        """Write the rollout and what a matching condition answers."""
        source, index = self.source, condition.index
        inside = self._inside(condition)
        if inside == "True":
            source.line(f"return {self._matched(condition)}")
            return
        source.line(f"if {inside}: return {self._matched(condition)}")
        if self._plan.early_exit:
            result = self._bind(
                decided(self._plan, False, Reason.OUT_OF_ROLLOUT_BOUND, index), "stop"
            )
            stopped = self._bind(self._ending.stopped, "stopped")
            source.line(f"return {result} if not notes else {stopped}(notes, {index})")
        else:
            source.line(f"out = {index}")

    def _matched(self, condition: ConditionPlan) -> str:
        index = condition.index
        values = runtime.condition_values(self._plan, condition)
        results = tuple(
            decided(self._plan, value, Reason.CONDITION_MATCH, index) for value in values
        )
        drawn = self._draw(condition)
        if len(results) == 1:
            return self._answer(self._bind(results[0], "match"), index, "0")
        return self._answer(f"{self._bind(results, 'matches')}[{drawn}]", index, drawn)

    def _answer(self, result: str, index: int, drawn: str) -> str:
        """Return the prebuilt result when nothing is in doubt, else what the notes leave."""
        call = self._bind(self._ending.decided, "decided")
        return f"{result} if not notes else {call}(notes, {index}, {drawn})"

    # The end.

    def _write_end(self) -> None:
        source, plan = self.source, self._plan
        last = len(plan.conditions) - 1
        if not self._has_groups:
            ending = f"out, {last}, -1"
            end = f"return {self._losses(Reason.OUT_OF_ROLLOUT_BOUND, self._nothing())}[out]"
        else:
            ending = "out, lost, skipped"
            source_of = (
                Reason.OUT_OF_ROLLOUT_BOUND,
                Reason.NO_CONDITION_MATCH,
                Reason.NO_GROUP_TYPE,
            )
            outs, losts, skips = map(self._losses, source_of)
            end = (
                f"return {outs}[out] if out >= 0 else {losts}[lost] if lost >= 0 "
                f"else {skips}[skipped]"
            )
        passed = self._bind(self._ending.passed, "passed")
        source.line(f"if notes: return {passed}(notes, {ending})")
        source.line(end)

    def _nothing(self) -> Resolution:
        """Return the resolution when no condition matched and none was out of its rollout."""
        last = len(self._plan.conditions) - 1
        if last < 0:
            return decided(self._plan, False, Reason.NO_GROUP_TYPE)
        return decided(self._plan, False, Reason.NO_CONDITION_MATCH, last)

    def _losses(self, reason: Reason, *otherwise: Resolution) -> str:
        """Bind the resolutions for false by condition; position -1 is ``otherwise``."""
        indexes = range(len(self._plan.conditions))
        losses = tuple(decided(self._plan, False, reason, index) for index in indexes)
        return self._bind((*losses, *otherwise), "losses")


def _static_inside(percentage: float) -> str:
    """Write what is known of a rollout without a hash."""
    return "True" if percentage >= 100.0 else "False" if percentage <= 0 else "None"


def _parted(tests: Sequence[Node]) -> tuple[list[Node], list[Node]]:
    """Part a condition's tests before the first cohort that may fail the flag (R10.8).

    Cohort filters come last, as on the server; behind such a one every verdict counts.
    """
    ordered: list[Node] = sorted(tests, key=lambda node: isinstance(node, CohortTest))
    for position, node in enumerate(ordered):
        if isinstance(node, CohortTest) and node.may_fail:
            return ordered[:position], ordered[position:]
    return ordered, []


def _is_dated(node: Node) -> bool:
    return isinstance(node, PropertyTest) and node.matcher.form is Form.DATE


def _enrollment(
    plan: FlagPlan, is_broken: bool
) -> Callable[[Mapping[str, Any], Subject | None], Resolution | None]:
    """Return the function that answers an enrolled person, or one not known to be."""
    key = plan.enrollment or ""
    yes = decided(plan, True, Reason.SUPER_CONDITION_VALUE, 0)
    if is_broken:
        yes = unresolved(plan, UNSUPPORTED)
    no = decided(plan, False, Reason.SUPER_CONDITION_VALUE, 0)
    unknown = unresolved(plan, Gap.lacking(Missing(person_properties=(key,))))

    def enrollment(props: Mapping[str, Any], subject: Subject | None) -> Resolution | None:
        if key not in props:
            return unknown if subject is None or not subject.is_complete else None
        value = props[key]
        if value is True or value == "true":
            return yes
        return unknown if to_json_value(value) is NOT_GIVEN else no

    return enrollment
