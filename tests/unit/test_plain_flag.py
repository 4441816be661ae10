"""The C type PlainFlag: calls that it answers, calls that it hands on, and invalid arguments."""

import copy
import math
import operator
import pickle
import threading
from collections import OrderedDict
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.threads import at_once

accelerator = pytest.importorskip(
    "flagengine.native._accelerator", reason="the extension was not built or is switched off"
)

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
ALWAYS, NEVER = ("all",), ("any",)
EVERYONE = 1 << 60
HANDED_ON = "handed on"


def hand_on(*arguments: object, **named: object) -> object:
    return HANDED_ON, arguments, named


def flag(*conditions: Any, otherwise: Callable[..., object] = lambda *_: HANDED_ON) -> Any:
    return accelerator.PlainFlag(conditions, "nothing", otherwise)


def everybody(test: Any, **more: Any) -> Any:
    """Return a flag with a condition that everybody matches."""
    return flag((test, None, None, ("match",), "out", False), **more)


def within(share: int) -> Any:
    return accelerator.Hasher("flag-a.", "", (share,), 200)


def draw(*uppers: int) -> Any:
    return accelerator.Hasher("flag-a.", "variant", uppers, 200)


def text(word: str) -> Any:
    return accelerator.TextTest("p", "contains", (word,), False)


