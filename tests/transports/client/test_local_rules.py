"""Format 2 flags from definitions, through the client: values, defaults, errors and the server."""

from __future__ import annotations

from typing import Any

import pytest

from flagengine.transports import FlagError, MemoryDefinitions

from ..mock_server import MockServer
from .bench import Bench, needs
from .records import OTHER_RULE, RULE, answer, record
from .test_flag_events import CALLED, EXPOSURE, Reads, rule_of

pytestmark = pytest.mark.contract("typed-flag-values")

USER = "user-1"
SEED = "layout-seed"


def person(operator: str, value: Any, key: str = "plan") -> dict[str, Any]:
    return {"key": key, "type": "person", "operator": operator, "value": value}


def rule(kind: str, *properties: dict[str, Any], **fields: Any) -> dict[str, Any]:
    base = {"id": RULE, "rule_type": kind, "targeting": {"properties": list(properties)}}
    draw = {
        "seed": SEED,
        "assignment_algorithm": "sha1_60_v1",
        "rollout_percentage": 100,
        "on_rollout_miss": "return_default",
    }
    return {**base, **({} if kind == "targeted_release" else draw), **fields}


def released(value: Any, *properties: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return rule("targeted_release", *properties, value=value, **fields)


def experiment(**fields: Any) -> dict[str, Any]:
    arms = [{"key": f"arm_{n}", "weight": 50, "value": "copy"} for n in "ab"]
    standalone = {"experiment_id": None, "paused": False, "variants": arms}
    return rule("experiment", **{**standalone, **fields})


def definition(*rules: dict[str, Any], **fields: Any) -> dict[str, Any]:
    filters = {"version": 2, "return_type": "string", "default_value": None, "rules": list(rules)}
    given = {name: fields.pop(name) for name in ("return_type", "default_value") if name in fields}
    row = {"id": 201, "version": 7, "key": "layout", "active": True, "has_experiment": False}
    return {**row, "filters": {**filters, **given}, **fields}


def defined(*rules: dict[str, Any], **fields: Any) -> MemoryDefinitions:
    return MemoryDefinitions({"flags": [definition(*rules, **fields)]})


@pytest.mark.parametrize(
    ("kind", "value"), [("number", 25), ("number", 0), ("object", {"a": [1]}), ("string", "copy")]
)
def test_a_local_value_is_typed_and_the_callers_to_change(kind: str, value: Any) -> None:
    with Bench(definitions=defined(released(value), return_type=kind)) as bench:
        for _ in range(2):
            got = bench.client.get_feature_flag("layout", USER)
            assert got == value
            if isinstance(got, dict):
                got["a"].append(2)
        payload = None if kind == "string" else value
        assert bench.client.get_feature_flag_payload("layout", USER) == payload
        result = bench.client.get_feature_flag_result("layout", USER)
        assert result is not None
        assert (result.value, result.payload, result.config_version) == (value, payload, 2)
        (called,) = bench.called()
    assert called["$feature_flag_response"] == (value if kind == "string" else True)
    assert "$feature_flag_payload" not in called
    assert called["locally_evaluated"] is True


def test_no_value_is_left_to_the_caller_without_a_request() -> None:
    with Bench(definitions=defined()) as bench:
        assert bench.client.get_feature_flag("layout", USER) is None
        assert bench.client.is_feature_enabled("layout", USER) is False
        assert bench.client.is_feature_enabled("layout", USER, default_value=True) is True
        assert bench.client.get_all_flags(USER) == {"layout": None}
        flags = bench.client.evaluate_flags(USER)
        assert (flags.keys, flags.is_enabled("layout", True)) == (["layout"], True)
        reading = bench.client.get_feature_flag_reading("layout", USER)
        assert reading is not None
        assert reading.error is None
        assert bench.flag_requests == []
        (called,) = bench.called()
    assert called["$feature_flag_response"] is False
    assert rule_of(called) == {"config_version": 2, "reason_code": "no_rule_match"}


def test_a_false_default_beats_the_callers() -> None:
    with Bench(definitions=defined(return_type="boolean", default_value=False)) as bench:
        assert bench.client.is_feature_enabled("layout", USER, default_value=True) is False


RULES = [
    (released("copy"), "targeting_match", "targeted_release"),
    (rule("percentage_rollout", value="copy"), "targeting_match", "percentage_rollout"),
    (
        rule("percentage_rollout", value="copy", rollout_percentage=0),
        "rollout_miss",
        "percentage_rollout",
    ),
    (experiment(), "targeting_match", "experiment"),
    (experiment(paused=True), "experiment_paused", "experiment"),
    (
        experiment(holdout={"id": None, "seed": "h", "exclusion_percentage": 100}),
        "holdout",
        "experiment",
    ),
]


@pytest.mark.contract("experiment-exposure")
@pytest.mark.parametrize(("given", "code", "kind"), RULES)
def test_the_event_names_the_rule_and_a_standalone_rule_is_no_exposure(
    server: MockServer, given: dict[str, Any], code: str, kind: str
) -> None:
    missed = released("never", person("exact", "x", "distinct_id"), id=OTHER_RULE)
    with Reads(server, definitions=defined(missed, given)) as reads:
        reads.read()
        result = reads.client.get_feature_flag_result("layout", USER)
        (called,) = reads.sent(CALLED)
        assert reads.sent(EXPOSURE) == []
        assert not [seen for seen in server.seen if seen.path.startswith("/flags")]
    expected = {"config_version": 2, "reason_code": code, "rule_id": RULE, "rule_type": kind}
    assert rule_of(called) == expected
    assert "$feature_flag_reason" not in called
    assert SEED not in repr(called)
    assert result is not None
    assert (result.rule_id, result.condition_index, result.experiment_id) == (RULE, 1, None)
    assert (result.variant_key is not None) is (given == experiment())


@pytest.mark.parametrize(
    ("predicate", "properties"),
    [(person("regex", "("), {"plan": "pro"}), (person("gt", 3), {"plan": "pro"})],
)
def test_an_error_is_not_asked_of_the_server(
    server: MockServer, predicate: dict[str, Any], properties: dict[str, Any]
) -> None:
    server.default = answer(layout=record("released", "remote"))
    with Reads(server, definitions=defined(released("copy", predicate))) as reads:
        assert reads.read(person_properties=properties) is None
        reading = reads.client.get_feature_flag_reading(
            "layout", USER, person_properties=properties
        )
        (called,) = reads.sent(CALLED)
    assert reading is not None
    assert reading.error is FlagError.GENERAL
    assert called["$feature_flag_error"] == "evaluation_failed"
    assert rule_of(called) == {"config_version": 2, "reason_code": "error"}
    assert not [seen for seen in server.seen if seen.path.startswith("/flags")]


@pytest.mark.parametrize(
    "given",
    [
        released("copy", person("exact", "pro")),
        experiment(experiment_id=301),
        {**released("copy"), "future": True},
    ],
)
def test_an_unresolved_flag_is_asked_of_the_server_alone(
    server: MockServer, given: dict[str, Any]
) -> None:
    server.default = answer(layout=record("split", "remote"), other=record("released", "remote"))
    row = {**definition(released("local")), "key": "other"}
    document = {"flags": [definition(given), row]}
    with Reads(server, definitions=MemoryDefinitions(document)) as reads:
        assert reads.client.get_all_flags(USER) == {"layout": "remote", "other": "local"}
        assert reads.read() == "remote"
        assert len(reads.sent(EXPOSURE)) == 1
    asked = [seen.json() for seen in server.seen if seen.path.startswith("/flags")]
    assert [body.get("flag_keys_to_evaluate") for body in asked] == [None, ["layout"]]


def test_a_strict_client_says_what_it_lacks_and_what_it_cannot_read() -> None:
    unreadable = {**definition({**released("copy"), "future": True}), "key": "unreadable"}
    older = {"key": "older", "active": True, "filters": {"groups": [needs("plan")]}}
    flags = [definition(released("copy", person("exact", "pro"))), unreadable, older]
    options: dict[str, Any] = {"strict_local_evaluation": True}
    with Bench(definitions=MemoryDefinitions({"flags": flags}), **options) as bench:
        errors = {}
        for key in ("layout", "unreadable", "older", "absent"):
            reading = bench.client.get_feature_flag_reading(key, USER)
            assert reading is not None
            errors[key] = reading.error
    assert errors == {
        "layout": FlagError.INVALID_CONTEXT,
        "unreadable": FlagError.PARSE_ERROR,
        "older": FlagError.INVALID_CONTEXT,
        "absent": FlagError.FLAG_NOT_FOUND,
    }


def test_an_inactive_flag_leaves_its_value_to_the_caller() -> None:
    with Bench(definitions=defined(released("copy"), active=False)) as bench:
        assert bench.client.get_feature_flag("layout", USER) is None
        assert bench.client.is_feature_enabled("layout", USER, default_value=True) is True
        (called,) = bench.called()
    assert rule_of(called) == {"config_version": 2, "reason_code": "flag_disabled"}
    assert called["$feature_flag_response"] is False
