"""A case in which the answers of engine and SDK differ, with facts for predicates."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.differential.posthog_python import DEFERRED
from tests.properties.strategies import Call, Doc

__all__ = ["NOT_THERE", "Case", "Reading", "configuration"]

NOT_THERE = object()
"""The value of a property that the call does not give."""


@dataclass(frozen=True)
class Reading:
    """A property filter and the value that it reads; ``aggregation`` is that of its condition."""

    filter_: dict[str, Any]
    operator: str
    operand: Any
    actual: Any
    aggregation: int | None
    in_cohort: bool


@dataclass(frozen=True)
class Case:
    """A flag of a document, a call, and two answers."""

    document: Doc
    key: str
    call: Call
    ours: Any
    theirs: Any

    @property
    def is_deferred_here(self) -> bool:
        """Whether only the SDK has an answer."""
        return self.ours == DEFERRED

    @property
    def is_deferred_there(self) -> bool:
        """Whether only the engine has an answer."""
        return self.theirs == DEFERRED

    @cached_property
    def flags(self) -> list[dict[str, Any]]:
        """The flag and the flags that it depends on, directly or indirectly."""
        by_key = {flag["key"]: flag for flag in self.document["flags"]}
        found: dict[str, dict[str, Any]] = {}
        waiting = [self.key]
        while waiting:
            key = waiting.pop()
            if key in by_key and key not in found:
                found[key] = by_key[key]
                waiting += [
                    filter_.get("key") for filter_ in self._own(by_key[key]) if _is_flag(filter_)
                ]
        return list(found.values())

    def _own(self, flag: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for condition in _conditions(flag):
            for filter_ in condition.get("properties") or []:
                yield filter_
                if filter_.get("type") == "cohort":
                    yield from self.leaves(filter_.get("value"), set())

    def leaves(self, cohort_id: Any, seen: set[str]) -> Iterator[dict[str, Any]]:
        """Yield every leaf and every group below a cohort."""
        name = str(cohort_id)
        if name in seen:
            return
        seen.add(name)
        waiting = [(self.document.get("cohorts") or {}).get(name)]
        while waiting:
            node = waiting.pop()
            if isinstance(node, dict):
                yield node
                waiting += node.get("values") or []
                if node.get("type") == "cohort":
                    yield from self.leaves(node.get("value"), seen)

    @cached_property
    def conditions(self) -> list[tuple[dict[str, Any], dict[str, Any], int | None]]:
        """The flags' conditions, each with its flag and its aggregation."""
        return [
            (flag, condition, condition.get("aggregation_group_type_index", _aggregation(flag)))
            for flag in self.flags
            for condition in _conditions(flag)
        ]

    @cached_property
    def filters(self) -> list[dict[str, Any]]:
        """All filters of the conditions, and the parts of the cohorts that they name."""
        return [filter_ for flag in self.flags for filter_ in self._own(flag)]

    @cached_property
    def readings(self) -> list[Reading]:
        """The property filters with the values that they read."""
        found = []
        for _, condition, aggregation in self.conditions:
            for filter_ in condition.get("properties") or []:
                if filter_.get("type") == "cohort":
                    below = self.leaves(filter_.get("value"), set())
                    found += [self._reading(leaf, None, True) for leaf in below if "key" in leaf]
                elif filter_.get("type") != "flag":
                    found.append(self._reading(filter_, aggregation, False))
        return found

    def _reading(
        self, filter_: dict[str, Any], aggregation: int | None, in_cohort: bool
    ) -> Reading:
        kind = filter_.get("type") or ("person" if aggregation is None else "group")
        properties: Any = self.call.props
        if kind == "group":
            index = filter_.get("group_type_index")
            name = self.group_name(aggregation if index is None else index)
            properties = (self.call.options.get("group_properties") or {}).get(name, {})
        actual = properties.get(str(filter_["key"]), NOT_THERE)
        operator = filter_.get("operator") or "exact"
        return Reading(filter_, operator, filter_.get("value"), actual, aggregation, in_cohort)

    def group_name(self, index: int | None) -> Any:
        """Return the name of a group type."""
        return (self.document.get("group_type_mapping") or {}).get(str(index))

    @property
    def groups(self) -> dict[str, Any]:
        """The groups of the call."""
        return dict(self.call.options.get("groups") or {})


def _aggregation(flag: dict[str, Any]) -> int | None:
    index: int | None = configuration(flag).get("aggregation_group_type_index")
    return index


def configuration(flag: dict[str, Any]) -> dict[str, Any]:
    """Return a flag's ``filters``; an empty dict for a malformed flag."""
    found = flag.get("filters")
    return found if isinstance(found, dict) else {}


def _conditions(flag: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the conditions; none for a malformed flag (which may be malformed if deleted)."""
    found = configuration(flag).get("groups") or []
    return found if all(isinstance(condition, dict) for condition in found) else []


def _is_flag(filter_: dict[str, Any]) -> bool:
    return filter_.get("type") == "flag"
