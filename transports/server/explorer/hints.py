"""What conditions say about the properties that they ask for: values to suggest, and the kind of input."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Literal, TypeAlias

from flagengine import Snapshot

__all__ = ["Hint", "hints"]

Kind: TypeAlias = Literal["boolean", "number", "date", "text"]

_MOST_VALUES: Final = 30
_LONGEST: Final = 200
_NO_GROUP: Final = ""
_ENROLLMENT: Final = "$feature_enrollment/"
_DATES: Final = ("is_date_before", "is_date_after", "is_date_exact")
_NUMBERS: Final = ("gt", "gte", "lt", "lte", "min", "max", "between", "not_between")
# What these compare with is no value that a person has.
_NO_VALUE: Final = ("is_set", "is_not_set", "regex", "not_regex", "between", "not_between")
_TRUTHS: Final = (True, False, "true", "false")


class Hint:
    """What conditions compare a property with."""

    def __init__(self) -> None:
        self._values: dict[tuple[type, Any], Any] = {}
        self._operators: set[str] = set()

    def add(self, operator: str, operand: Any) -> None:
        """Note a filter."""
        self._operators.add(operator)
        if operator in _NO_VALUE:
            return
        for value in operand if isinstance(operand, list | tuple) else [operand]:
            is_plain = isinstance(value, str | int | float) and len(str(value)) <= _LONGEST
            if is_plain and len(self._values) < _MOST_VALUES:
                self._values.setdefault((type(value), value), value)

    @property
    def kind(self) -> Kind:
        """The kind of input that fits the property."""
        values = list(self._values.values())
        if not self._operators.isdisjoint(_DATES):
            return "date"
        if values and all(value in _TRUTHS and str(value) not in ("1", "0") for value in values):
            return "boolean"
        is_numeric = values and all(type(value) in (int, float) for value in values)
        return "number" if is_numeric or not self._operators.isdisjoint(_NUMBERS) else "text"

    def to_dict(self) -> dict[str, Any]:
        """Return the hint as JSON values."""
        return {
            "kind": self.kind,
            "values": list(self._values.values()),
            "operators": sorted(self._operators),
        }


def hints(snapshot: Snapshot, document: Mapping[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the hints by group type and property; those of persons have the group type ``""``."""
    found: dict[str, dict[str, Hint]] = {}
    names = snapshot.group_type_mapping
    for group_index, key, operator, operand in _filters(snapshot, document):
        group = _NO_GROUP if group_index is None else names.get(group_index, _NO_GROUP)
        found.setdefault(group, {}).setdefault(key, Hint()).add(operator, operand)
    for flag in snapshot.flags.values():
        if flag.feature_enrollment:
            enrollment = found.setdefault(_NO_GROUP, {}).setdefault(_ENROLLMENT + flag.key, Hint())
            enrollment.add("exact", [True, False])
    return {
        group: {key: hint.to_dict() for key, hint in of_group.items()}
        for group, of_group in found.items()
    }


_Filter: TypeAlias = tuple[int | None, str, str, Any]


def _filters(snapshot: Snapshot, document: Mapping[str, Any]) -> Iterator[_Filter]:
    for flag in snapshot.flags.values():
        parts: tuple[Any, ...] = flag.conditions if flag.rules is None else flag.rules.rules
        for part in parts:
            for each in part.filters:
                if not each.refers:
                    yield each.group_type_index, each.key, each.operator or "exact", each.value
    cohorts = document.get("cohorts")
    yield from _of_cohorts(cohorts.values() if isinstance(cohorts, Mapping) else ())


def _of_cohorts(parts: Iterable[Any]) -> Iterator[_Filter]:
    """Yield the filters below the groups of cohorts, in whatever shape the document has them."""
    waiting = list(parts)
    while waiting:
        part = waiting.pop()
        if not isinstance(part, Mapping):
            continue
        below = part.get("values")
        if isinstance(below, list):
            waiting += below
        key, operator = part.get("key"), part.get("operator")
        if isinstance(key, str) and part.get("type") not in ("cohort", "flag"):
            yield None, key, operator if isinstance(operator, str) else "exact", part.get("value")
