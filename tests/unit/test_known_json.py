"""Copies of JSON and comparisons with them, in C and in Python."""

import enum
import json
import math
import sys
from collections import OrderedDict
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from flagengine.native import accelerator
from flagengine.values.known_json import (
    KnownInPython,
    copy_in_python,
    same_in_python,
    size_in_python,
)

Same = Callable[[Any, Any], bool]

COPIES = [copy_in_python]
SIZES: list[Callable[[object], int]] = [size_in_python]
SAMES: list[Same] = [same_in_python]
if getattr(sys, "_is_gil_enabled", lambda: True)():  # else it recognises nothing
    SAMES.append(lambda given, known: KnownInPython(known).same(given))
IN_C: list[Same] = []
if accelerator is not None:
    COPIES.append(accelerator.json_copy)
    SIZES.append(accelerator.json_size)
    IN_C += [
        accelerator.json_same,
        lambda given, known: accelerator.KnownJson(known).same(given),
    ]
    SAMES += IN_C

copies = pytest.mark.parametrize("copy", COPIES)
sames = pytest.mark.parametrize("same", SAMES)
LEAST, GREATEST = -(2**63), 2**63 - 1


class Text(str):
    """Text with code of its own."""

    __slots__ = ()


class One(enum.IntEnum):
    """A number with a name."""

    ONE = 1


