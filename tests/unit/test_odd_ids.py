"""Compiled flags treat ids that no request can contain as the interpreter does (SPEC R6.2)."""

from typing import Any

import pytest

from flagengine import Missing, Reason, Snapshot, evaluate_flag, explain
from flagengine.definitions.issues import IssueCode

IDS = ["\ud800", "x" * 199 + "\ud800", "x" * 200 + "\ud800", "é" * 300 + "\ud800", "", "é" * 300]
FILTERS = [
    {"operator": "icontains", "value": "x"},
    {"operator": "is_not", "value": "x"},
    {"operator": "is_set", "value": None},
    {"operator": "gt", "value": 1},
]


class Text(str):
    """A subclass of str."""

    __slots__ = ()


def _assert_alike(document: dict[str, Any], distinct_id: str, **options: Any) -> None:
    snapshot = Snapshot.parse(document)
    expected = explain(snapshot, "a", distinct_id, {}, **options).resolution
    for _ in range(3):
        assert evaluate_flag(snapshot, "a", distinct_id, {}, **options) == expected


def _document(condition: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"flags": [{"key": "a", "active": True, "filters": {"groups": [condition]}} | more]}


@pytest.mark.rule("R6.2", "R3.13")
@pytest.mark.parametrize("distinct_id", IDS, ids=ascii)
@pytest.mark.parametrize("algorithm", ["sha1", "murmur3"])
def test_what_is_cut_off_an_id_may_make_it_unusable(distinct_id: str, algorithm: str) -> None:
    flag = _document({"rollout_percentage": 50}, flagengine={"hash": algorithm})
    _assert_alike(flag, distinct_id)


@pytest.mark.rule("R6.2", "R6.3")
@pytest.mark.parametrize("distinct_id", IDS, ids=ascii)
@pytest.mark.parametrize("filter_", FILTERS, ids=lambda filter_: filter_["operator"])
@pytest.mark.parametrize("complete", [False, True])
def test_an_unusable_id_is_no_property(
    distinct_id: str, filter_: dict[str, Any], complete: bool
) -> None:
    condition = {"properties": [{"key": "distinct_id", "type": "person", **filter_}]}
    _assert_alike(_document(condition), distinct_id)
    _assert_alike(_document(condition), distinct_id, complete=complete)


@pytest.mark.rule("R3.16")
@pytest.mark.parametrize("algorithm", ["sha1", "murmur3"])
@pytest.mark.parametrize("distinct_id", ["", b"", Text("")], ids=ascii)
def test_every_call_takes_the_empty_id_as_the_first_does(algorithm: str, distinct_id: Any) -> None:
    few = [{"key": "few", "rollout_percentage": 1}, {"key": "most", "rollout_percentage": 99}]
    filters = {"groups": [{"rollout_percentage": 0}], "multivariate": {"variants": few}}
    flag = {"key": "a", "active": True, "filters": filters, "flagengine": {"hash": algorithm}}
    snapshot = Snapshot.parse({"flags": [flag]})
    for _ in range(3):
        assert evaluate_flag(snapshot, "a", distinct_id).value == "few"
        assert evaluate_flag(snapshot, "a", "user-1").value is False


@pytest.mark.rule("R6.8")
def test_no_call_takes_an_empty_device_id() -> None:
    snapshot = Snapshot.parse(
        _document({"rollout_percentage": 50}, bucketing_identifier="device_id")
    )
    for _ in range(3):
        found = evaluate_flag(snapshot, "a", "user-1", {"$device_id": ""})
        assert found.missing.device_id
        assert evaluate_flag(snapshot, "a", "user-1", {}, device_id="") == found


@pytest.mark.rule("R3.16")
def test_an_explanation_names_the_empty_id() -> None:
    found = explain(_document({"rollout_percentage": 0}), "a", "")
    assert "(0.000000 <= 0, by empty distinct id)" in str(found)


@pytest.mark.rule("R2.1")
def test_a_flag_key_that_cannot_be_hashed_has_no_slot() -> None:
    document = _document({"rollout_percentage": 50})
    document["flags"].append(document["flags"][0] | {"key": "\ud800"})
    snapshot = Snapshot.parse(document)
    assert list(snapshot.keys) == ["a"]
    assert [(issue.code, issue.pointer) for issue in snapshot.issues] == [
        (IssueCode.WRONG_TYPE, "/flags/1/key")
    ]
    for _ in range(3):
        assert evaluate_flag(snapshot, "\ud800", "user-1").reason is Reason.UNKNOWN_FLAG


def test_what_stands_behind_a_draw_that_ends_the_walk_is_not_missing() -> None:
    """Also if the draw is unknown because there is no device id (SPEC R5.9)."""
    two = [{"key": key, "rollout_percentage": 50} for key in ("on", "off")]
    later = {"properties": [{"key": "plan", "type": "person", "value": "pro"}]}
    filters = {"groups": [{"properties": []}, later], "multivariate": {"variants": two}}
    document = _document({}, filters=filters, bucketing_identifier="device_id")
    _assert_alike(document, "user-1")
    snapshot = Snapshot.parse(document)
    for _ in range(3):
        assert evaluate_flag(snapshot, "a", "user-1").missing == Missing(device_id=True)
