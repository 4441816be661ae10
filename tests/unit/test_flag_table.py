"""The table in which the accelerator looks flags up: it finds what the dict of compiled flags has, once."""

import enum
import gc
import sys
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from flagengine import Snapshot, evaluate, evaluate_flag
from flagengine.native import accelerator

if accelerator is None:
    pytest.skip("tests the accelerator", allow_module_level=True)

FlagTable, Shortcut = accelerator.FlagTable, accelerator.Shortcut


class Holder:
    """What the table belongs to, as it does to a snapshot."""

    __slots__ = ("_table",)
    _table: object


def in_python(*_: object) -> str:
    return "in Python"


call = Shortcut(in_python, Holder, in_python)


def held(keys: Any, compiled: dict[str, Callable[..., Any]]) -> Holder:
    holder = Holder()
    holder._table = FlagTable(dict.fromkeys(keys), compiled)
    return holder


def asked(holder: Holder, key: object) -> Any:
    return call(holder, key, "user-1", {})


def answering(answer: str) -> Callable[..., str]:
    return lambda *_: answer


class Key(enum.StrEnum):
    """Keys as an application names them."""

    BETA = "beta"
    GAMMA = "gamma"


class Contrary(str):
    """Text that equals other text than it holds."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return other == "gamma"

    def __hash__(self) -> int:
        return hash("gamma")


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 100, 5_000])
def test_every_key_has_a_place_and_no_other_text_has(count: int) -> None:
    keys = [f"flag-{number}" for number in range(count)]
    holder = held(keys, {key: answering(key) for key in keys})
    for _ in range(2):
        assert [asked(holder, key) for key in keys] == keys
        assert [asked(holder, "".join(list(key))) for key in keys] == keys
        for other in ("", "flag-", f"flag-{count}", "flag-é", "\ud800"):
            assert asked(holder, other) == "in Python"


def test_a_key_may_be_of_a_subclass_of_text_that_only_adds_to_it() -> None:
    holder = held(["beta", "gamma"], {"beta": answering("b"), "gamma": answering("g")})
    assert [asked(holder, key) for key in Key] == ["b", "g"]
    assert asked(holder, Contrary("beta")) == "in Python"  # Python code knows what it means


@pytest.mark.parametrize("key", [None, 1, b"beta", ("beta",), ["beta"], object()])
def test_what_is_no_text_is_left_to_python_code(key: object) -> None:
    assert asked(held(["beta"], {"beta": answering("b")}), key) == "in Python"


def test_a_flag_is_found_as_soon_as_it_is_compiled_and_stays() -> None:
    compiled: dict[str, Callable[..., Any]] = {}
    holder = held(["beta"], compiled)
    assert asked(holder, "beta") == "in Python"
    compiled["beta"] = answering("first")
    assert asked(holder, "beta") == "first"
    compiled["beta"] = answering("another thread's")
    del compiled["beta"]
    assert asked(holder, "beta") == "first"


def test_without_a_table_python_code_answers() -> None:
    holder = Holder()
    assert asked(holder, "beta") == "in Python"
    for other in (None, {"beta": answering("b")}, 5):
        holder._table = other
        assert asked(holder, "beta") == "in Python"


@pytest.mark.parametrize(
    "arguments", [(), ({},), ([], {}), ({}, []), ({1: None}, {}), ({Key.BETA: None}, {})]
)
def test_other_arguments_are_refused(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError):
        FlagTable(*arguments)


def test_the_table_keeps_its_flags_and_is_freed_with_them() -> None:
    class Evaluator:
        holder: Any = None

        def __call__(self, *_: object) -> str:
            return "found"

    evaluator = Evaluator()
    compiled: dict[str, Callable[..., Any]] = {"beta": evaluator}
    holder = held(["beta"], compiled)
    assert asked(holder, "beta") == "found"
    evaluator.holder = holder  # a circle
    compiled.clear()
    gone = weakref.ref(evaluator)
    del evaluator
    gc.collect()
    assert asked(holder, "beta") == "found"
    del holder
    gc.collect()
    assert gone() is None


def test_looking_up_counts_no_references() -> None:
    evaluator = answering("b")
    holder = held(["beta"], {"beta": evaluator})
    asked(holder, "beta")
    before = sys.getrefcount(evaluator)
    for _ in range(1_000):
        asked(holder, "beta")
    assert sys.getrefcount(evaluator) == before


def test_many_threads_find_the_same_flag() -> None:
    keys = [f"flag-{number}" for number in range(200)]
    flags = [{"key": key, "active": True, "filters": {"groups": [{}]}} for key in keys]
    snapshot = Snapshot.parse({"flags": flags})
    barrier = threading.Barrier(4)
    found: list[list[int]] = []

    def read() -> None:
        barrier.wait()
        own = [id(evaluate_flag(snapshot, key, "user-1", {})) for key in keys]
        assert [id(evaluate(snapshot, "user-1", {})[key]) for key in keys] == own
        found.append(own)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(snapshot.evaluator(key)("user-1", {}).value is True for key in keys)
