"""The meaning of a format 2 flag: each rule becomes a condition of the plan (SPEC R20)."""

from typing import Final

from flagengine.definitions.model import Filter
from flagengine.definitions.rules.model import Rule, RuleSet
from flagengine.operators.strict import strict_matcher
from flagengine.plan.flag_plan import ConditionPlan, RulePlan
from flagengine.plan.nodes import Node, Not, PropertyTest
from flagengine.plan.shares import BucketBy, Bucketing, Served, Share, draw_of

__all__ = ["lower_rules"]

_PERSON: Final = Bucketing(BucketBy.PERSON)
_EVERYONE: Final = Share(100.0)


def lower_rules(
    rule_set: RuleSet, matching_version: int
) -> tuple[tuple[ConditionPlan, ...], Served]:
    """Return the rules as conditions, in stored order, and the default value."""
    default = Served(rule_set.default)
    return tuple(
        _condition(index, rule, default, matching_version)
        for index, rule in enumerate(rule_set.rules)
    ), default


def _condition(index: int, rule: Rule, default: Served, matching_version: int) -> ConditionPlan:
    share = rule.rollout_percentage
    return ConditionPlan(
        index=index,
        tests=tuple(_predicate(leaf, matching_version) for leaf in rule.filters),
        share=_EVERYONE if share is None else Share(share),
        bucketing=_PERSON,
        draw=draw_of((variant.key, variant.weight) for variant in rule.variants),
        stops=rule.stops,
        rule=_rule_plan(rule, default),
    )


def _rule_plan(rule: Rule, default: Served) -> RulePlan:
    served = [Served(variant.value, variant.key) for variant in rule.variants]
    holdout = rule.holdout
    return RulePlan(
        id=rule.id,
        type=rule.type,
        prefix=f"{rule.seed}.",
        values=(*served, served[-1]) if served else (Served(rule.value),),
        default=default,
        paused=rule.paused,
        held_out=None if holdout is None else Share(holdout.exclusion_percentage),
        holdout_prefix="" if holdout is None else holdout.seed,
    )


def _predicate(leaf: Filter, matching_version: int) -> Node:
    matcher, doubt = strict_matcher(leaf.operator or "exact", leaf.value, matching_version)
    test = PropertyTest(leaf.key, matcher, origin=leaf, doubt=doubt)
    return Not(test) if leaf.negation else test
