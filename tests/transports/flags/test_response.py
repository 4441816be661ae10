"""Every shape of the response leads to the same answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flagengine import Reason, Resolution
from flagengine.transports.flags.answer import FlagAnswer, Origin
from flagengine.transports.flags.response import FlagsResponse, parse_flags_response

pytestmark = pytest.mark.contract("get-feature-flag")


def parsed(document: Any) -> FlagsResponse:
    response = parse_flags_response(json.dumps(document))
    assert response is not None
    return response


def record(**fields: Any) -> FlagsResponse:
    return parsed({"flags": {"f": fields, "good": {"enabled": True}}})


def test_the_legacy_shape_has_bare_values_and_payloads_beside_them() -> None:
    response = parsed(
        {
            "featureFlags": {"on": True, "off": False, "many": "blue", "odd": 3, "none": None},
            "featureFlagPayloads": {"on": '{"a": 1}', "many": "plain"},
        }
    )
    values = {key: (flag.value, flag.enabled, flag.variant) for key, flag in response.flags.items()}
    assert values == {
        "on": (True, True, None),
        "off": (False, False, None),
        "many": ("blue", True, "blue"),
    }
    assert response.flags["on"].payload == {"a": 1}
    assert response.flags["many"].payload == "plain"
    assert response.failed == {"odd", "none"}


def test_the_oldest_shape_lists_what_is_on() -> None:
    assert parsed({"featureFlags": ["a"]}).flags["a"].value is True


def test_a_record_with_enabled_and_variant_brings_its_whole_description() -> None:
    response = parsed(
        {
            "flags": {
                "f": {
                    "key": "f",
                    "enabled": True,
                    "variant": "blue",
                    "reason": {
                        "code": "condition_match",
                        "condition_index": 2,
                        "description": "Matched condition set 3",
                    },
                    "metadata": {
                        "id": 7,
                        "version": 3,
                        "payload": "[1]",
                        "description": "d",
                        "has_experiment": False,
                    },
                }
            },
            "errorsWhileComputingFlags": False,
            "requestId": "r1",
            "evaluatedAt": 1_700_000_000_000,
            "minimalFlagCalledEvents": True,
        }
    )
    answer = response.flags["f"]
    assert answer.resolution == Resolution(
        key="f",
        value="blue",
        reason=Reason.CONDITION_MATCH,
        description="Matched condition set 3",
        raw_payload="[1]",
        condition_index=2,
        flag_id=7,
        flag_version=3,
        has_experiment=False,
    )
    assert (answer.enabled, answer.variant) == (True, "blue")
    assert (answer.reason_code, answer.reason) == ("condition_match", "Matched condition set 3")
    assert (answer.request_id, answer.evaluated_at) == ("r1", 1_700_000_000_000)
    assert (answer.minimal_events, answer.locally_evaluated) == (True, False)
    assert response.is_clean


@pytest.mark.parametrize(
    ("value", "enabled", "variant", "payload"),
    [
        (True, True, None, None),
        (False, False, None, None),
        ("blue", True, "blue", None),
        (None, False, None, None),
        (3, True, None, 3),
        (0, True, None, 0),
        (1.5, True, None, 1.5),
        ({"a": [1]}, True, None, {"a": [1]}),
    ],
)
def test_a_typed_record_brings_its_value(
    value: Any, enabled: bool, variant: str | None, payload: Any
) -> None:
    flag = record(value=value).flags["f"]
    assert (flag.value, flag.enabled, flag.variant, flag.payload) == (
        value,
        enabled,
        variant,
        payload,
    )


def test_a_flag_without_a_value_may_have_a_payload() -> None:
    flag = record(value=None, metadata={"payload": "[1]"}).flags["f"]
    assert (flag.value, flag.payload) == (None, [1])


def test_a_failed_record_has_no_value_but_keeps_its_reason() -> None:
    for fields in ({"value": True}, {"enabled": True}):
        response = record(failed=True, reason={"code": "x"}, **fields)
        assert response.failed == {"f"}
        assert list(response.flags) == ["good"]
        assert not response.is_clean


@pytest.mark.parametrize(
    "fields",
    [
        {"enabled": "yes"},
        {"enabled": None},
        {},
        {"enabled": True, "variant": 3},
        {"value": [1]},
        {"value": True, "failed": "no"},
    ],
)
def test_a_record_that_cannot_be_read_fails_only_itself(fields: dict[str, Any]) -> None:
    response = record(**fields)
    assert response.failed == {"f"}
    assert response.flags["good"].value is True


@pytest.mark.parametrize("broken", [None, 1, "text", [], True])
def test_a_record_that_is_no_object_fails_only_itself(broken: Any) -> None:
    response = parsed({"flags": {"f": broken, "good": {"enabled": False}}})
    assert response.failed == {"f"}
    assert response.flags["good"].value is False


def test_a_description_of_the_wrong_type_reads_as_absent() -> None:
    flag = record(
        enabled=True,
        reason={"code": 1, "condition_index": True, "description": []},
        metadata={"id": "7", "version": 1.5, "has_experiment": "no", "payload": {"a": 1}},
    ).flags["f"]
    described = Resolution("f", True, Reason.UNRESOLVED, raw_payload='{"a": 1}')
    assert flag == FlagAnswer(described, Origin())
    assert (flag.reason, flag.reason_code) == (None, None)


def test_a_reason_that_the_engine_does_not_know_is_passed_on_as_it_is() -> None:
    flag = record(enabled=True, reason={"code": "new_reason"}).flags["f"]
    assert flag.reason_code == "new_reason"


def test_a_server_that_says_overridden_makes_no_override() -> None:
    flag = record(enabled=True, reason={"code": "overridden"}).flags["f"]
    assert (flag.reason_code, flag.is_override) == ("overridden", False)


def test_a_variant_of_a_flag_that_is_off_is_no_value() -> None:
    assert record(enabled=False, variant="blue").flags["f"].value is False


def test_an_exhausted_quota_means_no_flags_whatever_else_is_there() -> None:
    response = parsed({"flags": {"f": {"enabled": True}}, "quotaLimited": ["feature_flags"]})
    assert response.quota_limited
    assert not response.flags
    assert not response.is_clean
    assert not parsed({"flags": {}, "quotaLimited": ["events"]}).quota_limited


def test_only_a_complete_answer_without_errors_is_clean() -> None:
    assert parsed({"flags": {}}).is_clean
    assert not parsed({}).is_clean
    assert not parsed({"flags": {}, "errorsWhileComputingFlags": True}).is_clean


def test_a_payload_is_the_callers_to_change() -> None:
    flag = record(enabled=True, metadata={"payload": '{"a": 1}'}).flags["f"]
    flag.payload["a"] = 2
    assert flag.payload == {"a": 1}


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff", b"[" * 100_000, b"1"])
def test_what_is_no_json_object_is_no_answer(body: bytes) -> None:
    assert parse_flags_response(body) is None


def test_an_integer_that_is_absurdly_long_costs_nobody_anything() -> None:
    body = b'{"flags": {"odd": {"value": %s}, "good": {"enabled": true}}}' % (b"9" * 5000)
    response = parse_flags_response(body)
    assert response is not None
    assert response.flags["good"].value is True
    assert response.failed == {"odd"}