class Answers:
    """Makes the answers of a flag, and remembers which were asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []

    def __call__(self, *_: object) -> object:
        return HANDED_ON

    def answer(self, condition: int, match: int) -> object:
        self.asked.append((condition, match))
        return f"answer {condition} {match}"


# What it answers


@pytest.mark.parametrize(
    "value", [-1.5, -0.0, 0, 5, 5.0, 1e308, 2**53 + 1, 2**63, -(2**64), 10**300]
)
@pytest.mark.parametrize(
    "bound", [-1.5, 0.0, 5.0, float(2**53), 1e300, math.inf, -math.inf, math.nan]
)
@pytest.mark.parametrize("name", COMPARISONS)
def test_exact_numbers_compare_as_binary64(name: str, bound: float, value: float) -> None:
    expected = "match" if COMPARISONS[name](float(value), bound) else "nothing"
    assert everybody((name, "p", bound))("user-1", {"p": value}) == expected


@pytest.mark.parametrize(
    "value",
    [None, True, False, "5", "pro", [5], 10**309, -(10**4000), math.nan, math.inf, 1j, b"5"],
)
def test_what_is_no_finite_exact_number_is_handed_on(value: object) -> None:
    assert everybody(("lt", "p", 9.0))("user-1", {"p": value}) == HANDED_ON


def test_subclasses_of_numbers_and_of_text_are_handed_on() -> None:
    number, real, word = (type("Own", (base,), {}) for base in (int, float, str))
    assert everybody(("lt", "p", 9.0))("user-1", {"p": number(5)}) == HANDED_ON
    assert everybody(("lt", "p", 9.0))("user-1", {"p": real(5)}) == HANDED_ON
    assert everybody(text("pro"))("user-1", {"p": word("pro")}) == HANDED_ON
    assert everybody(ALWAYS)(word("user-1"), {}) == HANDED_ON
    assert everybody(text("pro"))("user-1", {word("p"): "pro"}) == "match"


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        (ALWAYS, "match"),
        (NEVER, "nothing"),
        (("not", NEVER), "match"),
        (("not", ("not", ALWAYS)), "match"),
        (("all", ALWAYS, ("not", ALWAYS)), "nothing"),
        (("any", NEVER, ("all", ALWAYS)), "match"),
        (("all", NEVER, ("gt", "absent", 0.0)), "nothing"),
        (("any", ALWAYS, ("gt", "absent", 0.0)), "match"),
        (("all", ("gt", "absent", 0.0), NEVER), "nothing"),
        (("any", ("gt", "absent", 0.0), ALWAYS), "match"),
        (("all", ("gt", "absent", 0.0), ALWAYS), HANDED_ON),
        (("any", ("gt", "absent", 0.0), NEVER), HANDED_ON),
        (("not", ("gt", "absent", 0.0)), HANDED_ON),
        (("not", ("not", ("all", ("gt", "absent", 0.0), NEVER))), "nothing"),
        (("any", ("given", ("gt", "absent", 0.0)), ALWAYS), HANDED_ON),
    ],
)
def test_combinations_are_decided_by_what_the_call_has(test: Any, expected: str) -> None:
    assert everybody(test)("user-1", {}) == expected


@pytest.mark.parametrize("word", ["not", "all", "any"])
@pytest.mark.parametrize(
    ("depth", "is_fine"), [(1, True), (256, True), (257, False), (5_000, False)]
)
def test_combinations_nest_to_a_limit(word: str, depth: int, is_fine: bool) -> None:
    test: Any = ALWAYS
    for _ in range(depth):
        test = (word, test)
    if is_fine:
        expected = "nothing" if word == "not" and depth % 2 else "match"
        assert everybody(test)("user-1", {}) == expected
    else:
        with pytest.raises(TypeError, match="a test is"):
            everybody(test)


def test_without_conditions_nothing_matches() -> None:
    assert flag()("user-1", {}) == "nothing"


def test_of_several_conditions_out_of_their_share_the_last_is_named() -> None:
    def out(name: str, test: Any = ALWAYS, share: int = 0, *, stops: bool = False) -> Any:
        return test, within(share), None, ("match",), name, stops

    assert flag(out("a"), out("b"), out("c", NEVER))("user-1", {}) == "b"
    assert flag(out("a"), out("b", share=EVERYONE), out("c"))("user-1", {}) == "match"
    assert flag(out("a"), out("b", stops=True), out("c", share=EVERYONE))("user-1", {}) == "b"
    assert flag(out("a", NEVER, stops=True), out("b"))("user-1", {}) == "b"


def test_a_draw_gives_the_match_of_its_position_and_past_the_last_upper_the_last() -> None:
    def drawn(*uppers: int) -> object:
        names = tuple(f"variant {i}" for i in range(len(uppers) + 1))
        return flag((ALWAYS, within(EVERYONE), draw(*uppers), names, "out", False))("user-1", {})

    assert drawn(EVERYONE) == "variant 0"
    assert drawn(0, 0, EVERYONE) == "variant 2"
    assert drawn(0) == "variant 1"
    assert drawn(*[0] * 50) == "variant 50"


def test_answers_are_the_objects_that_were_given() -> None:
    match, out, nothing = object(), object(), object()
    plain = accelerator.PlainFlag(
        ((("gt", "p", 0.0), within(0), None, (match,), out, False),), nothing, hand_on
    )
    assert plain("user-1", {"p": 1}) is out
    assert plain("user-1", {"p": 0}) is nothing


# What it hands on


@pytest.mark.parametrize("distinct_id", ["", None, 7, True, b"user", ["user"], ("user",), object()])
def test_what_is_no_text_or_empty_is_handed_on(distinct_id: object) -> None:
    assert everybody(ALWAYS)(distinct_id, {}) == HANDED_ON


@pytest.mark.parametrize("distinct_id", ["\ud800", "x" * 199 + "\ud800", "é" * 60 + "\udfff"])
def test_an_id_without_utf8_is_handed_on_where_it_is_hashed(distinct_id: str) -> None:
    assert everybody(ALWAYS)(distinct_id, {}) == "match"
    shared = (ALWAYS, within(5), None, ("match",), "out", True)
    drawn = (ALWAYS, None, draw(5), ("a", "b"), "out", False)
    for condition in (shared, drawn):
        assert flag(condition)(distinct_id, {}) == HANDED_ON


@pytest.mark.parametrize("distinct_id", ["é" * 201, "x" * 200 + "\ud800", "🦔" * 500])
def test_a_long_id_that_may_have_no_utf8_is_handed_on(distinct_id: str) -> None:
    assert everybody(ALWAYS)(distinct_id, {}) == HANDED_ON
    assert everybody(ALWAYS)("x" * 10_000, {}) == "match"


@pytest.mark.parametrize("props", [None, "p", [("p", 1)], OrderedDict(p=1), MappingProxyType({})])
def test_properties_that_are_no_exact_dict_are_handed_on(props: Any) -> None:
    assert everybody(ALWAYS)("user-1", props) == HANDED_ON


def test_a_call_is_handed_on_as_it_was_made() -> None:
    plain = everybody(("gt", "p", 0.0), otherwise=hand_on)
    props: dict[str, Any] = {}
    assert plain.otherwise is hand_on
    odd = {"p": "5"}
    assert plain("user-1", odd) == (HANDED_ON, ("user-1", odd), {})
    assert plain("user-1", odd, None) == (HANDED_ON, ("user-1", odd, None), {})
    assert plain("user-1", props, odd) == (HANDED_ON, ("user-1", props, odd), {})
    assert plain("user-1", props=props) == (HANDED_ON, ("user-1",), {"props": props})
    assert plain() == (HANDED_ON, (), {})
    assert plain(1, 2, 3, 4) == (HANDED_ON, (1, 2, 3, 4), {})
    assert plain(*["user-1"], a=1) == (HANDED_ON, ("user-1",), {"a": 1})


def test_what_the_other_function_raises_is_raised() -> None:
    def fail(*_: object) -> None:
        raise LookupError("no")

    with pytest.raises(LookupError, match="no"):
        everybody(("gt", "p", 0.0), otherwise=fail)("user-1", {})


# What it remembers


class Counting:
    """A generated function that answers with its number of calls."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []

    def __call__(self, _distinct_id: object, props: dict[str, Any]) -> int:
        self.calls.append(props)
        return len(self.calls)


