"""The typed accessors: values without conversion, defaults, reasons, errors, and their events."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flagengine import Reason, Resolution, UnresolvedReason
from flagengine.transports.flags.answer import FlagAnswer, Origin
from flagengine.transports.flags.called import FlagRead
from flagengine.transports.flags.evaluations import FlagEvaluations
from flagengine.transports.flags.response import parse_flags_response
from flagengine.transports.flags.typed import integer, number

from ..client.records import OUTCOMES, RULE, answer, failed, record

pytestmark = pytest.mark.contract("typed-flag-values")

DEFAULTS: dict[str, Any] = {
    "boolean": True,
    "string": "x",
    "integer": 10,
    "number": 10.5,
    "object": {"a": 1},
}


def evaluations(sent: Any) -> tuple[FlagEvaluations, list[FlagRead]]:
    response = parse_flags_response(answer(f=sent).body, 4)
    assert response is not None
    reads: list[FlagRead] = []
    found = FlagEvaluations("u", response.flags, failures=response.failures, on_read=reads.append)
    return found, reads


def details(sent: Any, kind: str, key: str = "f") -> Any:
    flags, _ = evaluations(sent)
    found = getattr(flags, f"get_{kind}_details")(key, DEFAULTS[kind])
    assert getattr(flags, f"get_{kind}_value")(key, DEFAULTS[kind]) == found.value
    return found


MATCHES = [
    (True, "boolean", True),
    (False, "boolean", False),
    ("compact", "string", "compact"),
    ("", "string", ""),
    (25, "integer", 25),
    (25.0, "integer", 25),
    (12.5, "number", 12.5),
    (0, "number", 0.0),
    ({"steps": [3]}, "object", {"steps": [3]}),
    ({}, "object", {}),
]


@pytest.mark.parametrize(("value", "kind", "returned"), MATCHES)
def test_a_value_of_the_type_is_returned(value: Any, kind: str, returned: Any) -> None:
    found = details(record("released", value), kind)
    assert (found.value, type(found.value)) == (returned, type(returned))
    assert (found.key, found.reason, found.error_code) == ("f", "TARGETING_MATCH", None)


@pytest.mark.parametrize(
    ("value", "kind"),
    [(None, kind) for kind in DEFAULTS] + [(False, kind) for kind in DEFAULTS if kind != "boolean"],
)
def test_no_value_and_off_give_the_default_without_an_error(value: Any, kind: str) -> None:
    found = details(record("no rule", value), kind)
    assert (found.value, found.reason, found.error_code) == (DEFAULTS[kind], "DEFAULT", None)
    assert found.flag_metadata["reason_code"] == "no_rule_match"


MISMATCHES = [
    ("compact", "boolean", "str"),
    (1, "boolean", "int"),
    (True, "string", "bool"),
    (3, "string", "int"),
    ("12", "integer", "str"),
    (True, "integer", "bool"),
    (0.25, "integer", "float"),
    ("12", "number", "str"),
    (True, "object", "bool"),
]


@pytest.mark.parametrize(("value", "kind", "found_type"), MISMATCHES)
def test_another_type_is_a_mismatch(value: Any, kind: str, found_type: str) -> None:
    found = details(record("split", value), kind)
    assert (found.value, found.reason) == (DEFAULTS[kind], "ERROR")
    assert (found.error_code, found.variant) == ("TYPE_MISMATCH", None)
    assert found.error_message.startswith(f"value must be {kind}, got {found_type}")
    assert found.flag_metadata["variant_key"] == "arm_a"


def test_the_details_of_a_split_are_the_whole_record() -> None:
    found = details(record("split", True), "boolean")
    assert (found.variant, found.reason) == ("arm_a", "SPLIT")
    assert dict(found.flag_metadata) == {
        "id": 201,
        "version": 7,
        "config_version": 2,
        "reason_code": "experiment_split",
        "condition_index": 0,
        "rule_type": "experiment",
        "rule_id": RULE,
        "experiment_id": 301,
        "variant_key": "arm_a",
    }


@pytest.mark.parametrize("outcome", ["missed rollout", "paused", "held out", "no rule"])
def test_a_default_has_the_reason_default(outcome: str) -> None:
    found = details(record(outcome, "compact"), "string")
    assert (found.value, found.reason) == ("compact", "DEFAULT")
    assert found.flag_metadata["reason_code"] == OUTCOMES[outcome][0]


@pytest.mark.parametrize(
    ("sent", "code", "message"),
    [
        (failed("dependency_error"), "GENERAL", "Broken."),
        (record("no group", None), "INVALID_CONTEXT", "the person's group is missing"),
        (record(rule_id=3), "PARSE_ERROR", "wrong metadata.rule_id"),
        ([], "PARSE_ERROR", "wrong record"),
    ],
)
def test_failures_give_the_default_with_their_code(sent: Any, code: str, message: str) -> None:
    found = details(sent, "boolean")
    assert (found.value, found.reason, found.error_code) == (True, "ERROR", code)
    assert message in found.error_message


def test_an_absent_flag_is_not_found() -> None:
    found = details(record(), "string", "typo")
    assert (found.value, found.error_code, dict(found.flag_metadata)) == ("x", "FLAG_NOT_FOUND", {})


@pytest.mark.parametrize(
    ("value", "kind", "reason", "code"),
    [
        ("compact", "string", "TARGETING_MATCH", None),
        (True, "boolean", "TARGETING_MATCH", None),
        (False, "boolean", "DEFAULT", None),
        ("compact", "boolean", "ERROR", "TYPE_MISMATCH"),
        (True, "number", "ERROR", "TYPE_MISMATCH"),
    ],
)
def test_format_1_is_read_by_the_same_rules(
    value: Any, kind: str, reason: str, code: str | None
) -> None:
    older = {"enabled": value is not False, "variant": value if value == "compact" else None}
    found = details(older, kind)
    assert (found.reason, found.error_code) == (reason, code)
    assert found.flag_metadata["config_version"] == 1
    hints = code is not None and kind == "number"
    assert ("a server that sends typed values" in (found.error_message or "")) is hints


@pytest.mark.parametrize(
    ("reason", "value", "shown"),
    [
        (Reason.FLAG_DISABLED, False, "DISABLED"),
        (Reason.OVERRIDDEN, True, "override"),
        (Reason.CONDITION_MATCH, True, "TARGETING_MATCH"),
    ],
)
def test_local_answers_have_reasons_too(reason: Reason, value: bool, shown: str) -> None:
    local = FlagAnswer(Resolution("f", value, reason), Origin(is_local=True))
    found = FlagEvaluations("u", {"f": local}).get_boolean_details("f", default_value=True)
    assert (found.value, found.reason) == (value, shown)
    assert bool(found.flag_metadata) is (shown != "override")


def test_a_reason_of_format_2_that_nobody_knows_is_unknown() -> None:
    sent = {**record("released", True), "reason": {"code": "future"}}
    assert details(sent, "boolean").reason == "UNKNOWN"


def test_a_typed_read_is_an_access_like_others() -> None:
    flags, reads = evaluations(record("released", 25))
    assert flags.only_accessed().keys == []
    assert flags.get_integer_value("f", 1, send_feature_flag_events=False) == 25
    assert (flags.only_accessed().keys, reads) == (["f"], [])
    assert flags.get_boolean_value("f", default_value=True) is True
    flags.get_flag("f")
    assert [(read.key, read.value, read.errors) for read in reads] == [("f", True, ())]


def test_an_object_cannot_change_the_flag() -> None:
    flags, _ = evaluations(record("released", {"a": [1]}))
    for _ in range(2):
        value = flags.get_object_value("f", {})
        assert value == {"a": [1]}
        value["a"].append(2)


def test_an_empty_result_gives_defaults_in_silence() -> None:
    assert FlagEvaluations().get_boolean_value("f", default_value=True) is True


def test_numbers_beyond_a_float_are_integers_alone() -> None:
    assert integer(10**400) == 10**400
    assert number(10**400) is None
    assert integer(json.loads("1e400")) is None


def test_a_filtered_copy_tells_why_a_flag_has_no_value() -> None:
    why = UnresolvedReason.UNSUPPORTED_DEFINITION
    stuck = Resolution("stuck", None, Reason.UNRESOLVED, unresolved_reason=why)
    found = FlagEvaluations("u", {}, unresolved={"stuck": stuck, "other": stuck}).only(["stuck"])
    assert dict(found.unresolved) == {"stuck": stuck}
    assert found.get_string_details("stuck", "x").error_code == "PARSE_ERROR"
