"""Overrides of snapshot and call are the same compiled and interpreted (SPEC R11.5, R14)."""

from typing import Any

import pytest

from flagengine import Reason, Snapshot, evaluate, evaluate_flag, explain


def _document(chain: list[str]) -> dict[str, Any]:
    filter_ = {"key": chain[-1], "type": "flag", "operator": "flag_evaluates_to", "value": True}
    depends = {"properties": [filter_ | {"dependency_chain": chain}], "rollout_percentage": 0}
    return {
        "flags": [
            {"key": "base", "active": True, "filters": {"groups": [{"properties": []}]}},
            {"key": "top", "active": True, "filters": {"groups": [depends]}},
        ]
    }


@pytest.mark.rule("R14.2")
def test_an_override_of_the_snapshot_breaks_a_circle() -> None:
    document = _document(["base"])
    document["flags"][0]["filters"] = _document(["top"])["flags"][1]["filters"]
    document["flags"][0]["filters"]["groups"][0]["rollout_percentage"] = 100
    snapshot = Snapshot.parse(document).with_overrides({"top": True})
    for _ in range(3):  # interpreted, compiled, remembered
        assert evaluate_flag(snapshot, "base", "user-1").value is True
        assert evaluate_flag(snapshot, "top", "user-1").reason is Reason.OVERRIDDEN
    assert dict(evaluate(snapshot, "user-1"))["base"].value is True


@pytest.mark.rule("R11.5", "R14.2")
@pytest.mark.parametrize(
    ("chain", "overrides", "reason"),
    [
        (["base"], {"base": None}, Reason.OUT_OF_ROLLOUT_BOUND),
        (["base"], {"base": False}, Reason.NO_CONDITION_MATCH),
        (["absent"], {}, Reason.OUT_OF_ROLLOUT_BOUND),
        (["absent"], {"absent": False}, Reason.NO_CONDITION_MATCH),
        (["absent", "base"], {"absent": None}, Reason.OUT_OF_ROLLOUT_BOUND),
        (["absent", "base"], {"absent": True}, Reason.OUT_OF_ROLLOUT_BOUND),
        (["top"], {"top": None}, Reason.OVERRIDDEN),
    ],
)
def test_an_override_of_the_snapshot_breaks_a_dependency_or_mends_it(
    chain: list[str], overrides: dict[str, Any], reason: Reason
) -> None:
    snapshot = Snapshot.parse(_document(chain)).with_overrides(overrides)
    expected = explain(snapshot, "top", "user-1").resolution
    assert expected.reason is reason
    for _ in range(3):
        assert evaluate_flag(snapshot, "top", "user-1") == expected
    assert snapshot.evaluator("top")("user-1", {}) == expected


@pytest.mark.rule("R14.1", "R14.6", "R14.7")
@pytest.mark.parametrize("below", [{"base": False}, {"flags": {}, "payloads": {"base": {"p": 1}}}])
@pytest.mark.parametrize("above", [False, {"base": True}, {"payloads": False}, {"other": True}])
def test_a_calls_overrides_lie_over_those_of_the_snapshot(below: Any, above: Any) -> None:
    snapshot = Snapshot.parse(_document(["base"])).with_overrides(below)
    for key in ("base", "top"):
        expected = explain(snapshot, key, "user-1", overrides=above).resolution
        for _ in range(3):
            assert evaluate_flag(snapshot, key, "user-1", overrides=above) == expected
