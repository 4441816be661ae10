"""A flag as Python: enrollment, holdout and conditions in reading order.

The generated function has four variables. ``notes`` holds the steps that are in doubt; while it is
empty, every answer is a prebuilt object. ``out``, ``lost`` and ``skipped`` are the indexes of the
last conditions that were out of their rollout, did not match, and lacked their group.
"""

from collections.abc import Callable
from typing import Any

from flagengine.compiled import runtime
from flagengine.compiled.conditions import ConditionWriter
from flagengine.compiled.flags import Flags
from flagengine.compiled.program import Program
from flagengine.compiled.rules import RuleWriter
from flagengine.compiled.source import FunctionSource
from flagengine.compiled.tests import TestWriter
from flagengine.hashing.buckets import SUBJECT_CHARACTERS
from flagengine.inputs.arguments import checked_mapping
from flagengine.inputs.subject import usable_id
from flagengine.operators import Form
from flagengine.plan.flag_plan import FlagPlan, HoldoutPlan
from flagengine.plan.nodes import PropertyTest, distinct
from flagengine.plan.shares import BucketBy, Bucketing
from flagengine.results.resolution import Reason, Resolution

__all__ = ["generated"]


def generated(plan: FlagPlan, flags: Flags) -> Callable[..., Resolution]:
    """Return a function of ``(distinct_id, props, subject=None)`` that equals the interpreter.

    The flag is active. A call with inputs besides those two passes ``subject``.
    """
    writer = _FlagWriter(Program(plan), flags)
    writer.write()
    return writer.source.build(plan.key)


