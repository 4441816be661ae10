"""Strategies for plain flags, which the walk in C answers, and for the limits of this walk."""

from collections import ChainMap, OrderedDict, UserDict
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from tests.properties.strategies.calls import NOT_JSON, property_values
from tests.properties.strategies.choice import pick
from tests.properties.strategies.documents import Doc
from tests.properties.strategies.vocabulary import PERCENTAGES, TEXTS, VARIANTS, WEIGHTS

__all__ = ["distinct_ids", "mappings", "plain_documents", "plain_properties"]

_BOUNDS = [0, 5, 5.0, -1.5, "5", "1e1", 2**53, 2**53 + 1, 10**400, "inf", "-inf", "nan", 1e308]
_TEXT = ["exact", "is_not", "icontains", "not_icontains", "starts_with", "not_ends_with"]
_LISTS = ["exact", "is_not", "icontains_multi", "not_icontains_multi"]
_NUMBER = ["gt", "gte", "lt", "lte"]
_KEYS = ["plan", "age", "distinct_id", "é"]
_MANY = [[f"{word}{i}" for i in range(9)] for word in ("pro", "PRO")]
_SHARES = [*PERCENTAGES, 1e-15, 99.999999, 100, 100]


def _test(draw: st.DrawFn) -> dict[str, Any]:
    key = pick(draw, _KEYS)
    how = pick(draw, ["text", "text", "list", "number", "number"])
    if how == "number":
        operator, value = pick(draw, _NUMBER), pick(draw, _BOUNDS)
    elif how == "list":
        operator = pick(draw, _LISTS)
        value = pick(draw, [["pro"], ["pro", "é"], ["", "1"], [], *_MANY])
    else:
        operator, value = pick(draw, _TEXT), pick(draw, TEXTS)
    return {"key": key, "type": "person", "operator": operator, "value": value}


def _group(draw: st.DrawFn, depth: int) -> dict[str, Any]:
    members = [
        _group(draw, depth - 1) if depth and pick(draw, [False, True]) else _test(draw)
        for _ in range(pick(draw, [1, 2, 3]))
    ]
    for member in members:
        if "key" in member:
            member["negation"] = pick(draw, [False, False, True])
    return {"type": pick(draw, ["AND", "OR"]), "values": members}


def _condition(draw: st.DrawFn) -> dict[str, Any]:
    tests = [_test(draw) for _ in range(pick(draw, [0, 1, 2]))]
    for cohort_id in pick(draw, [[], [], [1], [2], [1, 2]]):
        operator = pick(draw, ["in", "not_in"])
        tests.append({"key": "id", "type": "cohort", "value": cohort_id, "operator": operator})
    condition = {"properties": tests, "rollout_percentage": pick(draw, _SHARES)}
    pinned = pick(draw, ["absent"] * 4 + ["control"])
    return condition if pinned == "absent" else condition | {"variant": pinned}


@st.composite
def plain_documents(draw: st.DrawFn) -> Doc:
    """Draw a document of one or two flags whose filters all test text or numbers."""
    cohorts = {"1": _group(draw, 3), "2": _group(draw, 1)}
    chained = {"key": "id", "type": "cohort", "value": 2}
    if pick(draw, [False, True]):
        cohorts["1"]["values"].append(chained)
    flags = [_flag(draw, key) for key in pick(draw, [["a"], ["a", "ключ/~"]])]
    matching = pick(draw, [{}, {"property_matching_version": 2}])
    return {"flags": flags, "cohorts": cohorts, **matching}


def _flag(draw: st.DrawFn, key: str) -> dict[str, Any]:
    filters: dict[str, Any] = {
        "groups": [_condition(draw) for _ in range(pick(draw, [1, 2, 0, 3, 4]))]
    }
    filters["early_exit"] = pick(draw, [False, False, True])
    if pick(draw, [False, True]):
        names = zip(VARIANTS, pick(draw, WEIGHTS), strict=False)
        variants = [{"key": name, "rollout_percentage": weight} for name, weight in names]
        payloads = {"true": "1", "control": '{"a": [1]}', "false": "never"}
        filters |= {"multivariate": {"variants": variants}, "payloads": payloads}
    return {"key": key, "active": True, "filters": filters}


class _Text(str):
    """Text of a subclass of str."""

    __slots__ = ()


class _Name(StrEnum):
    """Text that is a member of an enumeration."""

    PRO = "pro"


class _Table(dict[str, Any]):
    """A subclass of dict that invents missing values."""

    def __missing__(self, key: str) -> Any:
        raise AssertionError(key)


class _Age(int):
    """A number of a subclass of int."""


_VALUES = [
    *property_values("text", [*TEXTS, "PROpro1", "x" * 256, "x" * 257 + "pro"]),
    *property_values("number", [5, 5.0, 10, 10**400, -(10**400), 2**63, 2**64, 2**53 + 1, -0.0]),
    *NOT_JSON,
    *(_Text("Pro"), _Text("é"), _Name.PRO, _Age(5), True, "5\ud800"),
    *_MANY[1],
]


@st.composite
def plain_properties(draw: st.DrawFn) -> dict[str, Any]:
    """Draw properties for a plain document."""
    found = {}
    for key in _KEYS:
        if pick(draw, [True, True, True, False] if key != "distinct_id" else [False]):
            name = _Text(key) if pick(draw, [False] * 9 + [True]) else key
            found[name] = pick(draw, _VALUES)
    return found


@cache
def mappings() -> st.SearchStrategy[Callable[[dict[str, Any]], Mapping[str, Any]]]:
    """Return the kinds of mappings that properties may have."""
    return st.sampled_from(
        [
            *([dict] * 6),
            _Table,
            OrderedDict,
            MappingProxyType,
            UserDict,
            ChainMap,
        ]
    )


@cache
def distinct_ids() -> st.SearchStrategy[Any]:
    """Return ids of every kind, which are hashed, cut, rendered, or none of these."""
    odd = [
        7,
        -0.0,
        1.5,
        float("nan"),
        2**64,
        UUID(int=7),
        _Text("user-1"),
        _Text(""),
        _Name.PRO,
        b"a",
    ]
    odd += ["", None, True, [], ("a",), "x" * 199, "x" * 200, "x" * 201, "é" * 101, "é" * 201]
    odd += ["\ud800", "x" * 250 + "\ud800", "x" * 199 + "\ud800", "🦔" * 60, "a\x00b", "pro", "5"]
    usual = st.integers(0, 400).map("user-{}".format)
    return usual | usual | usual | st.uuids().map(str) | st.sampled_from(odd)
