"""Rules of format 2 flags that nobody reaches, or that widen a rollout above them."""

from collections.abc import Iterator
from functools import cache
from itertools import combinations

from flagengine.analysis.lint.finding import Finding, finding
from flagengine.analysis.lint.inspection import Inspection
from flagengine.analysis.lint.reach import Reach, Walk
from flagengine.definitions.reading import pointer_to
from flagengine.definitions.rules.model import Rule

__all__ = ["check_rules"]


def check_rules(inspection: Inspection) -> Iterator[Finding]:
    """Yield rules that nobody reaches, and rules that serve a missed rollout's value."""
    for flag in inspection.flags:
        if flag.rules is not None:
            root = pointer_to(flag.pointer, "filters", "rules")
            reach = Reach.of(flag.rules)
            yield from _unreachable(reach, root)
            yield from _widened(reach, root)


def _unreachable(reach: Reach, root: str) -> Iterator[Finding]:
    for index in range(len(reach.rules)):
        blocker = _blocker(reach, index)
        if blocker is not None:
            message = (
                f"unreachable: rule {blocker + 1} ({reach.rules[blocker].id}) already decides on "
                "everyone whom this rule targets"
            )
            yield finding("unreachable_lower_rule", pointer_to(root, index), message)


def _blocker(reach: Reach, until: int) -> int | None:
    """Return the rule after which nobody of a rule's population is left; None if somebody may be.

    Rules that may or may not apply are left out: they can only decide on more people.
    """
    found = Walk(reach)
    for index in range(until):
        if reach.predicates[index] <= reach.predicates[until]:
            found.enter(index)
            if found.is_over:
                return index
    return None


def _widened(reach: Reach, root: str) -> Iterator[Finding]:
    @cache
    def serving(population: frozenset[str]) -> frozenset[int]:
        found = reach.walk(population).regions
        return frozenset(region.rule for region in found if not region.is_default)

    for upper, lower in combinations(range(len(reach.rules)), 2):
        rule, other = reach.rules[upper], reach.rules[lower]
        if not _continues(rule) or reach.serves[lower] != reach.serves[upper] or other.variants:
            continue
        population = _common(reach.predicates[upper], reach.predicates[lower])
        if population is not None and {upper, lower} <= serving(population):
            message = (
                f"serves the same value as rule {upper + 1} ({rule.id}), which continues after a "
                f"miss, to people outside its rollout of {rule.rollout_percentage:g} %"
            )
            pointer = pointer_to(root, lower)
            yield finding("rollout_miss_can_enter_lower_rule", pointer, message)


def _continues(rule: Rule) -> bool:
    return rule.type == "percentage_rollout" and not rule.stops


def _common(mine: frozenset[str], its: frozenset[str]) -> frozenset[str] | None:
    """Return the predicates of the narrower rule, if the other applies to all of its people."""
    return max(mine, its, key=len) if mine <= its or its <= mine else None
