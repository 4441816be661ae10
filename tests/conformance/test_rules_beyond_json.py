"""Rules that JSON files cannot show: Python values, purity, size, payload overrides."""

import copy
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import pytest

from flagengine import Snapshot, evaluate, evaluate_flag


def _flag(operator: str, operand: Any, **more: Any) -> dict[str, Any]:
    leaf = {"key": "p", "type": "person", "operator": operator, "value": operand}
    filters = {"groups": [{"properties": [leaf], "rollout_percentage": 100}], **more}
    return {"flags": [{"key": "flag-a", "active": True, "filters": filters}]}


def _value(operator: str, operand: Any, value: Any) -> bool | str | None:
    document = _flag(operator, operand)
    return evaluate_flag(document, "flag-a", "user-1", {"p": value}).value


class Plan(Enum):
    PRO = "pro"


@pytest.mark.rule("R7.6")
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_nan_and_infinities_count_as_null(value: float) -> None:
    assert _value("exact", "null", value) is True
    assert _value("gt", 0, value) is False


@pytest.mark.rule("R7.7")
@pytest.mark.parametrize(
    ("value", "rendered"),
    [
        (datetime(2024, 6, 1, 10, 30, tzinfo=UTC), "2024-06-01T10:30:00+00:00"),
        (date(2024, 6, 1), "2024-06-01"),
        (Decimal("1.50"), "1.5"),
        (UUID("12345678-1234-5678-1234-567812345678"), "12345678-1234-5678-1234-567812345678"),
        (Plan.PRO, "pro"),
        (("a", 1), '["a",1]'),
        ({"b", "a"}, '["a","b"]'),
        (frozenset({2, 1}), "[1,2]"),
        ("é".encode(), "é"),
    ],
)
def test_values_that_are_not_json_match_as_a_client_would_send_them(
    value: Any, rendered: str
) -> None:
    assert _value("exact", rendered, value) is True


class Choice(Enum):
    IN = "true"
    OUT = "no"


@pytest.mark.rule("R4.4", "R7.7")
@pytest.mark.parametrize(("value", "expected"), [(Choice.IN, True), (Choice.OUT, False)])
def test_people_opt_in_with_what_a_client_would_send_at_every_use_of_the_flag(
    value: Any, expected: bool
) -> None:
    flag = {"key": "flag-a", "active": True, "filters": {"feature_enrollment": True, "groups": []}}
    snapshot = Snapshot.parse({"flags": [flag]})
    props = {"$feature_enrollment/flag-a": value}
    found = [evaluate_flag(snapshot, "flag-a", "user-1", props).value for _ in range(3)]
    assert found == [expected] * 3


@pytest.mark.rule("R7.7", "R8.82")
def test_a_datetime_compares_as_a_date() -> None:
    assert _value("is_date_before", "2024-06-02", datetime(2024, 6, 1, tzinfo=UTC)) is True
    assert _value("is_date_exact", "2024-06-01", date(2024, 6, 1)) is True


@pytest.mark.rule("R7.7", "R18.1")
def test_a_date_is_the_start_of_its_day_and_text_elsewhere() -> None:
    assert _value("is_date_before", "2024-06-01T12:00:00Z", date(2024, 6, 1)) is True
    assert _value("icontains", "2024", date(2024, 6, 1)) is True


@pytest.mark.rule("R7.7", "R18.1")
@pytest.mark.parametrize(("operator", "operand"), [("gt", 4), ("exact", 5), ("icontains", "5")])
def test_bytes_are_the_text_that_they_encode_to_every_operator(operator: str, operand: Any) -> None:
    assert _value(operator, operand, b"5") is True


class Opaque:
    """A value that no client can send."""


@pytest.mark.rule("R7.8")
@pytest.mark.parametrize("value", [Opaque(), lambda: None, 1j, b"\xff\xfe"])
def test_a_value_that_nothing_can_convert_counts_as_not_given(value: Any) -> None:
    resolution = evaluate_flag(_flag("is_not", "x"), "flag-a", "user-1", {"p": value})
    assert resolution.unresolved_reason == "missing_context"
    assert resolution.missing.person_properties == ("p",)


def _circular() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


