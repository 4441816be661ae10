"""The forms of overrides, and the combination of layers (SPEC R14)."""

import pickle
from typing import Any

import pytest

from flagengine import Overrides, Snapshot, evaluate, evaluate_flag
from flagengine.inputs.overrides import NO_OVERRIDES


def _flag(key: str, **filters: Any) -> dict[str, Any]:
    return {"key": key, "active": True, "filters": {"groups": [{}], **filters}}


def _depending_on(key: str, value: Any, **more: Any) -> dict[str, Any]:
    filter_ = {"key": key, "type": "flag", "operator": "flag_evaluates_to", "value": value}
    filter_["dependency_chain"] = [key]
    return {
        "key": "top",
        "active": True,
        "filters": {"groups": [{"properties": [filter_]}]},
        **more,
    }


@pytest.mark.rule("R14.3", "R14.4", "R14.5")
@pytest.mark.parametrize(
    ("written", "flags", "payloads"),
    [
        (None, {}, {}),
        ({}, {}, {}),
        ({"a": True, "b": "v", "c": None}, {"a": True, "b": "v", "c": None}, {}),
        (["a", "b"], {"a": True, "b": True}, {}),
        (("a",), {"a": True}, {}),
        ({"a"}, {"a": True}, {}),
        ({"flags": ["a"]}, {"a": True}, {}),
        ({"flags": {"a": False}, "payloads": {"a": [1]}}, {"a": False}, {"a": "[1]"}),
        ({"payloads": {"a": "text"}}, {}, {"a": '"text"'}),
        ({"flags": True}, {"flags": True}, {}),
        ({"flags": "v", "payloads": None}, {"flags": "v", "payloads": None}, {}),
        ({"payloads": "v"}, {"payloads": "v"}, {}),
        ({"flags": None, "payloads": {"a": None}}, {}, {"a": "null"}),
    ],
)
def test_the_forms_are_read(written: Any, flags: Any, payloads: Any):
    found = Overrides.parse(written)
    assert found.to_dict() == {"flags": flags, "payloads": payloads}
    assert bool(found) == bool(flags or payloads)


_VALUES = "True, False, a variant key, a finite number, an object or None"


@pytest.mark.rule("R14.5")
@pytest.mark.parametrize(
    ("written", "message"),
    [
        (True, "a list or set of flag keys, or False, got bool"),
        ("a", "a list or set of flag keys, or False, got str"),
        (5, "got int"),
        ({"a": ["x"]}, f"the override of 'a' must be {_VALUES}, got list"),
        ({"a": float("nan")}, f"the override of 'a' must be {_VALUES}, got float"),
        ({5: True}, "a flag key must be text, got int"),
        ([5], "a flag key must be text, got int"),
        ({"payloads": {"a": object()}}, "the payload override of 'a' must be JSON, got object"),
    ],
)
def test_anything_else_is_a_type_error_that_says_so(written: Any, message: str):
    with pytest.raises(TypeError) as caught:
        Overrides.parse(written)
    assert message in str(caught.value)


def test_the_upper_layer_wins_key_by_key():
    lower = Overrides.parse({"flags": {"a": True, "b": "x"}, "payloads": {"a": 1}})
    upper = Overrides.parse({"flags": {"b": None}, "payloads": {"b": 2}})
    assert (lower | upper).to_dict() == {
        "flags": {"a": True, "b": None},
        "payloads": {"a": "1", "b": "2"},
    }
    assert (lower | NO_OVERRIDES) == lower
    assert (NO_OVERRIDES | lower) == lower


def test_false_hides_the_layers_below():
    lower = Overrides.parse({"flags": {"a": True}, "payloads": {"a": 1}})
    assert not lower | Overrides.parse(False)
    kept = lower | Overrides.parse({"flags": False})
    assert kept.to_dict() == {"flags": {}, "payloads": {"a": "1"}}
    kept = lower | Overrides.parse({"payloads": False})
    assert kept.to_dict() == {"flags": {"a": True}, "payloads": {}}
    # A layer that clears still clears below another layer.
    cleared = Overrides.parse(False) | Overrides.parse(["b"])
    assert (lower | cleared).to_dict() == {"flags": {"b": True}, "payloads": {}}