def test_an_answer_without_a_property_is_asked_for_once_for_each_walk() -> None:
    ask = Counting()
    plain = flag(
        (("all", ("gt", "p", 0.0), ("gt", "q", 0.0)), within(0), None, ("one",), "out", False),
        (("gt", "r", 0.0), None, draw(EVERYONE), ("two", "three"), "out", False),
        otherwise=ask,
    )
    assert [plain("user-1", {"q": 1}) for _ in range(3)] == [1, 1, 1]
    assert [plain("user-1", {"p": 1}) for _ in range(3)] == [2, 2, 2]
    assert [plain("user-1", {"p": 1, "r": 1}) for _ in range(3)] == [3, 3, 3]
    assert [plain("user-1", {"p": 1, "r": 0}) for _ in range(3)] == [4, 4, 4]
    assert plain("user-1", {"p": 0, "r": 1}) == "two"
    assert plain("user-1", {"p": 0, "r": 0}) == "nothing"
    assert plain("user-1", {"p": 0}) == 5
    assert plain("user-2", {"q": 7}) == 1


def test_a_remembered_answer_depends_on_the_hash() -> None:
    ask = Counting()
    plain = flag((("gt", "p", 0.0), within(1 << 59), None, ("m",), "out", False), otherwise=ask)
    ids = [f"user-{number}" for number in range(20)]
    inside = {each: accelerator.bucket("flag-a.", each) < 1 << 59 for each in ids}
    found = {each: plain(each, {}) for each in ids}
    assert set(inside.values()) == {True, False}
    assert {each: found[each] == found[ids[0]] for each in ids} == {
        each: inside[each] == inside[ids[0]] for each in ids
    }
    assert len(ask.calls) == 2


def test_an_answer_is_asked_for_with_properties_that_nobody_else_can_change() -> None:
    props = {"q": 5}

    def ask(_distinct_id: object, given: dict[str, Any]) -> str:
        props["p"] = 1
        return "without p" if "p" not in given else "with p"

    plain = everybody(("gt", "p", 0.0), otherwise=ask)
    assert plain("user-1", props) == "without p"
    assert plain("user-1", {}) == "without p"
    assert plain("user-1", props) == "match"


def test_what_raises_is_not_remembered() -> None:
    errors = [LookupError("no")]

    def ask(*_: object) -> str:
        if errors:
            raise errors.pop()
        return "asked again"

    plain = everybody(("gt", "p", 0.0), otherwise=ask)
    with pytest.raises(LookupError, match="no"):
        plain("user-1", {})
    assert plain("user-1", {}) == "asked again"


def test_few_answers_are_remembered() -> None:
    ask = Counting()
    uppers = [number << 50 for number in range(1, 1024)]
    names = tuple(map(str, range(1024)))
    plain = flag((("gt", "p", 0.0), None, draw(*uppers), names, "out", False), otherwise=ask)
    for number in range(5_000):
        plain(f"user-{number}", {})
    asked_for = len(ask.calls)
    assert asked_for > 1024  # they were forgotten in between
    again = [plain("user-1", {}) for _ in range(3)]
    assert len(set(again)) == 1


