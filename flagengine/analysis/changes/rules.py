"""The differences between the rules of two definitions of a flag (format 2)."""

from collections.abc import Iterator
from typing import Any, Final

from flagengine.analysis.changes.change import Change, ChangeKind
from flagengine.analysis.changes.conditions import filters_as_json
from flagengine.definitions.rules.model import Rule, RuleSet
from flagengine.plan.content import written
from flagengine.values.excerpts import name_excerpt
from flagengine.values.payloads import frozen

__all__ = ["default_change", "rule_changes", "rules_changes"]

_PARTS: Final = {
    "holdout": (ChangeKind.HOLDOUT, "holdout"),
    "variants": (ChangeKind.VARIANTS, "variants"),
    "value": (ChangeKind.VALUE, "value"),
    "seed": (ChangeKind.SEED, "seed"),
    "stops": (ChangeKind.MISS, "what a rollout miss gives"),
    "type": (ChangeKind.TYPE, "type"),
}
_SHOWN: Final = ("value", "stops", "type")
"""The parts whose values are shown: a seed is nobody's business, and the others are long."""


def rules_changes(old: RuleSet, new: RuleSet) -> Iterator[Change]:
    """Yield the differences; a rule is known by its id."""
    if old.return_type != new.return_type:
        types = old.return_type, new.return_type
        text = f"return type: {types[0]} → {types[1]}"
        yield Change(ChangeKind.TYPE, text, "flag", None, "return_type", *types)
    before = {rule.id: (index, rule) for index, rule in enumerate(old.rules)}
    after = {rule.id: rule for rule in new.rules}
    for index, rule in enumerate(new.rules):
        yield from rule_changes(before.get(rule.id, (0, None))[1], rule, index)
    for identity, (index, rule) in before.items():
        if identity not in after:
            yield from rule_changes(rule, None, index)
    kept = [rule.id for rule in old.rules if rule.id in after]
    if kept != [rule.id for rule in new.rules if rule.id in before]:
        yield Change(ChangeKind.ORDER, "the order of rules changed")
    yield from default_change(old, new)


def default_change(old: RuleSet, new: RuleSet) -> Iterator[Change]:
    """Yield the difference between two default values."""
    if written(old.default) != written(new.default):
        text = f"default value: {_shown(old.default)} → {_shown(new.default)}"
        yield Change(ChangeKind.DEFAULT, text, "flag", None, None, old.default, new.default)


def rule_changes(old: Rule | None, new: Rule | None, index: int) -> Iterator[Change]:
    """Yield the differences between two rules, what decides most first; None is no rule."""
    name = f"rule {index + 1}"
    if old is None or new is None:
        if old is not new:
            word, kind = (
                ("new", ChangeKind.ADDED) if old is None else ("removed", ChangeKind.REMOVED)
            )
            whole = [None if rule is None else _whole(rule) for rule in (old, new)]
            yield Change(kind, f"{name} is {word}", "rule", index, None, *whole)
        return
    if written(old.filters) != written(new.filters):
        values = filters_as_json(old.filters), filters_as_json(new.filters)
        text = f"{name}: targeting changed"
        yield Change(ChangeKind.TARGETING, text, "rule", index, None, *values)
    if old.paused is not new.paused:
        kind = ChangeKind.PAUSED if new.paused else ChangeKind.RESUMED
        yield Change(kind, f"{name}: {kind.value}", "rule", index)
    if old.rollout_percentage != new.rollout_percentage:
        shares = old.rollout_percentage, new.rollout_percentage
        text = f"{name}: rollout {_percent(old)} → {_percent(new)}"
        yield Change(ChangeKind.ROLLOUT, text, "rule", index, None, *shares)
    for part, (kind, word) in _PARTS.items():
        before, after = getattr(old, part), getattr(new, part)
        if written(before) != written(after):
            shown = (before, after) if part in _SHOWN else (None, None)
            yield Change(kind, f"{name}: {word} changed", "rule", index, None, *shown)


def _whole(rule: Rule) -> Any:
    return frozen(
        {
            "rule_type": rule.type,
            "properties": filters_as_json(rule.filters),
            "value": rule.value,
            "rollout_percentage": rule.rollout_percentage,
            "paused": rule.paused,
        }
    )


def _percent(rule: Rule) -> str:
    return "all" if rule.rollout_percentage is None else f"{rule.rollout_percentage:g} %"


def _shown(value: object) -> str:
    return "the caller's" if value is None else name_excerpt(repr(value))
