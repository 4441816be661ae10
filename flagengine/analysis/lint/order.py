"""Rules of format 2 flags whose new order changes what people get; this needs the current document."""

from collections.abc import Iterator
from itertools import product

from flagengine.analysis.lint.finding import Finding, finding
from flagengine.analysis.lint.inspection import Inspection
from flagengine.analysis.lint.reach import Reach, Region, written
from flagengine.definitions.reading import pointer_to
from flagengine.definitions.rules.model import RuleSet

__all__ = ["check_order"]


def check_order(inspection: Inspection) -> Iterator[Finding]:
    """Yield rules that were moved above another, where that certainly changes a value."""
    for flag in inspection.flags:
        before = inspection.current.get(flag.key)
        if flag.rules is not None and before is not None and before.rules is not None:
            root = pointer_to(flag.pointer, "filters", "rules")
            for index, other in sorted(_Reordering(before.rules, flag.rules).changes()):
                moved, passed = flag.rules.rules[index].id, before.rules.rules[other].id
                message = (
                    f"rule {moved} was moved above rule {passed}, so some people get another value"
                )
                yield finding("rule_order_changes_traffic", pointer_to(root, index), message)


class _Reordering:
    """The rules of a flag before and after a change; a rule that is edited was not reordered."""

    def __init__(self, before: RuleSet, after: RuleSet) -> None:
        self._before = before
        self._after = after
        self._is_default_edited = written(before.default) != written(after.default)
        old = {repr(rule): index for index, rule in enumerate(before.rules)}
        self._old = {index: old.get(repr(rule)) for index, rule in enumerate(after.rules)}
        self._new = {index: new for new, index in self._old.items() if index is not None}

    def changes(self) -> set[tuple[int, int]]:
        """Return pairs: a rule's new index, and the old index of the rule that it was moved above."""
        before, after = Reach.of(self._before), Reach.of(self._after)
        found = set()
        for population in {*before.predicates, *after.predicates}:
            pairs = product(before.walk(population).regions, after.walk(population).regions)
            for old, new in pairs:
                pair = (new.rule, old.rule)
                is_new = pair not in found and self._is_caused_by_order(old, new)
                if is_new and old.meets(new):
                    found.add(pair)
        return found

    def _is_caused_by_order(self, before: Region, after: Region) -> bool:
        old, new = self._old[after.rule], self._new.get(before.rule)
        if old is None or new is None or not (before.rule < old and after.rule < new):
            return False
        uses_default = before.is_default or after.is_default
        return before.serves != after.serves and not (uses_default and self._is_default_edited)