def test_a_long_walk_is_not_remembered() -> None:
    ask = Counting()
    plain = everybody(("all", *[("gt", f"p{n}", 0.0) for n in range(200)]), otherwise=ask)
    assert [plain("user-1", {}) for _ in range(3)] == [1, 2, 3]


class Claimant:
    """A key of another type that hashes like "p"."""

    def __init__(self, compare: Callable[[], object]) -> None:
        self.compare = compare

    def __hash__(self) -> int:
        return hash("p")

    def __eq__(self, other: object) -> Any:
        return self.compare()


def raising(error: BaseException) -> Callable[[], object]:
    def compare() -> object:
        raise type(error)(*error.args)

    return compare


either_test = pytest.mark.parametrize("test", [("gt", "p", 0.0), text("5")], ids=["number", "text"])


@either_test
def test_a_key_that_cannot_be_compared_is_handed_on(test: Any) -> None:
    assert everybody(test)("user-1", {Claimant(raising(LookupError("no"))): 5}) == HANDED_ON
    assert everybody(test)("user-1", {Claimant(lambda: False): 5}) == HANDED_ON


@either_test
@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_stops_the_program_is_passed_on(test: Any, error: type[BaseException]) -> None:
    for nested in (test, ("not", ("any", test)), ("all", ALWAYS, test)):
        with pytest.raises(error):
            everybody(nested)("user-1", {Claimant(raising(error())): 5})


@either_test
def test_a_key_that_empties_the_dict_or_drops_the_flag_while_it_is_compared(test: Any) -> None:
    for found in (False, True):
        props: dict[Any, Any] = {}
        holder = [everybody(test)]

        def compare(
            props: dict[Any, Any] = props, holder: list[Any] = holder, answer: bool = found
        ) -> bool:
            props.clear()
            holder.clear()
            return answer

        claimant = Claimant(lambda: False)
        props.update({claimant: "5" * 50, "p": "5" * 50})
        claimant.compare = compare
        assert holder[0]("user-1", props) == HANDED_ON


# The same as in Python

leaves = st.one_of(
    st.tuples(st.sampled_from(list(COMPARISONS)), st.sampled_from("pq"), st.floats()),
    st.sampled_from([ALWAYS, NEVER, text("a"), text("")]),
)
trees = st.recursive(
    leaves,
    lambda parts: (
        st.builds(lambda part: ("not", part), parts)
        | st.builds(
            lambda word, inner: (word, *inner),
            st.sampled_from(["all", "any"]),
            st.lists(parts, max_size=3),
        )
    ),
    max_leaves=6,
)
shares = st.none() | st.sampled_from([0, 1, 1 << 59, EVERYONE]) | st.integers(0, EVERYONE)
conditions = st.tuples(
    trees, shares, st.none() | st.lists(shares.map(lambda n: n or 0)), st.booleans()
)
values = st.sampled_from(["a", "A", "é", 5, 5.0, True, None, 10**400]) | st.floats() | st.integers()


LACKING = "lacking"


def decided(test: Any, value: Any) -> bool | None:
    """Return the expected result of a test of a property that the call has."""
    if isinstance(test, accelerator.TextTest):
        answer = test.test({"p": value})
        assert answer is None or type(answer) is bool
        return answer
    word, _, bound = test
    if type(value) not in (int, float) or not abs(value) < 2**1023:
        return None
    return COMPARISONS[word](float(value), bound)


def asked(test: Any, props: dict[str, Any]) -> bool | str | None:
    """Return the expected result of a test; None if the call must be handed on."""
    key = (
        "p"
        if isinstance(test, accelerator.TextTest)
        else test[1]
        if test[0] in COMPARISONS
        else None
    )
    if key is not None:
        return decided(test, props[key]) if key in props else LACKING
    word, *parts = test
    if word == "not":
        inner = asked(parts[0], props)
        return not inner if isinstance(inner, bool) else inner
    found: bool | str = word == "all"
    for part in parts:
        answer = asked(part, props)
        if answer is None or answer is (word == "any"):
            return answer
        if answer is LACKING:
            found = LACKING
    return found


