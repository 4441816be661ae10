"""The C type TextTest, compared with the same tests in Python."""

import copy
import os
import pickle
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from contextlib import suppress
from itertools import repeat
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.threads import at_once
from tests.unit.growth import growth

accelerator = pytest.importorskip(
    "flagengine.native._accelerator", reason="the extension was not built or is switched off"
)

LONGEST = 256
KINDS: dict[str, Callable[[str, str], bool]] = {
    "equals": str.__eq__,
    "contains": str.__contains__,
    "starts_with": str.startswith,
    "ends_with": str.endswith,
}

every_kind = pytest.mark.parametrize("kind", KINDS)
both_polarities = pytest.mark.parametrize("negated", [False, True])


def asked(
    kind: str, operands: tuple[str, ...], value: object, *, negated: bool = False
) -> bool | None:
    answer = accelerator.TextTest("p", kind, operands, negated).test({"p": value})
    assert answer is None or type(answer) is bool
    return answer


def expected(kind: str, operands: tuple[str, ...], value: str) -> bool:
    return any(KINDS[kind](value.lower(), operand) for operand in operands)


def characters(n: int) -> str:
    """Return text of both cases and neither, without repetitions, which could hide wrong offsets."""
    return "".join(chr(33 + (7 * i * i + 13 * i + n) % 94) for i in range(n))


# The same as in Python

texts = st.text("aAbBzZ@[`{~\x00\x7f", max_size=24) | st.text(st.characters(max_codepoint=127))
operand_texts = texts.map(str.lower) | texts | st.text(max_size=3)


@given(st.sampled_from(list(KINDS)), st.lists(operand_texts, max_size=20), texts, st.booleans())
@example("contains", [""], "", False)
@example("equals", [""], "", True)
@example("contains", ["\ud800"], "a", True)
def test_any_text_and_operands_answer_as_in_python(
    kind: str, operands: list[str], value: str, negated: bool
) -> None:
    answer = asked(kind, tuple(operands), value, negated=negated)
    assert answer is (expected(kind, tuple(operands), value) is not negated)


@given(st.text("aAbB", max_size=LONGEST), st.data())
def test_parts_of_a_text_are_found_in_it(value: str, data: st.DataObject) -> None:
    start, end = (data.draw(st.integers(0, len(value))) for _ in range(2))
    part = value.lower()[start:end]
    assert asked("contains", (part,), value) is True
    assert asked("starts_with", (value.lower()[:end],), value) is True
    assert asked("ends_with", (value.lower()[start:],), value) is True
    assert asked("equals", (part,), value) is (part == value.lower())


@every_kind
def test_every_pair_of_ascii_characters_folds_as_in_python(kind: str) -> None:
    ascii_characters = [chr(code) for code in range(128)]
    for character in ascii_characters:
        for n in (1, 3, 5, 8, 17):
            value = "-" * (n // 2) + character + "-" * (n - n // 2 - 1)
            for other in ascii_characters:
                operand = value.replace(character, other) if character != "-" else other * n
                assert asked(kind, (operand,), value) is expected(kind, (operand,), value)


def test_a_part_is_found_wherever_it_is_in_texts_of_every_length() -> None:
    for n in [*range(40), 63, 64, 65, 127, 200, 255, LONGEST]:
        value = characters(n)
        for size in {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, n // 2, max(n - 1, 0), n}:
            for start in range(0, n - size + 1, 1 if n < 40 else 5):
                part = value.lower()[start : start + size]
                assert asked("contains", (part,), value) is True
                assert asked("starts_with", (part,), value) is value.lower().startswith(part)
                assert asked("ends_with", (part,), value) is value.lower().endswith(part)


def test_one_different_character_anywhere_is_noticed() -> None:
    for n in [*range(1, 40), 64, 100, LONGEST]:
        value = characters(n)
        for i in range(n):
            other = f"{value[:i]}\x01{value[i + 1 :]}".lower()
            for kind in KINDS:
                assert asked(kind, (other,), value) is False
            assert asked("contains", (other[: i + 1],), value) is False
            assert asked("contains", (other[i:],), value) is False


def test_an_operand_longer_than_the_text_is_not_compared_with_what_is_behind_it() -> None:
    for n in [200, 64, 63, *reversed(range(20))]:
        value = characters(n)
        for more in reversed(range(1, 25)):
            for operand in (value.lower() + "\0" * more, "\0" * more + value.lower()):
                for kind in KINDS:
                    assert asked(kind, (operand,), value) is False


def test_first_and_last_characters_alone_are_no_match() -> None:
    value = "a-b" * 80
    for size in range(3, 60):
        needle = f"a{'x' * (size - 2)}b"
        assert asked("contains", (needle,), value) is False
        assert asked("contains", (needle,), f"{value[:100]}{needle.upper()}") is True


@pytest.mark.parametrize("count", [1, 7, 8, 9, 10, 100, 1_000])
@both_polarities
def test_any_number_of_operands_is_looked_through(count: int, negated: bool) -> None:
    operands = (*(f"{i}@{'corp' * (i % 60)}" for i in range(count)), "é", "x" * 257)
    test = accelerator.TextTest("p", "equals", operands * 2, negated).test
    for operand in operands[:-2]:
        assert test({"p": operand.upper()}) is not negated
        for other in (operand[:-1], f"{operand}x", operand.replace("@", "-"), ""):
            assert test({"p": other}) is negated


@every_kind
def test_operands_that_are_not_folded_match_nothing(kind: str) -> None:
    assert asked(kind, ("A",), "A") is False
    assert asked(kind, ("A",) * 20, "A") is False


@every_kind
@pytest.mark.parametrize("operands", [(), ("é",), ("x" * 257,), ("\ud800", "🦔" * 400)])
def test_without_an_operand_that_can_match_nothing_does(
    kind: str, operands: tuple[str, ...]
) -> None:
    for value in ("", "a", "x" * LONGEST):
        assert asked(kind, operands, value) is False
        assert asked(kind, operands, value, negated=True) is True


# What is left to Python


class Text(str):
    __slots__ = ()


@every_kind
@both_polarities
@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        1,
        0.5,
        b"a",
        ["a"],
        {"a": 1},
        Text("a"),
        "é",
        "\u212a",
        "aé",
        "🦔",
        "\ud800",
        "a" * 257,
    ],
    ids=ascii,
)
def test_a_value_that_is_not_short_ascii_text_is_left_to_python(
    kind: str, negated: bool, value: object
) -> None:
    assert asked(kind, ("a", "k", ""), value, negated=negated) is None


