"""Rules of format 2 flags that nobody reaches, or that widen a rollout above them."""

from collections.abc import Iterator
from functools import cache

from flagengine.analysis.lint.finding import Finding, finding
from flagengine.analysis.lint.inspection import Inspection
from flagengine.analysis.lint.reach import Population, Walk, predicates, serves, walk
from flagengine.definitions.reading import pointer_to
from flagengine.definitions.rules.model import Rule, RuleSet

__all__ = ["check_rules"]


def check_rules(inspection: Inspection) -> Iterator[Finding]:
    """Yield rules that nobody reaches, and rules that serve a missed rollout's value."""
    for flag in inspection.flags:
        if flag.rules is not None:
            root = pointer_to(flag.pointer, "filters", "rules")
            yield from _unreachable(flag.rules, root)
            yield from _widened(flag.rules, root)


def _unreachable(rule_set: RuleSet, root: str) -> Iterator[Finding]:
    for index, rule in enumerate(rule_set.rules):
        blocker = _blocker(rule_set, index, predicates(rule))
        if blocker is not None:
            message = (
                f"unreachable: rule {blocker + 1} ({rule_set.rules[blocker].id}) already decides on "
                "everyone whom this rule targets"
            )
            yield finding("unreachable_lower_rule", pointer_to(root, index), message)


def _blocker(rule_set: RuleSet, until: int, population: Population) -> int | None:
    """Return the rule after which nobody of a population is left; None if somebody may be.

    Rules that may or may not apply are left out: they can only decide on more people.
    """
    found = Walk(rule_set)
    for index, rule in enumerate(rule_set.rules[:until]):
        if predicates(rule) <= population:
            found.enter(index)
            if found.is_over:
                return index
    return None


def _widened(rule_set: RuleSet, root: str) -> Iterator[Finding]:
    @cache
    def serving(population: frozenset[str]) -> frozenset[int]:
        found = walk(rule_set, population).regions
        return frozenset(region.rule for region in found if not region.is_default)

    for upper, rule in enumerate(rule_set.rules):
        if not _continues(rule):
            continue
        for lower in range(upper + 1, len(rule_set.rules)):
            other = rule_set.rules[lower]
            population = _common(rule, other)
            if serves(other) != serves(rule) or other.variants or population is None:
                continue
            if {upper, lower} <= serving(population):
                message = (
                    f"serves the same value as rule {upper + 1} ({rule.id}), which continues after a "
                    f"miss, to people outside its rollout of {rule.rollout_percentage:g} %"
                )
                pointer = pointer_to(root, lower)
                yield finding("rollout_miss_can_enter_lower_rule", pointer, message)


def _continues(rule: Rule) -> bool:
    return rule.type == "percentage_rollout" and not rule.stops


def _common(rule: Rule, other: Rule) -> frozenset[str] | None:
    """Return the predicates of the narrower rule, if the other applies to all of its people."""
    mine, its = predicates(rule), predicates(other)
    return max(mine, its, key=len) if mine <= its or its <= mine else None