def walked(flag_conditions: list[Any], distinct_id: str, props: dict[str, Any]) -> str:
    found = "nothing"
    results = [asked(test, props) for test, *_ in flag_conditions]
    for index, (_, share, uppers, stops) in enumerate(flag_conditions):
        matches = results[index]
        if matches is None or matches is LACKING:
            return HANDED_ON
        if not matches:
            continue
        if share is not None and not accelerator.bucket("flag-a.", distinct_id) < share:
            found = f"out {index}"
            if stops:
                return found
            continue
        if uppers is None:
            return f"match {index} 0"
        number = accelerator.bucket("flag-a.", distinct_id, "variant")
        below = [position for position, upper in enumerate(uppers) if number < upper]
        return f"match {index} {below[0] if below else len(uppers)}"
    return found


@given(
    st.lists(conditions, max_size=4),
    st.text(min_size=1, max_size=80),
    st.dictionaries(st.sampled_from("pq"), values),
)
def test_a_walk_goes_as_in_python(
    given_conditions: list[Any], distinct_id: str, props: dict[str, Any]
) -> None:
    built = [
        (
            test,
            None if share is None else within(share),
            None if uppers is None else draw(*uppers),
            tuple(f"match {index} {i}" for i in range(len(uppers or ()) + 1)),
            f"out {index}",
            stops,
        )
        for index, (test, share, uppers, stops) in enumerate(given_conditions)
    ]
    assert flag(*built)(distinct_id, props) == walked(given_conditions, distinct_id, props)


# What it refuses


JUNK: list[Any] = [
    None,
    1,
    2**100,
    0.5,
    "all",
    "gt",
    b"a",
    (),
    ("gt",),
    ("all", 1),
    [],
    {},
    object(),
]
JUNK += [
    str,
    text("a"),
    within(1),
    ("not",),
    ("not", ALWAYS, ALWAYS),
    ("gt", "p", 1),
    ("gt", 1, 1.0),
]
JUNK += [("lt", "p", 1.0, 1), ("\ud800", 1), ("all\0",), (text("a"),), ("any", ("all", ("not", 1)))]
kinds = [f"{number}-{type(value).__name__}" for number, value in enumerate(JUNK)]


@pytest.mark.parametrize("first", JUNK, ids=kinds)
@pytest.mark.parametrize("second", JUNK, ids=kinds)
def test_no_argument_of_any_type_crashes(first: Any, second: Any) -> None:
    build = accelerator.PlainFlag
    fine = (ALWAYS, None, None, ("match",), "out", False)
    calls: list[Callable[[], object]] = [
        lambda: build(first),
        lambda: build(first, second, hand_on),
        lambda: build((first, second), None, hand_on),
        lambda: build((fine, first), None, hand_on),
        lambda: build((fine[:-1],), first, second),
        lambda: build(((*fine, first),), None, second),
        lambda: build(conditions=(fine,), nothing=first, otherwise=second)("user-1", {}),
        lambda: build((fine,), None, first)("user-1", second),
        lambda: build((fine,), None, first)(second, first),
        lambda: build.__new__(first),
        lambda: object.__new__(build),
        lambda: build.__call__(first, second),
        lambda: build((fine,), None, hand_on)(first, second, first),
    ]
    for place in range(len(fine)):
        bad = tuple(first if i == place else part for i, part in enumerate(fine))
        worse = tuple(second if i == (place + 1) % 6 else part for i, part in enumerate(bad))
        calls.append(lambda bad=bad: build((bad,), None, hand_on)("user-1", {}))
        calls.append(lambda worse=worse: build((fine, worse), None, hand_on)("user-1", {}))
    for call in calls:
        try:
            call()
        except (TypeError, ValueError):
            continue


