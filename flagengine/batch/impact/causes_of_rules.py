"""The cause of a changed answer of a format 2 flag: the rule that ended it, before or after."""

from flagengine.definitions.rules.model import Rule, RuleSet
from flagengine.results.resolution import Resolution
from flagengine.values.excerpts import name_excerpt

__all__ = ["cause_of_rules"]


def cause_of_rules(
    old: RuleSet | None, new: RuleSet | None, was: Resolution, will_be: Resolution
) -> str:
    """Return which part of the rules changed; a flag of format 1 has None for rules."""
    if old is None or new is None:
        return "the configuration format changed"
    if old == new:
        return "a project setting changed"
    before = {rule.id: rule for rule in old.rules}
    after = {rule.id: rule for rule in new.rules}
    for reference in (will_be.rule, was.rule):
        if reference is None:
            continue
        name = f"rule {reference.index + 1}"
        found = _of_rule(before.get(reference.id), after.get(reference.id), name)
        if found is not None:
            return found
    if old.default != new.default:
        return f"default value: {_shown(old.default)} → {_shown(new.default)}"
    return "the order of rules changed" if before == after else "another rule changed"


def _of_rule(old: Rule | None, new: Rule | None, name: str) -> str | None:
    if old is None or new is None:
        return f"{name} is {'new' if old is None else 'removed'}"
    if old.filters != new.filters:
        return f"{name}: targeting changed"
    if old.paused is not new.paused:
        return f"{name}: {'paused' if new.paused else 'resumed'}"
    if old.rollout_percentage != new.rollout_percentage:
        return f"{name}: rollout {_percent(old)} → {_percent(new)}"
    for part in ("holdout", "variants", "value", "seed", "stops"):
        if getattr(old, part) != getattr(new, part):
            return f"{name}: {_PARTS[part]} changed"
    return None if old == new else f"{name}: its type changed"


_PARTS = {
    "holdout": "holdout",
    "variants": "variants",
    "value": "value",
    "seed": "seed",
    "stops": "what a rollout miss gives",
}


def _percent(rule: Rule) -> str:
    return "all" if rule.rollout_percentage is None else f"{rule.rollout_percentage:g} %"


def _shown(value: object) -> str:
    return "the caller's" if value is None else name_excerpt(repr(value))
