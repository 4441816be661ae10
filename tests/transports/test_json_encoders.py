"""The two encoders of JSON: with orjson and without, readers get the same values."""

from __future__ import annotations

import enum
import json
import math
import re
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self
from uuid import UUID

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flagengine.transports import json_text
from flagengine.transports.json_text import is_plain, to_json
from tests.any_values import ENDLESS, VALUES

needs_orjson = pytest.mark.skipif(json_text._quickest is None, reason="orjson is not installed")


class Text(str):
    __slots__ = ()


class Whole(int):
    pass


class Members(dict[str, object]):
    pass


class Colour(str, enum.Enum):  # noqa: UP042 - as such a class is written
    """An enumeration whose value is not its text: the encoders would not agree on it."""

    _label: str

    def __new__(cls, text: str, label: str) -> Self:
        made = str.__new__(cls, text)
        made._value_ = label
        return made

    RED = "red", "a label"


@dataclass
class Point:
    x: int
    y: object


def numbers() -> st.SearchStrategy[object]:
    whole = st.integers() | st.integers(-(2**66), 2**66)
    near = st.sampled_from([2**63 - 1, 2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1, 10**400])
    return whole | near | st.floats() | st.sampled_from([-0.0, 1e400, -1e400, 5e-324, 1e16, 1e22])


def odd() -> st.SearchStrategy[object]:
    return st.one_of(
        st.binary(max_size=4),
        st.datetimes(),
        st.dates(),
        st.uuids(),
        st.decimals(),
        st.builds(Text, st.text(max_size=3)),
        st.builds(Whole, st.integers()),
        st.builds(Point, st.integers(), st.floats()),
        st.sampled_from([Colour.RED, np.int64(5), np.float32(0.5), np.array([1, 2])]),
        st.frozensets(st.integers(), max_size=3),
        st.tuples(st.integers(), st.text(max_size=3)),
    )


def any_text() -> st.SearchStrategy[str]:
    surrogates = st.characters(categories=["Cs"])
    return st.text(max_size=5) | st.text(st.characters() | surrogates, max_size=3)


def values() -> st.SearchStrategy[object]:
    keys = any_text() | st.integers() | st.none() | st.booleans() | st.builds(Text, st.text())
    return st.recursive(
        st.none() | st.booleans() | numbers() | any_text() | odd(),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(any_text(), inner, max_size=4)
            | st.dictionaries(keys, inner, max_size=4)
            | st.dictionaries(st.text(), inner, max_size=2).map(Members)
        ),
        max_leaves=12,
    )


def read(text: bytes) -> Any:
    """Return the value with its types and the signs of zeros, which ``==`` does not see."""

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    return exact(json.loads(text, parse_constant=refuse))


def exact(value: object) -> object:
    if isinstance(value, dict):
        return {key: exact(item) for key, item in value.items()}
    if isinstance(value, list):
        return [exact(item) for item in value]
    if isinstance(value, float):
        return ("float", value, math.copysign(1.0, value))
    return (type(value).__name__, value)


def by_both(value: object) -> tuple[object, object]:
    first = read(to_json(value))
    quickest = json_text._quickest
    json_text._quickest = None
    try:
        return first, read(to_json(value))
    finally:
        json_text._quickest = quickest


def nested(depth: int, inmost: object) -> object:
    for _ in range(depth):
        inmost = [inmost]
    return inmost


@needs_orjson
@given(values())
@example({"a": float("nan"), "deep": nested(129, 1)})
@example(nested(127, 1))
@example(nested(128, 1))
@example(nested(300, 1))
@example({"a": [Colour.RED]})
@example({"id": UUID(int=1), "at": datetime(2025, 1, 2, tzinfo=UTC)})
@example({"\ud800": "\ud83d\ude00"})
@example({1: "one", "1": "text"})
@example({"a": 1e400, "b": -0.0, "c": 2**64})
def test_both_encoders_write_the_same_values(value: object) -> None:
    one, other = by_both(value)
    assert one == other


@needs_orjson
@pytest.mark.parametrize("name", sorted(set(VALUES) - set(ENDLESS)))
def test_both_encoders_write_the_same_of_what_programs_pass(name: str) -> None:
    make, _ = VALUES[name]
    one, _ = by_both({"v": make(), "w": [make()]})
    _, other = by_both({"v": make(), "w": [make()]})
    assert without_addresses(one) == without_addresses(other)


def without_addresses(value: object) -> str:
    """Return the text without the addresses of objects, which differ for each object."""
    return re.sub(r"0x[0-9a-f]+|id='\d+'", "", repr(value))


@pytest.mark.parametrize(
    "value",
    [None, True, 1, 1.5, "a", {}, [], {"a": [1, {"b": None}]}, [[], {}], {1: "a key is not asked"}],
)
def test_the_types_of_json_are_plain(value: object) -> None:
    assert is_plain(value)


@pytest.mark.parametrize(
    "value",
    [
        b"a", (1,), {1}, Text("a"), Whole(1), Colour.RED, Members(), Point(1, 2),
        [Text("a")], {"a": {"b": [Whole(1)]}}, UUID(int=1), np.int64(1), object(),
    ],
)  # fmt: skip
def test_everything_else_is_not_plain(value: object) -> None:
    assert not is_plain(value)


def test_what_is_nested_too_deep_is_not_plain() -> None:
    assert is_plain(nested(128, 1))
    assert not is_plain(nested(129, 1))
    cycle: list[object] = []
    cycle += [cycle, cycle]
    assert not is_plain(cycle)


@needs_orjson
def test_a_value_that_another_thread_exchanges_is_still_converted() -> None:
    # As if it had come after `is_plain` had looked.
    for value in (Text("a"), Point(1, 2), datetime(2025, 1, 2, tzinfo=UTC), b"a", 2**70):
        with pytest.raises(TypeError):
            json_text.encode_plain({"a": value})


def test_the_encoders_can_be_used_by_many_threads() -> None:
    texts: list[bytes] = []
    value = {"a": [1, 2.5, "b"], "c": None}

    def write() -> None:
        texts.extend(to_json(value) for _ in range(200))

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(texts) == {b'{"a":[1,2.5,"b"],"c":null}'}
