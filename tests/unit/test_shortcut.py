"""``evaluate_flag`` behaves the same with and without its part in C."""

import copy
import gc
import inspect
import pickle
import sys
import weakref
from typing import Any

import pytest

import flagengine
from flagengine import Snapshot, SnapshotError, evaluate_flag
from flagengine.snapshot import evaluators_of

_accelerator = pytest.importorskip("flagengine.native._accelerator")

PLAN = {"key": "plan", "type": "person", "value": "pro"}
SNAPSHOT = Snapshot.parse(
    {"flags": [{"key": "f", "active": True, "filters": {"groups": [{"properties": [PLAN]}]}}]}
)


@pytest.fixture(autouse=True)
def compiled() -> None:
    SNAPSHOT.evaluator("f")


def test_it_is_used():
    assert type(evaluate_flag) is _accelerator.Shortcut


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ((SNAPSHOT, "f", "u", {"plan": "pro"}), {}),
        ((SNAPSHOT, "f", "u", {"plan": "free"}), {}),
        ((SNAPSHOT, "f", "u", None), {}),
        ((SNAPSHOT, "f", "u"), {}),
        ((SNAPSHOT, "f", 7, {"plan": "pro"}), {}),
        ((SNAPSHOT, "f", "\ud800", {"plan": "pro"}), {}),
        ((SNAPSHOT, "g", "u", {"plan": "pro"}), {}),
        ((SNAPSHOT, "f", "u", {}), {"complete": True}),
        ((SNAPSHOT, "f", "u"), {"props": {"plan": "pro"}}),
        ((SNAPSHOT,), {"key": "f", "distinct_id": "u"}),
        (({"flags": []}, "f", "u", {}), {}),
        (('{"flags": []}', "f", "u", {}), {}),
    ],
)
def test_it_answers_as_the_function(arguments: Any, options: Any):
    function = inspect.unwrap(evaluate_flag)
    assert function is not evaluate_flag
    assert evaluate_flag(*arguments, **options) == function(*arguments, **options)


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ((), {}),
        ((SNAPSHOT, "f"), {}),
        ((SNAPSHOT, "f", "u", {}, {}), {}),
        ((SNAPSHOT, [], "u", {}), {}),
        ((SNAPSHOT, "f", "u", 5), {}),
        ((SNAPSHOT, "f", "u", {}), {"group": {}}),
        ((5, "f", "u", {}), {}),
        ((Snapshot.__new__(Snapshot), "f", "u", {}), {}),
    ],
)
def test_it_raises_as_the_function(arguments: Any, options: Any):
    with pytest.raises(Exception) as wanted:  # noqa: PT011 whatever it is
        inspect.unwrap(evaluate_flag)(*arguments, **options)
    with pytest.raises(type(wanted.value)) as found:
        evaluate_flag(*arguments, **options)
    assert str(found.value) == str(wanted.value)


def test_it_looks_like_the_function():
    function = inspect.unwrap(evaluate_flag)
    assert evaluate_flag.__name__ == "evaluate_flag"
    assert evaluate_flag.__doc__ == function.__doc__
    assert inspect.signature(evaluate_flag) == inspect.signature(function)
    assert inspect.isroutine(evaluate_flag)
    assert repr(evaluate_flag) == repr(function)
    assert pickle.loads(pickle.dumps(evaluate_flag)) is flagengine.evaluate_flag
    assert copy.deepcopy(evaluate_flag) is evaluate_flag


def test_it_is_a_method_where_a_function_would_be():
    holder: Any = type("Holder", (), {"ask": evaluate_flag})
    with pytest.raises(SnapshotError):  # the instance comes first, and is no snapshot
        holder().ask("f", "u")
    assert holder.ask(SNAPSHOT, "f", "u", {"plan": "pro"}).value is True


@pytest.mark.parametrize(
    "snapshot_type", [int, str, dict, type("Odd", (), {"_table": 5}), Snapshot]
)
def test_any_type_of_snapshot_and_any_arguments_are_harmless(snapshot_type: Any):
    def function(*arguments: Any) -> str:
        return f"{len(arguments)} arguments"

    call = _accelerator.Shortcut(function, snapshot_type, function)
    first = snapshot_type() if snapshot_type is not Snapshot else SNAPSHOT
    assert call(first, "nobody's", "u", {}) == "4 arguments"
    for arguments in [(), (None,), (None,) * 4, (None,) * 9]:
        assert call(*arguments) == f"{len(arguments)} arguments"
    with pytest.raises(TypeError):
        _accelerator.Shortcut(function, 5, function)
    with pytest.raises(TypeError, match="a subclass of Answers"):
        _accelerator.Shortcut(function, Snapshot, function, dict)
    with pytest.raises(TypeError):
        _accelerator.Shortcut()


def test_it_leaks_nothing():
    arguments = (SNAPSHOT, "f", "u", {"plan": "pro"})
    answer = evaluate_flag(*arguments)
    before = [sys.getrefcount(item) for item in (answer, *arguments)]
    for _ in range(10_000):
        evaluate_flag(*arguments)
        evaluate_flag(SNAPSHOT, "unknown", "u", arguments[3])
    assert [sys.getrefcount(item) for item in (answer, *arguments)] == before


@pytest.mark.skipif(
    not getattr(sys, "_is_gil_enabled", lambda: True)(),
    reason="without the GIL, it lives as long as the process",
)
def test_a_circle_through_it_is_collected():
    class Function:
        call: Any = None

        def __call__(self, *_: Any) -> None: ...

    function = Function()
    function.call = _accelerator.Shortcut(function, Snapshot, function)
    function.call.itself = function.call
    gone = weakref.ref(function)
    del function
    gc.collect()
    assert gone() is None


def test_a_flag_is_compiled_at_its_first_use_if_it_is_plain_else_at_its_second():
    plain, by_device = (
        Snapshot.parse({"flags": [{"key": "f", "active": True, "filters": {}, **more}]})
        for more in ({}, {"bucketing_identifier": "device_id", "filters": {"groups": [{}]}})
    )
    for snapshot, uses in ((plain, (0, 1, 1)), (by_device, (0, 0, 1, 1))):
        for known in uses:
            assert len(evaluators_of(snapshot).compiled) == known
            assert evaluate_flag(snapshot, "f", "u", {}).value is (snapshot is by_device)
