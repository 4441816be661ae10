"""A document that was just compared is compared by what was done to it: every change must be noticed.

Each change is followed by one that undoes it, with other objects of the same content.
"""

import json
import sys
import types
from collections.abc import Callable
from typing import Any

import pytest

from flagengine.native import accelerator
from flagengine.values.known_json import KnownJson, json_copy

Json = dict[str, Any]


def document() -> Json:
    """Return a document that shares no object with another one."""
    found: Json = json.loads(
        '{"flags": [{"key": "beta", "rules": [["a", "b", 1.5], [], [{"x": [2000, "c"]}]]}], "more": {"n": {}}}'
    )
    return found


def rules(given: Json) -> list[Any]:
    found: list[Any] = given["flags"][0]["rules"]
    return found


def _cleared_and_filled(given: Json) -> None:
    members = dict(given["more"])
    given["more"].clear()
    given["more"].update(members, p=1)


def _merged(given: Json) -> None:
    given["more"] |= {"n": []}


#: A change of content, at each level and by each way in which CPython changes a dict or list.
CHANGES: dict[str, Callable[[Json], object]] = {
    "set": lambda given: given.__setitem__("more", 1),
    "add": lambda given: given.update(extra=None),
    "delete": lambda given: given.__delitem__("more"),
    "pop": lambda given: given.pop("more"),
    "popitem": lambda given: given.popitem(),
    "clear": lambda given: given["flags"][0].clear(),
    "clear and fill": _cleared_and_filled,
    "merge": _merged,
    "setdefault": lambda given: given["more"].setdefault("o", 1),
    "init": lambda given: given["more"].__init__(n=1),
    "move to the end": lambda given: given.update(flags=given.pop("flags")),
    "fill the empty dict": lambda given: given["more"]["n"].update({"a": 1}),
    "an equal number of another type": lambda given: rules(given)[2][0]["x"].__setitem__(0, 2000.0),
    "set in a list": lambda given: rules(given)[0].__setitem__(1, "B"),
    "append": lambda given: rules(given)[1].append(1),
    "extend": lambda given: rules(given)[0].extend([1]),
    "insert": lambda given: rules(given)[0].insert(0, "z"),
    "reverse": lambda given: rules(given)[0].reverse(),
    "sort": lambda given: rules(given)[2][0]["x"].sort(key=str, reverse=True),
    "remove": lambda given: rules(given)[0].remove("a"),
    "clear a list": lambda given: rules(given).clear(),
    "slice": lambda given: rules(given)[0].__setitem__(slice(0, 2), ["b", "a"]),
    "the container in a list": lambda given: rules(given)[2].__setitem__(0, {"x": [2000, "d"]}),
    "the list in a list": lambda given: rules(given).__setitem__(1, [0]),
    "another kind of container": lambda given: rules(given).__setitem__(1, {}),
    "a number for a container": lambda given: rules(given).__setitem__(1, 0),
    "a container for a number": lambda given: rules(given)[0].__setitem__(2, []),
}


def _known() -> tuple[Any, Json]:
    """Return a document that was compared twice, and what it is compared with."""
    given = document()
    copy = json_copy(given, 1_000)
    assert copy is not None
    known = KnownJson(copy)
    assert known.same(given)
    assert known.same(given)
    return known, given


@pytest.mark.rule("R1.9")
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_change_is_noticed(change: Callable[[Json], object]) -> None:
    known, given = _known()
    change(given)
    assert not known.same(given)
    assert not known.same(given)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_was_changed_back_is_the_same_again(change: Callable[[Json], object]) -> None:
    known, given = _known()
    change(given)
    assert not known.same(given)
    given.clear()
    given.update(document())
    for _ in range(3):
        assert known.same(given)
    change(given)
    assert not known.same(given)


def test_other_documents_between_change_nothing() -> None:
    known, given = _known()
    for _ in range(3):
        assert known.same(document())
        assert not known.same({})
        assert known.same(given)
    rules(given)[0][0] = "A"
    assert known.same(document())
    assert not known.same(given)


@pytest.mark.skipif(accelerator is None, reason="Python code recognises no tuple")
def test_tuples_are_compared_like_lists() -> None:
    known, given = _known()
    given["flags"] = tuple(given["flags"])
    given["flags"][0]["rules"] = tuple(tuple(rule) for rule in rules(given))
    for _ in range(3):
        assert known.same(given)
    rules(given)[2][0]["x"][1] = "d"
    assert not known.same(given)


def test_a_new_object_at_the_address_of_an_old_one_is_another() -> None:
    known, _ = _known()
    for _ in range(20):
        given = document()  # its numbers are not those of the copy
        assert known.same(given)
        rule = rules(given)[0]
        address = id(rule[2])
        rule[2] = None  # frees the number, so that the next one takes its place
        others = [float(number) for number in range(20)]
        rule[2] = next((other for other in others if id(other) == address), 0.5)
        assert not known.same(given)
        given = document()
        assert known.same(given)
        address = id(rules(given)[2][0])
        rules(given)[2][0] = None
        rules(given)[2][0] = {"x": [2000, "d"]}
        assert not known.same(given)


def test_the_attributes_of_an_object_are_read_anew() -> None:
    """Python code that sets an attribute may go past the dict."""

    class Settings:
        def __init__(self) -> None:
            self.flags: list[object] = []
            self.mode = "one"

    settings = Settings()
    for given in (vars(settings), vars(types.SimpleNamespace(flags=[], mode="one"))):
        known = KnownJson({"flags": [], "mode": "one"})
        assert known.same(given)
    for _ in range(3):
        assert known.same(vars(settings))
        settings.mode = "two"
        assert not known.same(vars(settings))
        settings.mode = "one"


def test_neither_containers_nor_texts_are_kept() -> None:
    known, given = _known()
    other = document()
    containers: list[object] = [other, other["more"], other["flags"], rules(other)]
    texts = [rules(other)[0][0]]
    before = _counts(containers), _counts(texts)
    for _ in range(3):
        assert known.same(other)
    assert _counts(containers) == before[0]
    assert known.same(given)  # takes the place of the other
    assert (_counts(containers), _counts(texts)) == before


def _counts(objects: list[object]) -> list[int]:
    return [sys.getrefcount(each) for each in objects]