@pytest.mark.rule("R14.5")
@pytest.mark.parametrize(
    ("value", "flags", "payloads"),
    [
        ({"b": False}, {"b": False}, {"a": "1"}),
        (["b"], {"b": True}, {"a": "1"}),
        ({"flags": True}, {"flags": True}, {"a": "1"}),
        ({"flags": ["b"]}, {"b": True}, {"a": "1"}),
        ({"payloads": {"b": 2}}, {"a": True}, {"b": "2"}),
        ({"flags": False}, {}, {"a": "1"}),
        ({"payloads": False}, {"a": True}, {}),
        ({"flags": ["b"], "payloads": {"b": 2}}, {"b": True}, {"b": "2"}),
        (None, {}, {"a": "1"}),
        (False, {}, {}),
    ],
)
def test_a_replacement_replaces_only_what_it_names(value: Any, flags: Any, payloads: Any):
    old = Overrides.parse({"flags": {"a": True}, "payloads": {"a": 1}})
    new = old.replaced_by(value)
    assert new == Overrides(flags, payloads)
    assert old.to_dict() == {"flags": {"a": True}, "payloads": {"a": "1"}}


def test_overrides_are_immutable_equal_by_content_hashable_and_picklable():
    written = {"flags": {"a": True}, "payloads": {"a": {"p": 1}}}
    first, second = Overrides.parse(written), Overrides.parse(written)
    written["flags"]["a"] = False
    assert first == second
    assert hash(first) == hash(second)
    assert pickle.loads(pickle.dumps(first)) == first
    with pytest.raises(TypeError):
        first.flags["a"] = False  # type: ignore[index]
    with pytest.raises(AttributeError):
        first.flags = {}  # type: ignore[misc]


@pytest.mark.rule("R14.1")
def test_a_key_that_no_definition_has_is_in_the_results():
    snapshot = Snapshot.parse({"flags": [_flag("a")]})
    found = evaluate(snapshot, "user-1", overrides={"new": "v", "a": False})
    assert {key: resolution.value for key, resolution in found.items()} == {"a": False, "new": "v"}
    assert evaluate_flag(snapshot, "new", "user-1", overrides=["new"]).reason == "overridden"


@pytest.mark.rule("R14.6")
def test_an_overridden_value_has_the_payload_of_the_definition():
    flag = _flag("a", payloads={"true": "1", "v": "2", "false": "3"})
    snapshot = Snapshot.parse({"flags": [flag]})
    payloads = {
        value: evaluate_flag(snapshot, "a", "user-1", overrides={"a": value}).payload
        for value in (True, "v", "other", False, None)
    }
    assert payloads == {True: 1, "v": 2, "other": None, False: None, None: None}


@pytest.mark.rule("R14.2", "R11.5")
@pytest.mark.parametrize("of_snapshot", [True, False])
@pytest.mark.parametrize("base", ["defined", "deleted", "undefined"])
def test_a_dependency_has_its_overridden_value(base: str, *, of_snapshot: bool):
    below = [] if base == "undefined" else [_flag("base") | {"deleted": base == "deleted"}]
    snapshot = Snapshot.parse({"flags": [*below, _depending_on("base", "v")]})
    overrides = {"base": "v"}
    if of_snapshot:
        found = evaluate_flag(snapshot.with_overrides(overrides), "top", "user-1")
    else:
        found = evaluate_flag(snapshot, "top", "user-1", overrides=overrides)
    assert found.value is True


def test_a_snapshots_own_overrides_lie_below_those_of_a_call():
    snapshot = Snapshot.parse({"flags": [_flag("a")]}).with_overrides({"a": "x", "b": "y"})
    found = evaluate(snapshot, "user-1", overrides={"a": "z"})
    assert {key: resolution.value for key, resolution in found.items()} == {"a": "z", "b": "y"}
    assert evaluate_flag(snapshot, "a", "user-1", overrides=False).value is True
    twice = snapshot.with_overrides({"c": True})
    assert set(evaluate(twice, "user-1")) == {"a", "b", "c"}
