"""Caches are limited, and answers stay the same after entries are evicted."""

from gc import collect
from typing import Any
from weakref import ref

import pytest

from flagengine import Reason, Snapshot, evaluate_flag, explain
from flagengine.operators.patterns import compile_pattern


def person(key: str) -> dict[str, Any]:
    return {"key": key, "type": "person", "operator": "exact", "value": "x"}


def flag(key: str, *filters: dict[str, Any]) -> dict[str, Any]:
    return {"key": key, "active": True, "filters": {"groups": [{"properties": list(filters)}]}}


def test_unresolved_answers_stay_right_when_the_compiled_flag_forgets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("flagengine.compiled.runtime._REMEMBERED", 1)
    on = {
        "key": "below",
        "type": "flag",
        "operator": "flag_evaluates_to",
        "value": True,
        "dependency_chain": ["below"],
    }
    below = flag("below", person("a"), person("b"))
    snapshot = Snapshot.parse({"flags": [flag("above", on, person("c")), below]})
    calls: list[dict[str, str]] = [{}, {"a": "x"}, {"b": "x"}, {"c": "x"}, {"a": "x", "b": "x"}]
    for props in calls * 3:
        for key in ("above", "below"):
            expected = explain(snapshot, key, "user-1", props).resolution
            assert evaluate_flag(snapshot, key, "user-1", props) == expected


def test_a_compiled_pattern_is_its_text() -> None:
    assert {compile_pattern("a.c"), compile_pattern("a.c")} == {compile_pattern("a.c")}
    assert compile_pattern("a.c") != compile_pattern("a.b")


def test_overridden_answers_stay_right_when_they_are_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("flagengine.compiled.evaluators._MAX_FORCED", 2)
    snapshot = Snapshot.parse({"flags": [flag("beta", person("a"))]})
    for value in [True, False, "blue", None] * 3:
        resolution = evaluate_flag(snapshot, "beta", "user-1", {}, overrides={"beta": value})
        assert (resolution.value, resolution.reason) == (value, Reason.OVERRIDDEN)


def test_nothing_is_remembered_of_keys_that_do_not_exist() -> None:
    snapshot = Snapshot.parse({"flags": [flag("beta", person("a"))]})
    evaluator = snapshot.evaluator("gamma")
    resolution = evaluator("user-1", {"a": "x"})
    assert (resolution.value, resolution.reason) == (None, Reason.UNKNOWN_FLAG)
    remembered = ref(evaluator)
    del evaluator
    collect()
    assert remembered() is None