class _FlagWriter:
    """A writer of one flag."""

    def __init__(self, program: Program, flags: Flags) -> None:
        self.source = FunctionSource()
        self._program = program
        self._plan = plan = program.plan
        self._flags = flags
        self._properties = [node for node in distinct(plan.tests) if isinstance(node, PropertyTest)]
        self._tests = TestWriter(self.source, flags, plan.tests)
        self._ending = self._bind(runtime.Ending(plan), "ending")
        self._subjects = {Bucketing(BucketBy.PERSON): "distinct_id"}
        self._is_broken = plan.is_broken(flags.overrides.flags)
        self._has_groups = any(
            condition.bucketing.by is BucketBy.GROUP for condition in plan.conditions
        )

    def _bind(self, value: Any, stem: str) -> str:
        return self.source.constant(value, stem)

    def write(self) -> None:
        """Write the whole body."""
        source = self.source
        with source.block("try:"):
            self._write_inputs()
            if self._plan.config_version == 2:
                self._tests.properties.fetch_shared()
                RuleWriter(source, self._tests, self._program).write()
            else:
                self._write_walk()
        # A lone surrogate in an id, or code of the caller's mapping: the interpreter answers.
        with source.block("except Exception:"):
            source.line(f"return {self._interpreted()}")

    def _write_walk(self) -> None:
        """Write the steps of a format 1 flag."""
        source = self.source
        self._write_subjects()
        broken = f"(({runtime.BROKEN}, False, 0, None),)" if self._is_broken else "()"
        source.line(f"notes = {broken}")
        source.line("out = lost = skipped = -1" if self._has_groups else "out = -1")
        self._tests.properties.fetch_shared()
        self._write_enrollment()
        self._write_holdout()
        self._write_conditions()
        self._write_end()

    def _interpreted(self) -> str:
        call = self._bind(self._flags.interpret, "interpret")
        return f"{call}({self.source.name(self._plan.key)}, distinct_id, props, subject)"

    # The subject.

    def _write_inputs(self) -> None:
        """Write the checks of the properties and the id, and the clock for date comparisons."""
        source = self.source
        checked = self._bind(checked_mapping, "checked_mapping")
        source.line(f"if type(props) is not dict: props = {checked}('props', props)")
        usable = self._bind(usable_id, "usable_id")
        with source.block(f"if not ({self._ordinary_id()}):"):
            source.line(f"usable = {usable}(distinct_id)")
            source.line(f"if not usable: return {self._interpreted()}")
            source.line("distinct_id = usable")
        if any(node.matcher.form is Form.DATE for node in self._properties):
            call = self._bind(self._flags.new_subject, "new_subject")
            source.line(f"if subject is None: subject = {call}(distinct_id, props)")

    def _ordinary_id(self) -> str:
        """Write the test for an id that needs no check before it is hashed.

        Hashing finds the lone surrogates of an uncut id. A longer id is checked, because its lone
        surrogate may be cut off, and so is an id that a filter compares, because it may not be
        hashed. A rule checks the id without hashing it: an unusable id is outside 100 % (R20). The
        interpreter takes unusable ids, and the empty id with its own rule (SPEC R3.16).
        """
        ordinary = f"type(distinct_id) is str and 0 < len(distinct_id) <= {SUBJECT_CHARACTERS}"
        reads = any(node.group is None and node.key == "distinct_id" for node in self._properties)
        is_checked = reads or self._plan.config_version == 2
        return f"{ordinary} and distinct_id.isascii()" if is_checked else ordinary

    def _write_subjects(self) -> None:
        """Write the variables for the device and the groups that are hashed."""
        bucketings = [condition.bucketing for condition in self._plan.conditions]
        if self._plan.holdout is not None:
            bucketings.append(self._plan.holdout.bucketing)
        for bucketing in dict.fromkeys(bucketings):
            if bucketing.by is BucketBy.DEVICE:
                self._subjects[bucketing] = "device"
                call = self._bind(runtime.device_of, "device_of")
                self.source.line(f"device = {call}(props, subject)")
            elif bucketing.by is BucketBy.GROUP:
                name = self._subjects[bucketing] = self.source.fresh("group")
                key = f"subject.group_key({self.source.name(bucketing.group or '')})"
                self.source.line(f"{name} = None if subject is None else {key}")

    # The steps.

    def _write_enrollment(self) -> None:
        if self._plan.enrollment is None:
            return
        function = runtime.enrollment(self._plan, self._plan.enrollment, is_broken=self._is_broken)
        self.source.line(f"enrolled = {self._bind(function, 'enrollment')}(props, subject)")
        self.source.line("if enrolled is not None: return enrolled")

    def _write_holdout(self) -> None:
        holdout = self._plan.holdout
        if holdout is None:
            return
        index, inside = runtime.HOLDOUT, holdout.share.without_hash
        self.source.line(f"# holdout: {holdout.share.percentage:g} %")
        result = self._bind(self._program.held_out(holdout), "held_out")
        note = f"({index}, True, 0, None)"
        answer = f"{result} if not notes else {self._ending}.concluded((*notes, {note}))"
        if inside is True:
            self.source.line(f"return {answer}")
        elif holdout.bucketing.is_hashable:
            self.source.line(f"if {self._held_out(holdout)}: return {answer}")
        elif inside is None:
            gap = self._bind(holdout.bucketing.gap(), "gap")
            self.source.line(f"notes += (({index}, None, 0, {gap}),)")

    def _held_out(self, holdout: HoldoutPlan) -> str:
        """Write the test for who is held out, by the first subject that the call has."""
        *others, last = holdout.subjects
        subject = self._subjects[last]
        if holdout.text_of_none is not None:
            subject = f"{subject} or {holdout.text_of_none!r}"
        found = f"{self._withholds(holdout, last)}({subject})"
        for bucketing in reversed(others):
            subject = self._subjects[bucketing]
            call = f"{self._withholds(holdout, bucketing)}({subject})"
            found = f"({call} if {subject} is not None else {found})"
        return found

    def _withholds(self, holdout: HoldoutPlan, subject: Bucketing) -> str:
        return self._bind(self._program.withholds(holdout, subject).within, "within")

    def _write_conditions(self) -> None:
        for branch in self._program.branches:
            subject = self._subjects.get(branch.plan.bucketing)
            writer = ConditionWriter(self.source, self._tests, self._ending, branch, subject)
            writer.write(has_groups=self._has_groups)

    def _write_end(self) -> None:
        program, last = self._program, len(self._plan.conditions) - 1
        outs = tuple(branch.out for branch in program.branches)
        if not self._has_groups:
            ending = f"out, {last}, -1"
            end = f"return {self._bind((*outs, program.nothing), 'losses')}[out]"
        else:
            ending = "out, lost, skipped"
            losts = self._bind(program.losses(Reason.NO_CONDITION_MATCH), "losses")
            skips = self._bind(program.losses(Reason.NO_GROUP_TYPE), "losses")
            end = (
                f"return {self._bind(outs, 'losses')}[out] if out >= 0 "
                f"else {losts}[lost] if lost >= 0 else {skips}[skipped]"
            )
        self.source.line(f"if notes: return {self._ending}.concluded(notes, {ending})")
        self.source.line(end)
