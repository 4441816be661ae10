"""PlainFlag keeps no objects of a call alive, and none after it is freed."""

import gc
import os
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from itertools import repeat
from typing import Any

import pytest

from tests.threads import at_once
from tests.unit.growth import growth

accelerator = pytest.importorskip(
    "flagengine.native._accelerator", reason="the extension was not built or is switched off"
)

CALLS = int(os.environ.get("FLAGENGINE_REPEATED_CALLS", "1_000_000"))
"""The number of calls after which reference counts must be right; ten times as many take a minute."""


class Claimant:
    """A key that hashes like "p" and cannot be compared."""

    def __hash__(self) -> int:
        return hash("p")

    def __eq__(self, other: object) -> bool:
        raise LookupError("no")


class Stopper(Claimant):
    """A key whose comparison stops the program."""

    __hash__ = Claimant.__hash__

    def __eq__(self, other: object) -> bool:
        raise KeyboardInterrupt


def hand_on(*_: object) -> None:
    """Answer the calls that are handed on."""


class Maker:
    """Gives the same object as every answer."""

    def __init__(self, given: object) -> None:
        self.given = given

    def answer(self, _condition: int, _match: int) -> object:
        return self.given


def hasher(*uppers: int) -> Any:
    return accelerator.Hasher("flag-a.", "variant", uppers, 200)


@pytest.mark.slow
def test_reference_counts_stand_still_over_many_calls() -> None:
    distinct_id, value, key = (os.urandom(n).hex() for n in (18, 9, 4))
    words = tuple(object() for _ in range(3))
    out, nothing = object(), object()
    number = ("any", ("gt", key, 0.0), ("not", ("lte", key, -5.0)))
    word = accelerator.TextTest(key, "contains", (value[:8],), False)
    everyone, nobody, third = hasher(1 << 60), hasher(0), hasher(1 << 58, 1 << 59)
    by_number = (number, everyone, third, words, out, False)
    by_word = (("all", word), nobody, None, (words[0],), out, True)
    plain = accelerator.PlainFlag((by_number, by_word), nothing, hand_on)
    found, wide, large = {key: 5}, {key: "é"}, {key: 10**400}
    failing, stopping = {Claimant(): 5}, {Stopper(): 5}
    other = accelerator.PlainFlag((), nothing, hand_on)
    own = accelerator.PlainFlag(((("gt", "p", 0.0), None, None, words[:1], out, 0),), 0, hand_on)
    made = accelerator.PlainFlag(
        ((("all",), None, None, (None,), None, False),), None, Maker(nothing)
    )
    surrogate = distinct_id + "\ud800"
    held = [distinct_id, value, key, *words, out, nothing, everyone, nobody, third, word, plain]
    held += [found, wide, large, failing, stopping, other, own, surrogate, hand_on]
    calls: list[tuple[Any, tuple[Any, ...]]] = [
        (plain, (distinct_id, found)),
        (plain, (distinct_id, {key: -7.5})),
        (plain, (distinct_id, {key: value})),
        (plain, (distinct_id, wide)),
        (plain, (distinct_id, large)),
        (plain, (surrogate, found)),
        (plain, (distinct_id, found, None)),
        (plain, (None, None)),
        (other, (distinct_id, found)),
        (made, (distinct_id, found)),
        (own, (distinct_id, failing)),
        (own, (distinct_id, stopping)),
    ]
    for call, arguments in calls:
        _assert_steady(held, call, arguments)


def _assert_steady(
    held: list[Any], call: Callable[..., object], arguments: tuple[Any, ...]
) -> None:
    def run() -> None:
        for _ in repeat(None, CALLS // 30):
            with suppress(KeyboardInterrupt):
                call(*arguments)

    references, blocks = growth(run, held)
    assert references == [0] * len(held)
    assert blocks < 100


def test_dropped_flags_and_failed_constructions_leak_nothing() -> None:
    key, match, everyone = os.urandom(4).hex(), object(), hasher(1 << 60)
    fine = (("gt", key, 0.0), everyone, everyone, (match, match), match, False)
    deep: Any = ("gt", key, 0.0)
    for _ in range(300):
        deep = ("all", ("lt", key, 1.0), deep)
    bad = [("gt", key, 1), ("all", ("gt", key, 1.0), ("gt", key, 1)), ("not", deep), None]
    conditions = [
        (fine,) * 5,
        *((fine, (test, *fine[1:])) for test in bad),
        (fine, (*fine[:3], (match,), match, False)),
        (fine, fine[:3]),
        (fine, None),
    ]

    def run() -> None:
        for given in conditions:
            for _ in repeat(None, 1_000):
                with suppress(TypeError, ValueError):
                    accelerator.PlainFlag(given, match, hand_on)

    references, blocks = growth(run, (key, match, everyone, hand_on))
    assert references == [0] * 4
    assert blocks < 200


class Node:
    """An object that can reference a flag and be referenced weakly."""

    flag: Any = None

    def __call__(self, *_: object) -> "Node":
        return self


@pytest.mark.parametrize("place", ["otherwise", "nothing", "out", "matches"])
def test_a_circle_through_any_of_its_objects_is_collected(place: str) -> None:
    node = Node()
    objects = dict.fromkeys(["otherwise", "nothing", "out", "matches"], None) | {place: node}
    condition = (("gt", "p", 0.0), None, None, (objects["matches"],), objects["out"], False)
    node.flag = accelerator.PlainFlag((condition,), objects["nothing"], objects["otherwise"])
    gone = weakref.ref(node)
    del node, objects, condition
    gc.collect()
    assert gone() is None


def test_a_circle_through_an_answer_that_was_made_is_collected() -> None:
    node = Node()
    condition = (("all",), None, None, (None,), None, False)
    node.flag = accelerator.PlainFlag((condition,), None, Maker(node))
    assert node.flag("user-1", {}) is node
    gone = weakref.ref(node)
    del node
    gc.collect()
    assert gone() is None


def test_a_flag_that_is_called_while_its_circle_is_collected_does_no_harm() -> None:
    answers: list[object] = []

    class Dying(Node):
        def __del__(self) -> None:
            answers.append(self.flag("user-1", {"p": 1}))
            answers.append(self.flag("user-1", {}) is self)

    node = Dying()
    condition = (("gt", "p", 0.0), hasher(1 << 60), None, ("match",), node, False)
    node.flag = accelerator.PlainFlag((condition,), node, node)
    del node, condition
    gc.collect()
    assert answers == ["match", True]


def test_threads_share_a_flag_and_a_dict_that_changes() -> None:
    word = accelerator.TextTest("p", "contains", ("needle",), False)
    test = ("any", ("gt", "n", 10.0), word)
    plain = accelerator.PlainFlag(((test, None, None, ("match",), "out", 0),), "nothing", hand_on)
    props: dict[str, Any] = {"n": 11}
    stop = threading.Event()
    wrong: list[object] = []

    def disturb() -> None:
        for i in range(20_000):
            props["n"] = float(i + 20)
            props["p"] = f"{i} NEEDLE {i}"
            del props["n"]
            props["n"] = i + 300
            del props["p"]
        stop.set()

    def work() -> None:
        while not stop.is_set():
            if plain("user-1", props) not in ("match", None):
                wrong.append(dict(props))

    at_once(3, lambda number: (disturb, work, work)[number]())
    assert not wrong
