"""Strategies for calls: persons with properties that match filters, and properties that do not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

import flagengine
from flagengine import Evaluation, Explanation, Resolution, Snapshot
from tests.properties.strategies.choice import pick
from tests.properties.strategies.vocabulary import GROUP, GROUP_TYPES, KINDS, person_kind

__all__ = ["NOT_JSON", "Call", "calls", "filters_of", "keyless_calls", "property_values"]

NOW = datetime(2024, 6, 8, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Call:
    """The arguments of ``evaluate``, without the snapshot and the keys."""

    distinct_id: Any = "user-1"
    props: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    def all(self, snapshot: Snapshot, **more: Any) -> Evaluation:
        """Evaluate every flag."""
        return flagengine.evaluate(snapshot, self.distinct_id, self.props, **self.options, **more)

    def one(self, snapshot: Snapshot, key: str) -> Resolution:
        """Evaluate one flag."""
        return flagengine.evaluate_flag(snapshot, key, self.distinct_id, self.props, **self.options)

    def explain(self, snapshot: Snapshot, key: str, *, redact: bool = False) -> Explanation:
        """Explain one flag."""
        return flagengine.explain(
            snapshot, key, self.distinct_id, self.props, redact=redact, **self.options
        )

    def having(self, **options: Any) -> "Call":
        """Return a copy with other options."""
        return replace(self, options={**self.options, **options})


class Tier(Enum):
    """An enumeration of an application."""

    PRO = "pro"


class Opaque:
    """A value that no client can send."""

    def __repr__(self) -> str:
        return "Opaque()"


def _self_referencing() -> list[Any]:
    endless: list[Any] = ["pro"]
    endless += [endless, endless]
    return endless


def _nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


NOT_JSON = [
    datetime(2024, 6, 1, 12, 30, tzinfo=UTC),
    datetime(2024, 3, 10, 2, 30),
    date(2024, 2, 29),
    Decimal("5.0"),
    Decimal("sNaN"),
    Fraction(5, 2),
    UUID(int=7),
    {"pro", "free"},
    frozenset(),
    ("pro",),
    b"pro",
    b"\xff",
    bytearray(b"1.2.3"),
    float("nan"),
    float("inf"),
    10**400,
    -(10**4000),
    2**64,
    Tier.PRO,
    Opaque(),
    {1: 2, None: [Opaque()]},
    _self_referencing(),
    _nested(127),
    _nested(200),
    "\ud800",
    "pro\x00",
    range(3),
    complex(1, 2),
]
"""Property values beyond JSON: convertible values, and values that count as not given."""

_DISTINCT_IDS = ["user-1", "user-2", "user-3", "user-4", "user-5"] * 8 + [
    7,
    1.5,
    "",
    None,
    True,
    "é" * 150,
    "x" * 201,
    UUID(int=1),
    10**400,
    "\ud800",
    [],
]
_GROUP_KEYS = ["acme", "acme", "acme", "umbrella", "umbrella", 7, "", None, True, "gone"]
_COMPLETE = [
    False,
    False,
    False,
    True,
    {"person_properties": True},
    {"group_properties": True},
    {"group_properties": ["company"]},
    {"person_properties": True, "group_properties": ["team"]},
]
_NOWS = [NOW, NOW, datetime(2024, 3, 31, 1, tzinfo=timezone(timedelta(hours=2)))]
_ZONES = ["UTC", "UTC", "America/New_York", "Australia/Lord_Howe", UTC]
_REQUESTS: list[dict[str, Any]] = [{}] * 16 + [
    {"evaluation_runtime": "client"},
    {"evaluation_runtime": "server", "evaluation_contexts": ["web"]},
    {"evaluation_contexts": []},
]
_OVERRIDES: list[Any] = [None] * 30 + [
    {"a": True},
    {"a": "control", "b": False},
    {"a": None},
    ["b", "undefined"],
    {"flags": {"a": False}, "payloads": {"a": {"p": 1}, "b": "text"}},
    False,
]


def filters_of(document: Any) -> Iterator[dict[str, Any]]:
    """Yield all values in a document that look like a filter."""
    waiting = [document]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            if "key" in node and "filters" not in node and "rollout_percentage" not in node:
                yield node
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def _operands(document: Any) -> dict[str, list[Any]]:
    """Return the operands of a document's filters by property, which are values that match."""
    found: dict[str, list[Any]] = {}
    for filter_ in filters_of(document):
        key, value = filter_["key"], filter_.get("value")
        if isinstance(key, str | int) and filter_.get("type") not in ("cohort", "flag"):
            members = value if isinstance(value, list) else []
            found.setdefault(str(key), []).extend([value, *members])
    for flag in document["flags"]:
        if flag["filters"].get("feature_enrollment"):
            found[f"$feature_enrollment/{flag['key']}"] = [True, "true", "True", False]
    return found


def property_values(kind: str, operands: list[Any], *, json_only: bool = False) -> list[Any]:
    """Return a pool of values for a property: likely matches, its kind, and unlikely values."""
    return [*operands * 2, *KINDS[kind], *([] if json_only else NOT_JSON)]


def _properties(
    draw: st.DrawFn, kinds: Mapping[str, str], operands: Mapping[str, list[Any]]
) -> dict[str, Any]:
    found = {}
    for key, kind in kinds.items():
        how = pick(draw, ["absent", "hit", "hit", "hit", "kind", "odd"])
        if how == "hit" and operands.get(key):
            found[key] = pick(draw, operands[key])
        elif how == "kind":
            found[key] = pick(draw, KINDS[kind])
        elif how == "odd":
            found[key] = pick(draw, NOT_JSON)
    return found


@st.composite
def calls(draw: st.DrawFn, document: dict[str, Any], *, overrides: bool = True) -> Call:
    """Draw a call for a document, with given, absent and odd properties of its filters."""
    operands = _operands(document)
    persons = {key: person_kind(key) for key in operands if key not in GROUP}
    groups_named = {key: GROUP[key] for key in operands if key in GROUP}
    props = _properties(draw, persons, operands)
    if pick(draw, [False] * 5 + [True]):
        props["$device_id"] = pick(draw, ["device-1", "", 5])
    options: dict[str, Any] = dict(pick(draw, _REQUESTS))
    if pick(draw, [True, True, False]):
        options["groups"] = {name: pick(draw, _GROUP_KEYS) for name in GROUP_TYPES}
        options["group_properties"] = {
            name: _properties(draw, groups_named, operands) for name in GROUP_TYPES
        }
    device = pick(draw, ["absent", "absent", "device-1", "device-2", "", 9])
    if device != "absent":
        options["device_id"] = device
    options["complete"] = pick(draw, _COMPLETE)
    options["missing_group"] = pick(draw, ["as_server", "false", "unresolved"])
    options["now"] = pick(draw, _NOWS)
    options["project_timezone"] = pick(draw, _ZONES)
    if overrides:
        options["overrides"] = pick(draw, _OVERRIDES)
    return Call(pick(draw, _DISTINCT_IDS), props, options)


@st.composite
def keyless_calls(draw: st.DrawFn) -> Call:
    """Draw a call that does not depend on a document."""
    pool = property_values("text", ["pro", True])
    props = {key: pick(draw, pool) for key in ["plan", "age", "version", "joined"]}
    options = {
        "groups": {"company": pick(draw, _GROUP_KEYS)},
        "complete": pick(draw, _COMPLETE),
        "missing_group": pick(draw, ["as_server", "unresolved"]),
        "now": NOW,
    }
    return Call(pick(draw, _DISTINCT_IDS), props, options)