def test_an_answer_that_is_not_given_is_made_once_when_it_is_needed() -> None:
    answers = Answers()
    third = draw(EVERYONE // 3, EVERYONE // 3 * 2)
    conditions = (
        (("gt", "p", 1.0), within(0), None, (None,), None, True),
        (("lt", "p", 0.0), None, third, (None, None, None), None, False),
    )
    plain = accelerator.PlainFlag(conditions, None, answers)
    assert answers.asked == []
    ids = ["user-1", "user-2", "user-3", "user-4", "user-5", "user-6"] * 2
    assert {plain(each, {"p": 2}) for each in ids} == {"answer 0 -1"}
    assert {plain(each, {"p": 0}) for each in ids} == {"answer -1 -1"}
    drawn = {f"answer 1 {third.draw(each)}" for each in ids}
    assert {plain(each, {"p": -1}) for each in ids} == drawn
    assert len(drawn) == 3
    assert plain("user-1", {"p": 2}) is plain("user-2", {"p": 2})
    assert len(answers.asked) == len(set(answers.asked)) == 5
    assert plain("user-1", {}) == HANDED_ON


def test_an_answer_that_cannot_be_made_is_asked_for_again() -> None:
    class Failing(Answers):
        def answer(self, condition: int, match: int) -> object:
            super().answer(condition, match)
            raise LookupError("no")

    answers = Failing()
    plain = accelerator.PlainFlag(((ALWAYS, None, None, (None,), None, False),), None, answers)
    for _ in range(2):
        with pytest.raises(LookupError, match="no"):
            plain("user-1", {})
    assert answers.asked == [(0, 0), (0, 0)]


def test_the_first_answer_that_is_made_is_given_from_then_on() -> None:
    class Nested(Answers):
        def answer(self, condition: int, match: int) -> object:
            made = super().answer(condition, match), len(self.asked)
            return plain("user-1", {}) if len(self.asked) < 3 else made

    answers = Nested()
    plain = accelerator.PlainFlag(((ALWAYS, None, None, (None,), None, False),), None, answers)
    first = plain("user-1", {})
    assert first == ("answer 0 0", 3)
    assert plain("user-2", {}) is first
    assert len(answers.asked) == 3


def test_threads_that_ask_at_once_get_the_same_answer() -> None:
    class Apart(Answers):
        def answer(self, condition: int, match: int) -> object:
            barrier.wait(10)
            return [condition, match]

    barrier = threading.Barrier(2)
    plain = accelerator.PlainFlag(((ALWAYS, None, None, (None,), None, False),), None, Apart())
    first, second = at_once(2, lambda _: plain("user-1", {}))
    assert first is second
    assert plain("user-1", {}) is first


@pytest.mark.parametrize("excess", [1, 2, 3, 10])
def test_a_draw_that_leaves_the_matches_is_refused(excess: int) -> None:
    for count in range(1, 6):
        drawing = draw(*[0] * (count - 1 + excess))
        with pytest.raises(TypeError, match="draw one less than the matches"):
            flag((ALWAYS, None, drawing, ("match",) * count, "out", False))("user-1", {})


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ((ALWAYS, None, None, (), "out", False), "exactly one match"),
        ((ALWAYS, None, None, ("a", "b"), "out", False), "exactly one match"),
        ((ALWAYS, draw(), None, ("a",), "out", False), "within has one upper"),
        ((ALWAYS, draw(1, 2), None, ("a",), "out", False), "within has one upper"),
        ((ALWAYS, None, "draw", ("a",), "out", False), "within has one upper"),
        ((("gt", "p", 1), None, None, ("a",), "out", False), "a str and a float"),
        ((("gt", b"p", 1.0), None, None, ("a",), "out", False), "a str and a float"),
        ((("resembles", "p", 1.0), None, None, ("a",), "out", False), "a test is"),
        (["a"], "a condition is a tuple"),
        ((ALWAYS, None, None, ["a"], "out", False), "must be tuple"),
        ((ALWAYS, None, None, ("a",), "out", False, 5), "a str or None"),
        ((("of_group", "g", 1, text("a")), None, None, ("a",), "out", False), "a bool or None"),
        ((("of_group", 5, None, text("a")), None, None, ("a",), "out", False), "a str and"),
        ((("of_group", "g", None, ALWAYS), None, None, ("a",), "out", False), "one property"),
        ((("of_group", "g", None), None, None, ("a",), "out", False), "a test is"),
    ],
)
def test_a_malformed_condition_is_refused(condition: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        flag((ALWAYS, None, None, ("fine",), "out", False), condition)


def test_an_end_without_truth_is_refused() -> None:
    class Undecided:
        def __bool__(self) -> bool:
            raise LookupError("no")

    with pytest.raises(LookupError, match="no"):
        flag((ALWAYS, None, None, ("match",), "out", Undecided()))


def test_a_flag_cannot_be_changed_subclassed_or_pickled() -> None:
    plain = everybody(ALWAYS)
    with pytest.raises(AttributeError):
        plain.otherwise = None
    with pytest.raises(TypeError):
        type("Other", (accelerator.PlainFlag,), {})
    with pytest.raises(TypeError):
        pickle.dumps(plain)
    with pytest.raises(TypeError):
        copy.copy(plain)