def _deep(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.rule("R7.9", "R2.18")
@pytest.mark.parametrize("operator", ["exact", "icontains", "regex", "gt", "semver_eq", "is_set"])
@pytest.mark.parametrize(
    "value",
    [_circular(), _deep(100_000), 10**5000, -(10**400), "\ud800", {"\ud800": 1}, {1: 2}],
    ids=["circular", "deep", "huge", "very negative", "surrogate", "surrogate key", "number key"],
)
def test_no_property_value_raises(operator: str, value: Any) -> None:
    evaluate_flag(_flag(operator, "1.2.3"), "flag-a", "user-1", {"p": value})


@pytest.mark.rule("R2.18")
@pytest.mark.parametrize("levels", [1_000, 100_000])
def test_no_operand_and_no_cohort_raises_however_deep(levels: int) -> None:
    document = _flag("exact", _deep(levels))
    group: dict[str, Any] = {"key": "a", "type": "person", "value": "x"}
    for _ in range(levels):
        group = {"type": "AND", "values": [group]}
    document["cohorts"] = {"1": group}
    cohort = {"key": "id", "type": "cohort", "value": 1}
    document["flags"].append(
        {"key": "b", "active": True, "filters": {"groups": [{"properties": [cohort]}]}}
    )
    document["flags"].append({"key": "ok", "active": True, "filters": {"groups": [{}]}})
    results = evaluate(document, "user-1", {"p": "x", "a": "x"})
    assert results["flag-a"].unresolved_reason == "unsupported_definition"
    assert results["b"].unresolved_reason == "unsupported_definition"
    assert results["ok"].value is True


@pytest.mark.rule("R15.4")
def test_ten_megabytes_of_text_are_matched() -> None:
    long = "x" * 10_000_000
    assert _value("icontains", "y", long) is False
    assert _value("ends_with", "X", long) is True
    assert _value("exact", long, long.upper()) is True
    assert _value("regex", "y$", long) is False
    assert _value("gt", 1, long) is False
    resolution = evaluate_flag(
        _flag("is_set", None, payloads={"true": long}), "flag-a", long, {"p": 1}
    )
    assert resolution.raw_payload == long


@pytest.mark.rule("R6.15")
def test_evaluation_changes_no_input_and_repeats_its_answer() -> None:
    document = _flag("exact", ["a", {"b": [1]}])
    properties = {"p": {"b": [1]}, "$os": "Mac"}
    groups, group_properties = {"company": "acme"}, {"company": {"x": 1}}
    before = copy.deepcopy((document, properties, groups, group_properties))
    answers = {
        evaluate_flag(
            document,
            "flag-a",
            "user-1",
            properties,
            groups=groups,
            group_properties=group_properties,
            complete=True,
        )
        for _ in range(3)
    }
    assert len(answers) == 1
    assert (document, properties, groups, group_properties) == before


@pytest.mark.rule("R1.7")
def test_documents_that_differ_in_the_matching_version_only_are_different() -> None:
    document = _flag("exact", False)
    legacy, explicit = (
        Snapshot.parse(document),
        Snapshot.parse({**document, "property_matching_version": 2}),
    )
    assert legacy != explicit
    assert legacy.fingerprint != explicit.fingerprint
    assert evaluate_flag(legacy, "flag-a", "user-1", {"p": 0}).value is True
    assert evaluate_flag(explicit, "flag-a", "user-1", {"p": 0}).value is False


@pytest.mark.rule("R1.7")
def test_a_snapshot_does_not_follow_later_changes_of_its_document() -> None:
    document = _flag("exact", "x")
    snapshot = Snapshot.parse(document)
    document["flags"][0]["active"] = False
    document["flags"].clear()
    assert evaluate_flag(snapshot, "flag-a", "user-1", {"p": "x"}).value is True


@pytest.mark.rule("R1.1")
@pytest.mark.parametrize("kind", [str, bytes, bytearray])
def test_a_document_may_be_text_or_bytes(kind: type) -> None:
    text = '{"flags": [{"key": "é", "active": true, "filters": {"groups": [{}]}}]}'
    document = text if kind is str else kind(text.encode())
    assert evaluate_flag(document, "é", "user-1").value is True


@pytest.mark.rule("R14.6", "R14.7")
def test_a_payload_override_applies_to_overridden_and_to_evaluated_flags() -> None:
    document = _flag("is_set", None, payloads={"true": '"stored"'})
    both = {"flags": {"flag-a": True}, "payloads": {"flag-a": {"k": 1}}}
    payload_only = {"payloads": {"flag-a": {"k": 1}}}
    for overrides in (both, payload_only):
        resolution = evaluate_flag(document, "flag-a", "user-1", {"p": 1}, overrides=overrides)
        assert (resolution.value, resolution.payload) == (True, {"k": 1})


@pytest.mark.rule("R13.10")
def test_enabled_and_variant_follow_the_value() -> None:
    document = _flag("is_set", None)
    for value, enabled, variant in ((True, True, None), ("v", True, "v"), (False, False, None)):
        resolution = evaluate_flag(document, "flag-a", "u", overrides={"flag-a": value})
        assert (resolution.enabled, resolution.variant) == (enabled, variant)


@pytest.mark.rule("R12.3")
def test_the_payload_is_decoded_or_handed_back() -> None:
    kept = (
        "not json",
        "",
        "NaN",
        "Infinity",
        "-Infinity",
        "[NaN]",
        '{"a": [{"b": Infinity}]}',
        "[1e999]",
    )
    values = {
        '{"a": [1]}': {"a": [1]},
        '{"a": 1, "a": 2.5}': {"a": 2.5},
        **{text: text for text in kept},
    }
    for stored, decoded in values.items():
        document = _flag("is_set", None, payloads={"true": stored})
        assert evaluate_flag(document, "flag-a", "u", {"p": 1}).payload == decoded


@pytest.mark.rule("R2.8")
def test_metadata_is_handed_back() -> None:
    document = _flag("is_set", None)
    document["flags"][0] |= {"id": 7, "version": 3, "has_experiment": True}
    resolution = evaluate_flag(document, "flag-a", "u", {"p": 1})
    assert (resolution.flag_id, resolution.flag_version, resolution.has_experiment) == (7, 3, True)


@pytest.mark.rule("R9.8")
def test_a_runaway_pattern_is_linear_in_the_text() -> None:
    for pattern in ("(a+)+$", "^(a|a)*$", "(.*)*x", "(a*)*b"):
        assert _value("regex", pattern, "a" * 200_000 + "!") in {False, None}
