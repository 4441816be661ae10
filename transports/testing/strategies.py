"""Hypothesis strategies for tests of an application: definitions, snapshots, and people that hit them.

>>> from hypothesis import given
>>> from flagengine import Snapshot, evaluate
>>> snapshot = Snapshot.parse({"flags": [{"key": "beta", "active": True, "filters": {"groups": [
...     {"properties": [{"key": "age", "type": "person", "operator": "gte", "value": 18}]}]}}]})
>>> @given(people(snapshot, complete=True))
... def test_adults_alone_get_beta(person):
...     age = float(person.person_properties["age"])
...     assert evaluate(snapshot, **person.arguments)["beta"].value is (age >= 18)
>>> test_adults_alone_get_beta()
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from flagengine import Missing, Snapshot, extra_for, requirements

from .documents import definitions
from .near_values import near_values, pattern_of, property_filters

with extra_for("flagengine.transports.testing.strategies"):
    from hypothesis import strategies as st

__all__ = ["Person", "definitions", "flag_keys", "people", "snapshots"]

_GROUP_KEYS: Final = ("acme", "umbrella", "initech")
_NO_OPERAND: Final = st.sampled_from(("", "x", "pro", 1, True))


@dataclass(frozen=True, slots=True)
class Person:
    """A person with groups, as ``evaluate`` and the client's methods take them."""

    distinct_id: str
    person_properties: dict[str, Any] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    group_properties: dict[str, dict[str, Any]] = field(default_factory=dict)
    device_id: str | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        """The keyword arguments of the engine: ``evaluate(snapshot, **person.arguments)``."""
        return {"distinct_id": self.distinct_id, "props": self.person_properties, **self._options}

    @property
    def for_client(self) -> dict[str, Any]:
        """The keyword arguments of a client: ``client.get_feature_flag(key, **person.for_client)``."""
        properties = {"person_properties": self.person_properties}
        return {"distinct_id": self.distinct_id, **properties, **self._options}

    @property
    def _options(self) -> dict[str, Any]:
        return {
            "groups": self.groups,
            "group_properties": self.group_properties,
            "device_id": self.device_id,
        }


def snapshots(*, max_flags: int = 4) -> st.SearchStrategy[Snapshot]:
    """Return a strategy for snapshots of ``definitions(max_flags=...)``."""
    return definitions(max_flags=max_flags).map(Snapshot.parse)


def flag_keys(snapshot: Snapshot) -> st.SearchStrategy[str]:
    """Return a strategy for the keys of a snapshot's flags.

    Raises:
        ValueError: the snapshot has no flags.
    """
    _check(snapshot)
    if not snapshot.keys:
        msg = "flag_keys() must get a snapshot with flags, got one without"
        raise ValueError(msg)
    return st.sampled_from(list(snapshot.keys))


def people(snapshot: Snapshot, *, complete: bool = False) -> st.SearchStrategy[Person]:
    """Return a strategy for people who hit the conditions of a snapshot, or just miss them.

    They have the properties, groups and devices that the snapshot's flags can need, with values at and
    beside the operands of its filters; for regular expressions, texts that match as well. Each input may
    be absent, unless ``complete`` is true.
    """
    _check(snapshot)
    needed = Missing()
    for each in requirements(snapshot).values():
        needed |= each.inputs
    values = _values_by_name(snapshot.to_document())
    of_groups = {
        group: _some(
            {name: values.get(name, _NO_OPERAND) for kind, name in needed.group_properties if kind == group},
            complete=complete,
        )
        for group in needed.groups
    }  # fmt: skip
    person_properties = {name: values.get(name, _NO_OPERAND) for name in needed.person_properties}
    device = st.integers(1, 999).map("device-{}".format)
    return st.builds(
        Person,
        distinct_id=st.integers(1, 99_999).map("user-{}".format) | st.uuids().map(str),
        person_properties=_some(person_properties, complete=complete),
        groups=_some(dict.fromkeys(needed.groups, st.sampled_from(_GROUP_KEYS)), complete=complete),
        group_properties=_some(of_groups, complete=complete),
        device_id=device if complete and needed.device_id else st.none() | device,
    )


def _check(snapshot: object) -> None:
    if not isinstance(snapshot, Snapshot):
        msg = (
            f"snapshot must be a Snapshot (Snapshot.parse makes one), got {type(snapshot).__name__}"
        )
        raise TypeError(msg)


def _some(
    members: Mapping[str, st.SearchStrategy[Any]], *, complete: bool
) -> st.SearchStrategy[dict[str, Any]]:
    if complete:
        return st.fixed_dictionaries(dict(members))
    return st.fixed_dictionaries({}, optional=dict(members))


def _values_by_name(document: Mapping[str, Any]) -> dict[str, st.SearchStrategy[Any]]:
    """Return, by the name of a property, a strategy for values that its filters care about."""
    found: dict[str, list[st.SearchStrategy[Any]]] = {}
    for filter_ in property_filters(document):
        choices = found.setdefault(filter_["key"], [])
        choices.append(st.sampled_from(near_values(filter_)))
        pattern = pattern_of(filter_)
        if pattern is not None:
            choices.append(st.from_regex(pattern, fullmatch=True))
    return {name: st.one_of(choices) for name, choices in found.items()}