@both_polarities
@pytest.mark.parametrize(
    "props",
    [
        None,
        "p",
        [("p", "a")],
        OrderedDict(p="a"),
        defaultdict(lambda: "a", p="a"),
        MappingProxyType({"p": "a"}),
        {},
        {"P": "a"},
        {b"p": "a", 1: "a", None: "a"},
    ],
    ids=lambda value: type(value).__name__,
)
def test_other_mappings_and_missing_keys_are_left_to_python(negated: bool, props: Any) -> None:
    assert accelerator.TextTest("p", "equals", ("a",), negated).test(props) is None


@pytest.mark.parametrize("key", ["", "p", "$geoip_country_code", "é", "🦔", "a\0b", "\ud800", " "])
def test_a_key_may_be_any_text(key: str) -> None:
    for name in (key, Text(key)):
        test = accelerator.TextTest(name, "equals", ("a",), False).test
        assert test({"x": "b", key: "A"}) is True
        assert test({"x": "b", Text(key): "A"}) is True
        assert test({"x": "A"}) is None
        assert test({f"y{key}"[1:]: "A"}) is True


class Claimant:
    """A key of another type that hashes like "p"."""

    def __init__(self, compare: Callable[[], object]) -> None:
        self.compare = compare

    def __hash__(self) -> int:
        return hash("p")

    def __eq__(self, other: object) -> Any:
        return self.compare()


def _raising(error: BaseException) -> Callable[[], object]:
    def compare() -> object:
        raise type(error)(*error.args)  # an exception that is raised again keeps every traceback

    return compare


def test_a_key_that_cannot_be_compared_is_left_to_python() -> None:
    test = accelerator.TextTest("p", "equals", ("a",), False).test
    assert test({Claimant(_raising(LookupError("no"))): "a"}) is None
    assert test({Claimant(lambda: False): "b", "p": "a"}) is True
    assert test({Claimant(lambda: True): "a"}) is True


def test_what_stops_the_program_is_passed_on() -> None:
    test = accelerator.TextTest("p", "equals", ("a",), False).test
    with pytest.raises(KeyboardInterrupt):
        test({Claimant(_raising(KeyboardInterrupt())): "a"})


def test_a_key_that_empties_the_dict_while_it_is_compared_does_no_harm() -> None:
    for compared_as in (False, True):
        props: dict[Any, Any] = {}

        def compare(props: dict[Any, Any] = props, answer: bool = compared_as) -> bool:
            props.clear()
            return answer

        claimant = Claimant(lambda: False)
        props.update({claimant: "a" * 50, "p": "a" * 50})
        claimant.compare = compare
        assert accelerator.TextTest("p", "equals", ("a",), False).test(props) is None


# Errors

JUNK: list[Any] = [None, 1, 2**100, b"a", ["a"], {}, object(), str, "a", "equals", (), (1,), ("a",)]
kinds = [f"{number}-{type(value).__name__}" for number, value in enumerate(JUNK)]


