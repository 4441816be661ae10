"""Every published case, through the public API."""

from datetime import datetime
from typing import Any

import pytest

from flagengine import Missing, Resolution, Snapshot, SnapshotError, evaluate_flag


def _evaluated(case: dict[str, Any]) -> Resolution:
    options = dict(case["context"])
    distinct_id = options.pop("distinct_id")
    properties = options.pop("person_properties", None)
    if "now" in options:
        options["now"] = datetime.fromisoformat(options["now"])
    snapshot = Snapshot.parse(case["definitions"])
    return evaluate_flag(snapshot, case["flag_key"], distinct_id, properties, **options)


def _missing(missing: Missing) -> dict[str, Any]:
    parts = {
        "person_properties": sorted(missing.person_properties),
        "group_properties": sorted(map(list, missing.group_properties)),
        "groups": sorted(missing.groups),
        "device_id": missing.device_id,
        "distinct_id": missing.distinct_id,
    }
    return {name: part for name, part in parts.items() if part}


def _answer(resolution: Resolution) -> dict[str, Any]:
    if resolution.unresolved_reason is not None:
        return {
            "unresolved_reason": resolution.unresolved_reason.value,
            "missing": _missing(resolution.missing),
        }
    return {
        "value": resolution.value,
        "reason": resolution.reason.value,
        "condition_index": resolution.condition_index,
        "payload": resolution.raw_payload,
        "description": resolution.description,
    }


def _compared(expected: dict[str, Any]) -> dict[str, Any]:
    """What has to be equal: the members given, and that there is no payload where none is given."""
    if "value" in expected:
        return {"payload": None, **expected}
    missing = expected.get("missing")
    if missing is None:
        return expected
    ordered = {name: part if part is True else sorted(part) for name, part in missing.items()}
    return {**expected, "missing": ordered}


def _differences(expected: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    wanted = _compared(expected)
    absent = object()
    return {
        name: (answer.get(name, "nothing"), value)
        for name, value in wanted.items()
        if answer.get(name, absent) != value or type(answer.get(name)) is not type(value)
    }


def test_the_case_gives_its_expected_answer(case: dict[str, Any]) -> None:
    answer = _answer(_evaluated(case))
    acceptable = [case["expected"]]
    if "also_acceptable" in case:
        acceptable.append(case["also_acceptable"])
    found = [_differences(expected, answer) for expected in acceptable]
    assert {} in found, (
        f"{case['id']} ({', '.join(case['rules'])}): {case['description']}: "
        f"(found, expected) differ in {found[0]}"
    )


def test_an_unresolved_case_has_no_value_and_no_payload(case: dict[str, Any]) -> None:
    resolution = _evaluated(case)
    if resolution.unresolved_reason is None:
        return
    assert (resolution.value, resolution.raw_payload) == (None, None)
    assert (resolution.reason.value, resolution.condition_index) == ("unresolved", None)


def test_the_document_gives_its_issues(document: dict[str, Any]) -> None:
    source = document["text"] if "text" in document else document["document"]
    if "error" in document:
        with pytest.raises(SnapshotError) as caught:
            Snapshot.parse(source)
        found = {"code": str(caught.value.code), "pointer": caught.value.pointer}
        assert found == document["error"], document["description"]
        return
    issues = [{"code": str(one.code), "pointer": one.pointer} for one in _issues(source)]
    assert sorted(issues, key=str) == sorted(document["issues"], key=str), document["description"]


def _issues(source: Any) -> Any:
    return Snapshot.parse(source).issues


def test_the_document_leaves_its_good_flags_alone(document: dict[str, Any]) -> None:
    if "error" in document:
        return
    source = document["text"] if "text" in document else document["document"]
    snapshot = Snapshot.parse(source)
    for key in document["fine"]:
        assert evaluate_flag(snapshot, key, "user-1").value is not None, key
    for key in document["unsupported"]:
        reason = evaluate_flag(snapshot, key, "user-1").unresolved_reason
        assert reason == "unsupported_definition", key
