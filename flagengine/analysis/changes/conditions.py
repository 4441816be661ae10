"""The differences between the conditions of two definitions of a flag (format 1)."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from flagengine.analysis.changes.alignment import aligned
from flagengine.analysis.changes.change import Change, ChangeKind
from flagengine.definitions.filters import Filter
from flagengine.definitions.model import INHERIT, Condition
from flagengine.plan.content import written
from flagengine.values.excerpts import name_excerpt
from flagengine.values.payloads import frozen

__all__ = ["condition_changes", "conditions_changes", "filters_as_json"]

_DRAWN: Final = "drawn"


def conditions_changes(old: Sequence[Condition], new: Sequence[Condition]) -> Iterator[Change]:
    """Yield the differences; conditions that only moved to make room for others do not differ."""
    for before, after in aligned(list(map(_text, old)), list(map(_text, new))):
        yield from condition_changes(
            None if before is None else old[before],
            None if after is None else new[after],
            after if after is not None else before or 0,
        )


def condition_changes(old: Condition | None, new: Condition | None, index: int) -> Iterator[Change]:
    """Yield the differences between two conditions, what decides most first; None is no condition."""
    name = f"condition {index + 1}"
    if old is None or new is None:
        if old is not new:
            word, kind = (
                ("new", ChangeKind.ADDED) if old is None else ("removed", ChangeKind.REMOVED)
            )
            whole = [None if part is None else _whole(part) for part in (old, new)]
            yield Change(kind, f"{name} is {word}", "condition", index, None, *whole)
        return
    if written(old.filters) != written(new.filters):
        values = filters_as_json(old.filters), filters_as_json(new.filters)
        text = f"{name}: filters changed"
        yield Change(ChangeKind.TARGETING, text, "condition", index, None, *values)
    if old.rollout_percentage != new.rollout_percentage:
        shares = old.rollout_percentage, new.rollout_percentage
        text = f"{name}: rollout {shares[0]:g} % → {shares[1]:g} %"
        yield Change(ChangeKind.ROLLOUT, text, "condition", index, None, *shares)
    if old.variant != new.variant:
        text = f"{name}: variant {_pin(old)} → {_pin(new)}"
        pins = old.variant, new.variant
        yield Change(ChangeKind.VARIANT, text, "condition", index, None, *pins)
    if old.aggregation != new.aggregation:
        text = f"{name}: another subject is bucketed"
        subjects = _aggregation(old), _aggregation(new)
        yield Change(ChangeKind.SUBJECT, text, "condition", index, None, *subjects)


def filters_as_json(filters: Sequence[Filter]) -> Any:
    """Return filters as read-only JSON values."""
    return frozen([_filter(leaf) for leaf in filters])


def _filter(leaf: Filter) -> dict[str, Any]:
    found: dict[str, Any] = {
        "key": leaf.key,
        "type": leaf.type,
        "operator": leaf.operator,
        "value": leaf.value,
    }
    if leaf.group_type_index is not None:
        found["group_type_index"] = leaf.group_type_index
    return found | ({"negation": True} if leaf.negation else {})


def _text(condition: Condition) -> str:
    own = condition.rollout_percentage, condition.variant, _aggregation(condition)
    return written([condition.filters, *own])


def _whole(condition: Condition) -> Any:
    return frozen(
        {
            "properties": filters_as_json(condition.filters),
            "rollout_percentage": condition.rollout_percentage,
            "variant": condition.variant,
        }
    )


def _pin(condition: Condition) -> str:
    return name_excerpt(condition.variant or _DRAWN)


def _aggregation(condition: Condition) -> Any:
    """Return the group type index, None for persons, or ``inherit``."""
    return "inherit" if condition.aggregation is INHERIT else condition.aggregation
