"""Assignment seeds in all spellings and depths, and the names that only look like seeds."""

from __future__ import annotations

from typing import Any

import pytest

from flagengine.transports.flags.seeds import event_without_seeds, is_seed, without_seeds


@pytest.mark.parametrize(
    "name",
    [
        "seed",
        "Seed",
        "$seed",
        "holdout_seed",
        "holdout-seed",
        "assignmentSeed",
        "$feature_flag_seed",
    ],
)
def test_a_seed_has_many_spellings(name: str) -> None:
    assert is_seed(name)


@pytest.mark.parametrize("name", ["seeds", "seedling", "linseed", "seed_id", "", 3])
def test_other_names_are_none(name: Any) -> None:
    assert not is_seed(name)


def test_they_are_left_out_at_every_depth_and_nothing_is_changed() -> None:
    value = {"seed": 1, "a": [{"b": ({"c_seed": 2, "d": 3},)}]}
    assert without_seeds(value) == {"a": [{"b": [{"d": 3}]}]}
    assert value["seed"] == 1


def test_a_value_nested_too_deep_is_refused_and_leaves_its_event() -> None:
    deep: Any = []
    for _ in range(200):
        deep = [deep]
    with pytest.raises(ValueError, match="at most 128 levels"):
        without_seeds(deep)
    assert event_without_seeds({"deep": deep, "kept": 1}) == {"kept": 1}


def test_names_that_customers_chose_are_kept_and_their_values_searched() -> None:
    properties = {
        "$groups": {"seed": "acme"},
        "$set": {"my_seed": {"seed": 1, "a": 2}},
        "$set_once": {"seed": 3},
        "$feature/my_seed": True,
        "other": {"$groups": {"seed": 4}},
    }
    assert event_without_seeds(properties) == {
        "$groups": {"seed": "acme"},
        "$set": {"my_seed": {"a": 2}},
        "$set_once": {"seed": 3},
        "$feature/my_seed": True,
        "other": {"$groups": {}},
    }
