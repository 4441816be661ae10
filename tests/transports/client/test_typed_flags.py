"""The newer response of the server, over sockets: values, metadata, failures and seeds."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import pytest

from flagengine.transports import AsyncClient, Client, FeatureFlagResult, FlagError

from ..mock_server import Answer, MockServer
from .records import OUTCOMES, RULE, answer, failed, record

pytestmark = pytest.mark.contract("typed-flag-values")

USER = "user-1"


def client_of(server: MockServer, **options: Any) -> Client:
    given = {"feature_flags_request_max_retries": 0, "send_feature_flag_event": False, **options}
    return Client("phc_key", host=server.url, **given)


def result_of(server: MockServer, sent: Any, **options: Any) -> FeatureFlagResult | None:
    server.default = answer(layout=sent)
    with client_of(server, **options) as client:
        return client.get_feature_flag_result("layout", USER)


@pytest.mark.parametrize(
    ("options", "version"), [({}, 4), *(({"flags_api_version": n}, n) for n in (2, 3))]
)
def test_the_newest_version_is_asked_for_unless_an_option_says_another(
    server: MockServer, options: dict[str, int], version: int
) -> None:
    server.default = answer(layout=record())
    with client_of(server, **options) as client:
        assert client.get_feature_flag("layout", USER) is False
    assert server.seen[0].path == f"/flags/?v={version}"


@pytest.mark.parametrize("shape", ["bare", "list", "older", "typed"])
def test_every_shape_is_read_whatever_was_asked_for(server: MockServer, shape: str) -> None:
    document: dict[str, Any] = {
        "bare": {"featureFlags": {"layout": True}},
        "list": {"featureFlags": ["layout"]},
        "older": {"flags": {"layout": {"enabled": True, "variant": None}}},
        "typed": {"flags": {"layout": {"value": True}}},
    }[shape]
    server.default = Answer(body=json.dumps(document).encode())
    with client_of(server) as client:
        assert client.get_feature_flag("layout", USER) is True


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_what_decided_the_flag_reaches_the_caller(server: MockServer, outcome: str) -> None:
    code, rule_type, identity = OUTCOMES[outcome]
    result = result_of(server, record(outcome, "compact"))
    assert result == FeatureFlagResult(
        "layout",
        enabled=True,
        variant="compact",
        reason_code=code,
        value="compact",
        condition_index=0 if rule_type else None,
        flag_id=201,
        flag_version=7,
        has_experiment=outcome == "split",
        config_version=2,
        rule_type=rule_type,
        rule_id=RULE if rule_type else None,
        **identity,
    )


def test_a_whole_number_may_be_written_as_a_decimal(server: MockServer) -> None:
    result = result_of(server, record(config_version=2.0, experiment_id=301.0, id=201.0))
    assert result is not None
    assert (result.config_version, result.experiment_id, result.flag_id) == (2, 301, 201)


@pytest.mark.parametrize(
    ("value", "enabled", "variant", "payload"),
    [
        (True, True, None, None),
        (False, False, None, None),
        ("compact", True, "compact", None),
        (25, True, None, 25),
        (0, True, None, 0),
        (12.5, True, None, 12.5),
        ({"steps": [3]}, True, None, {"steps": [3]}),
        ({}, True, None, {}),
    ],
)
def test_a_typed_value_is_a_value_like_others(
    server: MockServer, value: Any, enabled: bool, variant: str | None, payload: Any
) -> None:
    server.default = answer(layout=record("released", value))
    with client_of(server) as client:
        got = client.get_feature_flag("layout", USER)
        assert (got, type(got)) == (value, type(value))
        assert client.is_feature_enabled("layout", USER) is enabled
        result = client.get_feature_flag_result("layout", USER)
        assert result is not None
        assert (result.value, result.variant, result.payload) == (value, variant, payload)
        assert client.get_all_flags(USER) == {"layout": value}
        expected = {} if payload is None else {"layout": payload}
        assert client.get_all_flags_and_payloads(USER)["feature_flag_payloads"] == expected
        assert client.get_feature_flag_payload("layout", USER) == payload
        flags = client.evaluate_flags(USER)
        assert (flags.get_flag("layout"), flags.is_enabled("layout")) == (value, enabled)


def test_an_object_belongs_to_whoever_asked(server: MockServer) -> None:
    server.default = answer(layout=record("released", {"steps": [3]}))
    with client_of(server, flag_cache="memory://local/") as client:
        for _ in range(2):
            value = client.get_feature_flag("layout", USER)
            assert value == {"steps": [3]}
            assert isinstance(value, dict)
            value["steps"].append(4)
    assert len(server.seen) == 1


@pytest.mark.parametrize("outcome", ["no rule", "missed rollout", "no group"])
def test_a_flag_without_a_value_leaves_it_to_the_caller(server: MockServer, outcome: str) -> None:
    server.default = answer(layout=record(outcome, None))
    with client_of(server) as client:
        assert client.get_feature_flag("layout", USER) is None
        assert client.is_feature_enabled("layout", USER) is False
        assert client.is_feature_enabled("layout", USER, default_value=True) is True
        flags = client.evaluate_flags(USER)
        assert flags.get_flag("layout") is None
        assert (flags.is_enabled("layout"), flags.is_enabled("layout", True)) == (False, True)


WRONG = [
    ("key", 3),
    ("value", []),
    ("failed", "true"),
    ("reason", "targeting_match"),
    ("reason.code", 3),
    ("reason.condition_index", "0"),
    ("reason.condition_index", 0.5),
    ("reason.description", ["Matched"]),
    ("metadata", []),
    ("metadata.id", "201"),
    ("metadata.version", True),
    ("metadata.config_version", "2"),
    ("metadata.description", 1),
    ("metadata.has_experiment", "false"),
    ("metadata.rule_type", 2),
    ("metadata.rule_id", 3),
    ("metadata.experiment_id", "301"),
    ("metadata.variant_key", True),
    ("metadata.forced_variant", "yes"),
]


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize(("path", "value"), WRONG)
def test_a_known_field_of_the_wrong_type_fails_its_record_alone(
    server: MockServer,
    caplog: pytest.LogCaptureFixture,
    path: str,
    value: Any,
    version: int,
) -> None:
    broken = record(value=True)
    *section, name = path.split(".")
    (broken[section[0]] if section else broken)[name] = value
    server.default = answer(layout=broken, sibling=record("released", True))
    with client_of(server, flags_api_version=version) as client, caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert client.get_feature_flag("layout", USER) is None
        assert client.is_feature_enabled("layout", USER, default_value=True) is True
        assert client.get_all_flags(USER) == {"sibling": True}
        reading = client.get_feature_flag_reading("layout", USER)
    assert reading is not None
    assert (reading.result, reading.error) == (None, FlagError.PARSE_ERROR)
    logged = [each.getMessage() for each in caplog.records if "cannot read" in each.getMessage()]
    assert logged == [f"cannot read the server's record of flag 'layout': wrong {path}"]


@pytest.mark.parametrize("broken", [[1], "text", None, 3])
def test_a_record_that_is_no_object_fails_alone(server: MockServer, broken: Any) -> None:
    server.default = answer(layout=broken, sibling=record("released", True))
    with client_of(server) as client:
        assert client.get_all_flags(USER) == {"sibling": True}


def test_a_value_nested_too_deep_fails_alone(server: MockServer) -> None:
    deep: Any = {}
    for _ in range(200):
        deep = {"a": deep}
    server.default = answer(layout=record("released", deep), sibling=record("released", 1))
    with client_of(server) as client:
        assert client.get_all_flags(USER) == {"sibling": 1}


def test_unknown_fields_and_null_are_no_trouble(server: MockServer) -> None:
    sent = record("released", "compact")
    sent |= {"future": {"nested": True}, "conditions": "not read"}
    sent["reason"] |= {"future": 1, "description": None}
    sent["metadata"] |= {"future": [1], "variant_key": None, "holdout_id": "401"}
    result = result_of(server, sent)
    assert result is not None
    assert (result.value, result.variant_key, result.holdout_id) == ("compact", None, None)


def test_an_older_record_is_of_format_1_whatever_else_it_says(server: MockServer) -> None:
    sent = record("split")
    del sent["value"]
    result = result_of(server, {**sent, "enabled": True, "variant": "compact"})
    assert result is not None
    assert (result.value, result.config_version, result.rule_id) == ("compact", 1, None)
    assert (result.experiment_id, result.variant_key) == (None, None)


@pytest.mark.parametrize(
    "sent",
    [failed(), failed("dependency_error"), failed(value=True), {"enabled": True, "failed": True}],
)
def test_a_failed_flag_gives_the_callers_default(server: MockServer, sent: Any) -> None:
    server.default = answer(layout=sent, sibling=record("released", True))
    with client_of(server) as client:
        assert client.get_feature_flag("layout", USER) is None
        assert client.get_feature_flag_result("layout", USER) is None
        assert client.is_feature_enabled("layout", USER, default_value=True) is True
        assert client.get_all_flags(USER) == {"sibling": True}
        flags = client.evaluate_flags(USER)
        assert (flags.keys, flags.is_enabled("layout", True)) == (["sibling"], True)
        reading = client.get_feature_flag_reading("layout", USER)
    assert reading is not None
    assert reading.error is FlagError.GENERAL


def test_a_reading_tells_the_failures_apart(server: MockServer) -> None:
    server.default = answer(layout=record("released", 3), grouped=record("no group", None))
    with client_of(server) as client:
        decided = client.get_feature_flag_reading("layout", USER)
        grouped = client.get_feature_flag_reading("grouped", USER)
        absent = client.get_feature_flag_reading("absent", USER)
    assert decided is not None
    assert decided.result is not None
    assert (decided.result.value, decided.error) == (3, None)
    assert grouped is not None
    assert grouped.error is FlagError.INVALID_CONTEXT
    assert absent is not None
    assert (absent.result, absent.error) == (None, FlagError.FLAG_NOT_FOUND)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (Answer(status=500), "api_error_500"),
        (Answer(body=b"[]"), "unknown_error"),
        (Answer(fault="drop"), "connection_error"),
        (answer(extra={"quotaLimited": ["feature_flags"]}), "quota_limited"),
        (answer(extra={"errorsWhileComputingFlags": True}), "errors_while_computing_flags"),
    ],
)
def test_a_failed_request_does_not_say_that_a_flag_is_unknown(
    server: MockServer, sent: Answer, code: str
) -> None:
    server.default = sent
    with client_of(server) as client:
        reading = client.get_feature_flag_reading("layout", USER)
        details = client.evaluate_flags(USER).get_integer_details("layout", 10)
    assert reading is not None
    assert (reading.result, reading.error) == (None, FlagError.GENERAL)
    assert code in reading.message
    assert (details.value, details.error_code) == (10, FlagError.GENERAL)
    assert code in (details.error_message or "")


def test_no_seed_of_a_response_reaches_the_caller(server: MockServer) -> None:
    value = {"size": 1, "seed": "s1", "rules": [{"assignmentSeed": "s2", "id": 3}]}
    sent = record("released", value, holdout_seed="s3", payload={"$flag_seed": "s4", "a": 1})
    sent["reason"]["seed"] = "s5"
    older = {"enabled": True, "metadata": {"payload": {"seed": "s6", "b": 2}}}
    server.default = answer(layout=sent, seed=older, extra={"seed": "s7"})
    with client_of(server) as client:
        result = client.get_feature_flag_result("layout", USER)
        everything = [result, client.get_all_flags_and_payloads(USER), client.evaluate_flags(USER)]
        payload = client.get_feature_flag_payload("seed", USER)
    assert result is not None
    assert result.value == {"size": 1, "rules": [{"id": 3}]}
    assert payload == {"b": 2}
    assert not [n for n in range(1, 8) if f"'s{n}'" in repr(everything)]


def test_the_asynchronous_client_reads_the_same(server: MockServer) -> None:
    server.default = answer(layout=record("split", {"steps": 3}))

    async def read() -> tuple[Any, ...]:
        options: dict[str, Any] = {"host": server.url, "send_feature_flag_event": False}
        async with AsyncClient("phc_key", **options) as client:
            value = await client.get_feature_flag("layout", USER)
            result = await client.get_feature_flag_result("layout", USER)
            reading = await client.get_feature_flag_reading("layout", USER)
            return value, result, reading

    value, result, reading = asyncio.run(read())
    assert value == {"steps": 3}
    assert (result.variant_key, result.experiment_id) == ("arm_a", 301)
    assert (reading.result, reading.error) == (result, None)
