"""The cause of a changed answer of a format 2 flag: the rule that ended it, before or after."""

from flagengine.analysis.changes.change import Change, ChangeKind
from flagengine.analysis.changes.flags import format_change
from flagengine.analysis.changes.rules import default_change, rule_changes
from flagengine.definitions.model import Flag
from flagengine.results.resolution import Resolution

__all__ = ["cause_of_rules"]


def cause_of_rules(old: Flag, new: Flag, was: Resolution, will_be: Resolution) -> Change:
    """Return which part of the rules changed."""
    if old.rules is None or new.rules is None:
        return next(format_change(old, new))
    if old.rules == new.rules:
        return Change(ChangeKind.SETTING, "a project setting changed", "project")
    before = {rule.id: rule for rule in old.rules.rules}
    after = {rule.id: rule for rule in new.rules.rules}
    for reference in (will_be.rule, was.rule):
        if reference is None:
            continue
        found = rule_changes(before.get(reference.id), after.get(reference.id), reference.index)
        change = next(found, None)
        if change is not None:
            return change
    change = next(default_change(old.rules, new.rules), None)
    if change is not None:
        return change
    if before == after:
        return Change(ChangeKind.ORDER, "the order of rules changed")
    return Change(ChangeKind.RULES, "another rule changed")