class Liar:
    """An object that equals everything."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


class Broken:
    """An object that cannot be compared."""

    def __eq__(self, other: object) -> bool:
        raise OSError

    __hash__ = None  # type: ignore[assignment]


def document() -> dict[str, Any]:
    """Return a document that shares no text with another one."""
    value = [
        1,
        1.5,
        True,
        False,
        None,
        "text",
        "é",
        "日本",
        "\U0001f600",
        2**40,
        [],
        {},
        [{"a": 1}],
    ]
    found: dict[str, Any] = json.loads(
        json.dumps({"flags": [{"key": "a", "more": value}], "b": {}})
    )
    return found


@copies
def test_a_copy_is_equal_and_independent(copy: Any) -> None:
    given = document()
    own = copy(given, 1_000)
    assert own == document()
    given["flags"][0]["more"][-1][0]["a"] = 2
    del given["b"]
    assert own == document()


@copies
def test_a_tuple_becomes_a_list(copy: Any) -> None:
    assert copy({"a": (1, (2, [3]), {"b": ()})}, 100) == {"a": [1, [2, [3]], {"b": []}]}


@copies
@pytest.mark.parametrize(
    "value",
    [
        Text("a"),
        One.ONE,
        LEAST - 1,
        GREATEST + 1,
        {1: 2},
        {Text("a"): 1},
        {1},
        b"a",
        OrderedDict(),
        1j,
    ],
)
def test_what_is_no_plain_json_is_not_copied(copy: Any, value: object) -> None:
    assert copy({"a": value}, 100) is None
    assert copy({"a": [value]}, 100) is None


@copies
@pytest.mark.parametrize("value", [None, [], "{}", (), OrderedDict(a=1), 7])
def test_only_a_dict_is_copied(copy: Any, value: object) -> None:
    assert copy(value, 100) is None


@copies
def test_as_many_values_as_allowed_are_copied(copy: Any) -> None:
    assert copy({"a": [1, 2]}, 4) == {"a": [1, 2]}
    assert copy({"a": [1, 2]}, 3) is None
    assert copy({"a": [], "b": 1}, 3) is not None
    assert copy({"a": [], "b": 1}, 2) is None


@copies
@pytest.mark.parametrize(
    "value", [LEAST, GREATEST, 0, -0.0, math.inf, "\ud800", "", 1.5, None, True]
)
def test_a_scalar_is_copied_as_it_is(copy: Any, value: object) -> None:
    assert repr(copy({"a": value}, 10)) == repr({"a": value})


@copies
def test_a_value_that_holds_itself_is_not_copied(copy: Any) -> None:
    circular: dict[str, Any] = {"a": []}
    circular["a"] += [circular, circular]
    assert copy(circular, 2_000_000) is None


@copies
def test_values_nest_as_deep_as_allowed(copy: Any) -> None:
    deep: dict[str, Any] = {}
    for _ in range(299):
        deep = {"a": deep}
    assert copy(deep, 1_000) == deep
    assert copy({"a": deep}, 1_000) is None
    assert copy({"a": [deep]}, 1_000) is None


@sames
def test_the_same_content_is_recognised(same: Same) -> None:
    given = document()
    assert same(given, given)
    assert same(given, document())


NAN = float("nan")
PAIRS: list[tuple[object, object]] = [
    (1, 1.0),
    (1, True),
    (0, False),
    (1.0, True),
    (0.0, -0.0),
    (1, 2),
    (GREATEST, GREATEST - 1),
    (1.5, 2.5),
    ("a", "b"),
    ("a", "é"),
    ("é", "ü"),
    ("a", "ab"),
    ("1", 1),
    (None, False),
    (None, 0),
    (None, "null"),
    ("", None),
    ([], {}),
    ([1], [1, 1]),
    ([1, 2], [2, 1]),
    ([[1]], [[2]]),
    ({"a": 1}, {"b": 1}),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ({"a": 1}, {"a": 1, "b": 1}),
    ({"a": {"b": 1}}, {"a": {"b": 1.0}}),
    (NAN, 0.0),
    ("日本", "日木"),
]


@sames
@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_other_content_is_not_recognised(same: Same, one: Any, other: Any) -> None:
    for first, second in ((one, other), (other, one)):
        assert not same({"x": [first]}, {"x": [second]})
        assert not same({"x": first}, {"x": second})
        assert same({"x": first}, {"x": first})


@sames
@pytest.mark.parametrize(
    ("given", "known"),
    [
        (Text("a"), "a"),
        (One.ONE, 1),
        (OrderedDict(a=1), {"a": 1}),
        ({Text("a"): 1}, {"a": 1}),
        ({1: 1}, {"1": 1}),
        (Liar(), 1),
        (Liar(), [1]),
        (Broken(), 1),
        (b"a", "a"),
        (bytearray(b"a"), "a"),
        ({1}, [1]),
    ],
)
def test_what_is_no_plain_json_is_not_recognised(same: Same, given: object, known: object) -> None:
    assert not same({"x": given}, {"x": known})
    assert not same({"x": [given]}, {"x": [known]})


@sames
def test_numbers_that_are_not_finite_are_the_same_as_themselves(same: Same) -> None:
    for number in (NAN, math.inf, -math.inf):
        assert same({"x": number}, {"x": number})
    assert not same({"x": math.inf}, {"x": -math.inf})


@sames
def test_a_value_that_holds_itself_is_not_recognised(same: Same) -> None:
    circular: dict[str, Any] = {"a": []}
    circular["a"] += [circular, circular]
    known: dict[str, Any] = {"a": []}
    for _ in range(20):
        known = {"a": [known, known]}
    assert not same(circular, known)


@sames
@pytest.mark.parametrize("given", [None, [], "flags", 7, ()])
def test_a_dict_is_the_same_as_a_dict_only(same: Same, given: object) -> None:
    assert not same(given, {})
    assert not same(given, {"flags": []})


@pytest.mark.parametrize("same", IN_C)
def test_a_tuple_is_the_same_as_the_list_that_is_its_copy(same: Same) -> None:
    assert same({"x": (1, (2,))}, {"x": [1, [2]]})
    assert not same({"x": (1, 3)}, {"x": [1, 2]})
    assert not same({"x": (1,)}, {"x": [1, 2]})


@pytest.mark.parametrize("size", SIZES)
def test_the_size_counts_values_and_long_texts(size: Callable[[object], int]) -> None:
    assert size({}) == 1
    assert size({"a": [1, None, {"b": True}]}) == 6
    assert size({"a": "x" * 63}) == 2
    assert size({"a": "x" * 128, "k" * 64: 1}) == 6


@pytest.mark.skipif(accelerator is None, reason="tests the accelerator")
def test_the_accelerator_refuses_other_arguments() -> None:
    assert accelerator is not None
    for call in (
        lambda: accelerator.json_same({}),  # type: ignore[call-arg]
        lambda: accelerator.json_copy({}),  # type: ignore[call-arg]
        lambda: accelerator.KnownJson([]),  # type: ignore[arg-type]
        accelerator.KnownJson,  # type: ignore[list-item]
    ):
        with pytest.raises(TypeError):
            call()
    deep: dict[str, Any] = {}
    for _ in range(300):
        deep = {"a": deep}
    assert not accelerator.json_same(deep, deep["a"])
    assert not accelerator.json_same({"a": deep}, {"a": deepcopy(deep)})
    with pytest.raises(ValueError, match="nests too deep"):
        accelerator.KnownJson({"a": deep})
