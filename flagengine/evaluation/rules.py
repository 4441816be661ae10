"""The walk over the rules of a format 2 flag, in stored order (SPEC R20).

A rule never leaves several answers open: it ends the flag with one, ends it without one, or passes.
"""

from collections.abc import Callable, Iterator, Sequence

from flagengine.evaluation import draws
from flagengine.evaluation.conclusion import Step, lost
from flagengine.evaluation.trace import ConditionTrace, HashTrace, TestTrace
from flagengine.plan.flag_plan import ConditionPlan, FlagPlan, RulePlan
from flagengine.plan.nodes import Node
from flagengine.plan.shares import Served, Share
from flagengine.results.resolution import NOTHING_MISSING, Missing, Reason, UnresolvedReason
from flagengine.results.verdicts import Gap, Verdict
from flagengine.values.record import replace

__all__ = ["RuleWalk", "left_out", "matched", "missed", "outcomes", "stuck"]


def stuck(condition: ConditionPlan, gap: Gap) -> Step:
    """Return the step of a rule whose next test has no verdict: the flag ends without an answer."""
    return Step((), False, gap, index=condition.index)


def left_out(condition: ConditionPlan, rule: RulePlan, reason: Reason) -> Step:
    """Return the step of a paused rule, or of a subject that is held out."""
    return Step((rule.default,), False, reason=reason, index=condition.index)


def missed(condition: ConditionPlan, rule: RulePlan) -> Step:
    """Return the step of a subject outside the rollout."""
    if condition.stops:
        return left_out(condition, rule, Reason.ROLLOUT_MISS)
    return lost(condition.index)


def matched(condition: ConditionPlan, answer: Served) -> Step:
    """Return the step of a subject that gets a value."""
    return Step((answer,), False, reason=Reason.TARGETING_MATCH, index=condition.index)


def outcomes(condition: ConditionPlan, rule: RulePlan) -> Iterator[Step]:
    """Yield every step of a rule whose tests match, over all subjects."""
    if rule.paused:
        yield left_out(condition, rule, Reason.EXPERIMENT_PAUSED)
        return
    if rule.held_out is not None:
        yield left_out(condition, rule, Reason.HOLDOUT)
        if rule.held_out.without_hash is True:
            return
    inside = condition.share.without_hash
    if inside is not True:
        yield missed(condition, rule)
    if inside is not False:
        yield from (matched(condition, answer) for answer in rule.values)


class RuleWalk:
    """The rules of one flag for one subject; ``test`` decides a predicate.

    ``subject`` is the text that is hashed. The empty text is never hashed: it is outside every
    rollout, and never held out.
    """

    def __init__(self, plan: FlagPlan, subject: str, test: Callable[[Node], TestTrace]) -> None:
        """Bind a flag and a subject."""
        self._plan = plan
        self._subject = subject
        self._label = "distinct id" if subject else "empty distinct id"
        self._test = test

    def rule(self, condition: ConditionPlan, rule: RulePlan) -> tuple[ConditionTrace, Step]:
        """Return the trace and the step of one rule."""
        tests = tuple(self._reached(condition.tests))
        verdict = tests[-1].verdict if tests else True
        trace = ConditionTrace(condition.index, verdict, tests, kind="rule")
        if verdict is False:
            return trace, lost(condition.index)
        if isinstance(verdict, Gap):
            gap = replace(verdict, needed=self._needed(condition.index, verdict))
            return replace(trace, passes=False), stuck(condition, gap)
        trace, step = self._assigned(condition, rule, trace)
        return replace(trace, answers=step.answers, passes=step.passes), step

    def _reached(self, tests: Sequence[Node]) -> Iterator[TestTrace]:
        """Yield the tests up to the first that does not match."""
        for node in tests:
            trace = self._test(node)
            yield trace
            if trace.verdict is not True:
                return

    def _assigned(
        self, condition: ConditionPlan, rule: RulePlan, trace: ConditionTrace
    ) -> tuple[ConditionTrace, Step]:
        """Return the step of a rule whose tests match: pause, holdout, rollout, value."""
        if rule.paused:
            return trace, left_out(condition, rule, Reason.EXPERIMENT_PAUSED)
        if rule.ends_at_once:
            return trace, matched(condition, rule.values[0])
        if rule.held_out is not None:
            held_out = self._inside(rule.holdout_prefix, rule.held_out)
            trace = replace(trace, holdout=held_out)
            if held_out.verdict:
                return trace, left_out(condition, rule, Reason.HOLDOUT)
        rollout = self._inside(rule.prefix, condition.share)
        trace = replace(trace, rollout=rollout)
        if not rollout.verdict:
            return trace, missed(condition, rule)
        if not condition.draws:
            return trace, matched(condition, rule.values[0])
        h = draws.fraction(self._plan.algorithm, rule.prefix, self._subject, draws.VARIANT_SALT)
        answer = rule.values[condition.draw.position(h)]
        trace = replace(trace, draw=HashTrace(self._label, h, 1.0, True))
        return trace, matched(condition, answer)

    def _inside(self, prefix: str, share: Share) -> HashTrace:
        bound = share.percentage / 100.0
        if not self._subject:
            return HashTrace(self._label, None, bound, False)
        h = None
        if share.without_hash is not True:
            h = draws.fraction(self._plan.algorithm, prefix, self._subject)
        return HashTrace(self._label, h, bound, share.contains(h))

    # What would settle a flag that a rule leaves without an answer.

    def _needed(self, start: int, gap: Gap) -> Missing | None:
        """Return the inputs that settle the flag whatever they are; None when no inputs would."""
        if gap.reason.is_error:
            return NOTHING_MISSING
        if gap.reason is not UnresolvedReason.MISSING_CONTEXT:
            return None
        needed = NOTHING_MISSING
        for condition in self._plan.conditions[start:]:
            verdicts = list(self._verdicts(condition))
            for verdict in verdicts:
                if isinstance(verdict, Gap) and not verdict.reason.is_error:
                    if verdict.needed is None:
                        return None
                    needed |= verdict.needed
            if all(verdict is True for verdict in verdicts) and self._ends(condition):
                return needed
            if verdicts and _is_error(verdicts):
                return needed
        return needed

    def _verdicts(self, condition: ConditionPlan) -> Iterator[Verdict]:
        """Yield the verdicts of all tests up to the first that surely ends the rule."""
        for node in condition.tests:
            verdict = self._test(node).verdict
            yield verdict
            if verdict is False or (isinstance(verdict, Gap) and verdict.reason.is_error):
                return

    def _ends(self, condition: ConditionPlan) -> bool:
        assert condition.rule is not None
        _, step = self.rule(condition, condition.rule)
        return not step.passes


def _is_error(verdicts: Sequence[Verdict]) -> bool:
    """Tell whether a rule certainly fails the flag: an error behind tests that all match."""
    *before, last = verdicts
    is_error = isinstance(last, Gap) and last.reason.is_error
    return is_error and all(verdict is True for verdict in before)
