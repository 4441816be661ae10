"""The program of a flag: its plan with the hashes bound and the answers concluded in advance.

The generator prints a program and the walk in C reads it. This module decides nothing: the plan
decides, and :func:`conclude` gives every answer.
"""

from functools import cached_property

from flagengine.evaluation.conclusion import Step, conclude, contribution, held_out, lost
from flagengine.evaluation.draws import HOLDOUT_PREFIX, VARIANT_SALT
from flagengine.evaluation.rules import left_out, matched, missed
from flagengine.hashing.buckets import Algorithm, Hasher, bind, bound, upper
from flagengine.plan.flag_plan import ConditionPlan, FlagPlan, HoldoutPlan, RulePlan
from flagengine.plan.shares import Bucketing, Share
from flagengine.results.resolution import Reason, Resolution

__all__ = ["Branch", "Program", "RuleBranch"]


class Branch:
    """One condition, with its answers when nothing is in doubt.

    ``within`` is the hash of the rollout and ``draw`` the hash of the draw; None where no hash
    decides. A match gives the member of ``matches`` at the position drawn. ``out`` is the answer of
    a flag without a match whose last condition out of its rollout is this condition.
    """

    __slots__ = ("draw", "matches", "out", "plan", "within")

    def __init__(self, flag: FlagPlan, plan: ConditionPlan) -> None:
        """Prepare a condition of a flag."""
        self.plan = plan
        self.within: Hasher | None = None
        self.draw: Hasher | None = None
        if plan.bucketing.is_hashable and plan.share.without_hash is not True:
            self.within = _within(flag, flag.prefix, plan.share, plan.bucketing)
        if plan.bucketing.is_hashable and plan.draws:
            ends = [upper(variant.upper) for variant in plan.variants]
            self.draw = _hasher(flag, flag.prefix, VARIANT_SALT, ends, plan.bucketing)
        self.matches = tuple(
            _concluded(flag, contribution(plan, True, True, (value,))) for value in plan.values
        )
        self.out = _concluded(flag, contribution(plan, True, False, ()))


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
        self.plan = plan
        self.rule = rule
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
        self.paused = _concluded(flag, left_out(plan, rule, Reason.EXPERIMENT_PAUSED))
        self.held_out = _concluded(flag, left_out(plan, rule, Reason.HOLDOUT))
        self.missed = _concluded(flag, missed(plan, rule)) if plan.stops else None
        self.matches = tuple(_concluded(flag, matched(plan, value)) for value in rule.values)


class Program:
    """One flag that is active and whose definition can be read; it has branches or rules."""

    def __init__(self, plan: FlagPlan) -> None:
        """Prepare a plan."""
        self.plan = plan
        self.branches = tuple(
            Branch(plan, condition) for condition in plan.conditions if condition.rule is None
        )
        self.rules = tuple(
            RuleBranch(plan, condition, condition.rule)
            for condition in plan.conditions
            if condition.rule is not None
        )

    @cached_property
    def nothing(self) -> Resolution:
        """The answer when every condition or rule fails in its tests."""
        return _concluded(self.plan, *(lost(place.index) for place in self.plan.conditions))

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