@pytest.mark.parametrize("first", JUNK, ids=kinds)
@pytest.mark.parametrize("second", JUNK, ids=kinds)
def test_no_argument_of_any_type_crashes(first: Any, second: Any) -> None:
    build = accelerator.TextTest
    test = build("a", "contains", ("a",), False)
    calls: list[Callable[[], object]] = [
        lambda: build(first),
        lambda: build(first, second),
        lambda: build(first, "equals", second, False),
        lambda: build("a", first, ("a",), second),
        lambda: build("a", "equals", (first, second) * 10, False),
        lambda: build("a", "contains", ("a",), False, first),
        lambda: build(key=first, kind=second, operands=(), negated=False),
        lambda: build.test(first, second),
        lambda: test.test(first),
        lambda: test.test(first, second),
        lambda: test.test({first: second}),
        lambda: test.test({"a": first}),
        lambda: test(first),
        lambda: build.__new__(first),
        lambda: object.__new__(build),
    ]
    for call in calls:
        with suppress(TypeError, ValueError):
            call()


@pytest.mark.parametrize("kind", ["", "Equals", "equals ", "equal", "equals\0", "é", "\ud800"])
def test_an_unknown_kind_is_refused(kind: str) -> None:
    with pytest.raises(ValueError, match="kind must be 'equals'"):
        accelerator.TextTest("p", kind, ("a",), False)


@pytest.mark.parametrize("operands", [("a", 1), (None,), (b"a",), ("a", ["b"])])
def test_operands_that_are_not_text_are_refused(operands: Any) -> None:
    with pytest.raises(TypeError, match="operands must be str, not"):
        accelerator.TextTest("p", "equals", operands, False)


def test_a_negation_without_truth_is_refused() -> None:
    class Undecided:
        def __bool__(self) -> bool:
            raise LookupError("no")

    with pytest.raises(LookupError, match="no"):
        accelerator.TextTest("p", "equals", ("a",), Undecided())


# Objects


def test_a_test_cannot_be_changed_subclassed_or_pickled() -> None:
    test = accelerator.TextTest("p", "equals", ("a",), False)
    with pytest.raises(AttributeError):
        test.key = "q"
    with pytest.raises(TypeError):
        accelerator.TextTest.test = None
    with pytest.raises(TypeError):
        type("Other", (accelerator.TextTest,), {})
    with pytest.raises(TypeError):
        pickle.dumps(test)
    with pytest.raises(TypeError):
        copy.copy(test)


def test_bound_methods_keep_their_test_alive() -> None:
    tests = [accelerator.TextTest(f"p{i}", "equals", (f"a{i}",), False).test for i in range(100)]
    for i, test in enumerate(tests):
        assert test({f"p{i}": f"A{i}"}) is True


@pytest.mark.slow
def test_reference_counts_stand_still_over_a_million_calls() -> None:
    key, value, long = (os.urandom(n).hex() for n in (4, 18, 200))
    single = accelerator.TextTest(key, "contains", (value[4:20],), False)
    many = accelerator.TextTest(key, "equals", tuple(map(str, range(1_000))), True)
    found, wide, too_long = {key: value}, {key: "é"}, {key: long}
    failing = {Claimant(_raising(LookupError("no"))): "a"}
    failing_test = accelerator.TextTest("p", "equals", ("a",), False)
    held = (key, value, long, single, many, found, wide, too_long, failing, None, True, False)
    calls: list[tuple[Callable[[object], object], object]] = [
        (single.test, found),
        (many.test, found),
        (single.test, wide),
        (single.test, too_long),
        (single.test, {}),
        (single.test, None),
        (failing_test.test, failing),
    ]

    for test, props in calls:

        def run(test: Any = test, props: Any = props) -> None:
            for _ in repeat(None, 50_000):
                test(props)

        references, blocks = growth(run, held)
        assert references[:9] == [0] * 9
        assert max(map(abs, references)) < 100
        assert blocks < 100


def test_dropped_tests_and_failed_constructions_leak_nothing() -> None:
    key, operand = os.urandom(4).hex(), os.urandom(8).hex()
    arguments: list[tuple[Any, ...]] = [
        (key, "equals", (operand,) * 50, False),
        (key, "contains", (operand, "é"), True),
        (Text(key), "contains", (Text(operand),), True),
        (key, "unknown", (operand,), False),
        (key, "equals", (operand, 1), False),
        (key, "equals", [operand], False),
    ]

    def run() -> None:
        for passed in arguments:
            for _ in repeat(None, 2_000):
                with suppress(TypeError, ValueError):
                    accelerator.TextTest(*passed)

    references, blocks = growth(run, (key, operand))
    assert references == [0, 0]
    assert blocks < 200


# Threads


def test_threads_share_a_test_and_a_dict_that_changes() -> None:
    test = accelerator.TextTest("p", "contains", ("needle",), False).test
    props: dict[str, Any] = {}
    stop = threading.Event()
    wrong: list[object] = []

    def disturb() -> None:
        for i in range(20_000):
            props["p"] = f"{i} NEEDLE {i}"
            del props["p"]
        stop.set()

    def work() -> None:
        while not stop.is_set():
            if test(props) is False:
                wrong.append(props)

    at_once(3, lambda number: (disturb, work, work)[number]())
    assert not wrong
