"""The program of a flag: its plan, with its hashes bound and its answers concluded.

The generator prints a program and the walk in C reads it. This module decides nothing: the plan
decides, and :func:`conclude` gives every answer. Hashes and answers are made when they are first
asked for, because the walk in C needs few answers of most flags.
"""

from functools import cached_property

from flagengine.evaluation.conclusion import Step, conclude, contribution, held_out, lost
from flagengine.evaluation.draws import HOLDOUT_PREFIX, VARIANT_SALT
from flagengine.hashing.buckets import Algorithm, Hasher, bind, bound, upper
from flagengine.plan.flag_plan import ConditionPlan, FlagPlan, HoldoutPlan, RulePlan
from flagengine.plan.shares import Bucketing, Share
from flagengine.results.resolution import Reason, Resolution

__all__ = ["Branch", "Program", "RuleBranch"]


class Branch:
    """One condition, with its answers when nothing is in doubt."""

    def __init__(self, flag: FlagPlan, plan: ConditionPlan) -> None:
        """Bind a condition of a flag."""
        self._flag = flag
        self.plan = plan

    @cached_property
    def within(self) -> Hasher | None:
        """The hash of the rollout; None where no hash decides."""
        flag, plan = self._flag, self.plan
        if not plan.bucketing.is_hashable or plan.share.without_hash is True:
            return None
        return _within(flag, flag.prefix, plan.share, plan.bucketing)

    @cached_property
    def draw(self) -> Hasher | None:
        """The hash of the draw; None where no hash decides."""
        flag, plan = self._flag, self.plan
        if not plan.bucketing.is_hashable or not plan.draws:
            return None
        ends = [upper(variant.upper) for variant in plan.variants]
        return _hasher(flag, flag.prefix, VARIANT_SALT, ends, plan.bucketing)

    @cached_property
    def matches(self) -> tuple[Resolution, ...]:
        """The answers of a match, by the position drawn."""
        return tuple(map(self.match, range(len(self.plan.values))))

    def match(self, drawn: int) -> Resolution:
        """Return the answer of a match at one position."""
        return _concluded(
            self._flag, contribution(self.plan, True, True, (self.plan.values[drawn],))
        )

    @cached_property
    def out(self) -> Resolution:
        """The answer without a match if this is the last condition out of its rollout."""
        return _concluded(self._flag, contribution(self.plan, True, False, ()))


class RuleBranch:
    """One rule of a format 2 flag, with its answers.

    ``withholds``, ``within`` and ``draw`` are the hashes of the holdout, the rollout and the draw;
    None where no hash decides. A match gives the member of ``matches`` at the position drawn.
    ``missed`` is the answer outside the rollout, None if the next rule is tried.
    """

    __slots__ = (
        "draw",
        "held_out",
        "matches",
        "missed",
        "paused",
        "plan",
        "rule",
        "withholds",
        "within",
    )

    def __init__(self, flag: FlagPlan, plan: ConditionPlan, rule: RulePlan) -> None:
        """Prepare a rule of a flag."""
        from flagengine.evaluation.rules import left_out, matched, missed  # noqa: PLC0415 few flags have rules

        self.plan: ConditionPlan = plan
        self.rule: RulePlan = rule
        subject, prefix = plan.bucketing, rule.prefix
        is_rollout = not rule.ends_at_once
        self.withholds: Hasher | None = None
        self.within: Hasher | None = None
        self.draw: Hasher | None = None
        if rule.held_out is not None:
            self.withholds = _within(flag, rule.holdout_prefix, rule.held_out, subject)
        if is_rollout and plan.share.without_hash is not True:
            self.within = _within(flag, prefix, plan.share, subject)
        if is_rollout and plan.draws:
            ends = [upper(variant.upper) for variant in plan.variants]
            self.draw = _hasher(flag, prefix, VARIANT_SALT, ends, subject)
        self.paused: Resolution = _concluded(flag, left_out(plan, rule, Reason.EXPERIMENT_PAUSED))
        self.held_out: Resolution = _concluded(flag, left_out(plan, rule, Reason.HOLDOUT))
        self.missed: Resolution | None = (
            _concluded(flag, missed(plan, rule)) if plan.stops else None
        )
        self.matches: tuple[Resolution, ...] = tuple(
            _concluded(flag, matched(plan, value)) for value in rule.values
        )


class Program:
    """One flag that is active and whose definition can be read; it has branches or rules."""

    def __init__(self, plan: FlagPlan) -> None:
        """Prepare a plan."""
        self.plan = plan
        self.branches: tuple[Branch, ...] = tuple(
            Branch(plan, condition) for condition in plan.conditions if condition.rule is None
        )
        self.rules: tuple[RuleBranch, ...] = tuple(
            RuleBranch(plan, condition, condition.rule)
            for condition in plan.conditions
            if condition.rule is not None
        )

    @cached_property
    def nothing(self) -> Resolution:
        """The answer when every condition or rule fails in its tests."""
        return _concluded(self.plan, *(lost(place.index) for place in self.plan.conditions))

    def answer(self, condition: int, match: int) -> Resolution:
        """Return one answer as the walk in C asks for it.

        It is the answer of the condition's match at this position; ``out`` of the condition for a
        negative ``match``; ``nothing`` for a negative ``condition``.
        """
        if condition < 0:
            return self.nothing
        branch = self.branches[condition]
        return branch.out if match < 0 else branch.match(match)

    def losses(self, reason: Reason) -> tuple[Resolution, ...]:
        """Return the answers for false, by the last condition that was lost for this reason."""
        indexes = (branch.plan.index for branch in self.branches)
        return tuple(_concluded(self.plan, lost(index, reason)) for index in indexes)

    def held_out(self, holdout: HoldoutPlan) -> Resolution:
        """Return the answer for subjects that are held out."""
        return _concluded(self.plan, held_out(holdout.value, True, None))

    def withholds(self, holdout: HoldoutPlan, subject: Bucketing) -> Hasher:
        """Return the hash that says whether a subject is held out."""
        return _within(self.plan, HOLDOUT_PREFIX, holdout.share, subject)


def _concluded(plan: FlagPlan, *steps: Step) -> Resolution:
    return conclude(plan, steps).resolution


def _within(plan: FlagPlan, prefix: str, share: Share, subject: Bucketing) -> Hasher:
    return _hasher(plan, prefix, "", [bound(share.percentage) + 1], subject)


def _hasher(plan: FlagPlan, prefix: str, salt: str, ends: list[int], subject: Bucketing) -> Hasher:
    return bind(Algorithm(plan.algorithm), prefix, salt, clip=subject.is_cut, uppers=ends)
