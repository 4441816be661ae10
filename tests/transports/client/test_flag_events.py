"""The events of reading format 2 flags, over sockets: the deciding rule, and exposures."""

from __future__ import annotations

import asyncio
from typing import Any, Self

import pytest

from flagengine.transports import AsyncClient, Client, Response

from ..mock_server import Answer, MockServer
from .bench import FLAGS, Bench
from .records import AT, OTHER_RULE, OUTCOMES, REQUEST, RULE, answer, failed, record

pytestmark = pytest.mark.contract("experiment-exposure")

USER = "user-1"
CALLED = "$feature_flag_called"
EXPOSURE = "$experiment_exposure"
RULE_NAMES = ("config_version", "reason_code", "rule_id", "rule_type", "variant_key")


class Reads:
    """``with Reads(server, record) as client: ...``, then the events that the reads sent."""

    def __init__(self, server: MockServer, sent: Any = None, **options: Any) -> None:
        self.server = server
        if sent is not None:
            server.default = answer(layout=sent)
        given = {"feature_flags_request_max_retries": 0, **options}
        self.client = Client("phc_key", host=server.url, **given)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.shutdown()

    def read(self, **options: Any) -> Any:
        return self.client.get_feature_flag("layout", USER, **options)

    def events(self, name: str | None = None) -> list[dict[str, Any]]:
        self.client.flush()
        batches = [seen.json()["batch"] for seen in self.server.seen if seen.path == "/batch/"]
        return [each for batch in batches for each in batch if name in (None, each["event"])]

    def sent(self, name: str) -> list[dict[str, Any]]:
        return [event["properties"] for event in self.events(name)]


def rule_of(properties: dict[str, Any]) -> dict[str, Any]:
    """Return what the event says of the rule, by the last part of its property's name."""
    names = {name: f"$feature_flag_{name}" for name in RULE_NAMES}
    return {name: properties[full] for name, full in names.items() if full in properties}


def test_a_split_sends_both_events_with_these_properties(server: MockServer) -> None:
    sent = record("split", "annual")
    sent["reason"]["description"] = "Assigned arm_a"
    with Reads(server, sent, super_properties={"plan": "pro"}) as reads:
        assert reads.read(groups={"company": "acme"}) == "annual"
        called, exposure = reads.events()
    shared = {
        "$feature_flag": "layout",
        "$feature_flag_response": "annual",
        "locally_evaluated": False,
        "$feature_flag_id": 201,
        "$feature_flag_version": 7,
        "$feature_flag_request_id": REQUEST,
        "$feature_flag_evaluated_at": AT,
        "$feature_flag_rule_id": RULE,
        "$feature_flag_variant_key": "arm_a",
        "$groups": {"company": "acme"},
        "plan": "pro",
    }
    also = {
        "$feature/layout": "annual",
        "$feature_flag_has_experiment": True,
        "$feature_flag_config_version": 2,
        "$feature_flag_reason_code": "experiment_split",
        "$feature_flag_rule_type": "experiment",
    }
    of_the_client = {"$lib", "$lib_version", "$is_server", "$geoip_disable", "$python_runtime"}
    of_the_client |= {"$python_version", "$os", "$os_version", "$os_distro"}
    for event, name, own in (called, CALLED, shared | also), (exposure, EXPOSURE, shared):
        assert (event["event"], event["distinct_id"]) == (name, USER)
        properties = event["properties"]
        assert {k: v for k, v in properties.items() if k not in of_the_client} == own
    assert called["uuid"] != exposure["uuid"]


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_each_outcome_names_its_rule_and_a_split_alone_is_an_exposure(
    server: MockServer, outcome: str
) -> None:
    code, rule_type, _ = OUTCOMES[outcome]
    expected: dict[str, Any] = {"config_version": 2, "reason_code": code}
    if rule_type:
        expected |= {"rule_id": RULE, "rule_type": rule_type}
    if outcome == "split":
        expected["variant_key"] = "arm_a"
    with Reads(server, record(outcome)) as reads:
        reads.read()
        (called,), exposures = reads.sent(CALLED), reads.sent(EXPOSURE)
    assert rule_of(called) == expected
    assert "$feature_flag_reason" not in called
    assert len(exposures) == (outcome == "split")
    assert not [name for event in (called, *exposures) for name in event if "holdout" in name]
    assert not [name for event in (called, *exposures) for name in event if "experiment_id" in name]


INCOMPLETE = [
    {"rule_type": None},
    {"rule_id": None},
    {"variant_key": None},
    {"variant_key": ""},
    {"rule_type": "percentage_rollout"},
    {"rule_type": "future"},
    {"rule_id": "not-a-uuid"},
    {"rule_id": RULE + "\n"},
]


@pytest.mark.parametrize("changes", INCOMPLETE)
def test_an_incomplete_split_keeps_its_value_and_reports_no_rule(
    server: MockServer, changes: dict[str, Any]
) -> None:
    with Reads(server, record("split", "usable", **changes)) as reads:
        assert reads.read() == "usable"
        (called,), exposures = reads.sent(CALLED), reads.sent(EXPOSURE)
    assert rule_of(called) == {"config_version": 2, "reason_code": "experiment_split"}
    assert exposures == []


@pytest.mark.parametrize(("version", "count"), [(3, 0), (4, 1)])
def test_version_3_names_the_experiment_of_each_split(
    server: MockServer, version: int, count: int
) -> None:
    sent = record("split", experiment_id=None)
    with Reads(server, sent, flags_api_version=version) as reads:
        reads.read()
        assert len(reads.sent(EXPOSURE)) == count


@pytest.mark.parametrize("config_version", [None, 1, 3])
def test_a_flag_of_another_format_is_reported_as_before(
    server: MockServer, config_version: int | None
) -> None:
    sent = record("split", config_version=config_version)
    sent["reason"]["description"] = "Matched"
    with Reads(server, sent) as reads:
        reads.read()
        (called,), exposures = reads.sent(CALLED), reads.sent(EXPOSURE)
    assert (rule_of(called), exposures) == ({}, [])
    assert called["$feature_flag_reason"] == "Matched"


def test_a_reason_that_names_no_rule_or_is_missing_reports_none(server: MockServer) -> None:
    sent = record("split", key="layout")
    for code in ("no_rule_match", "future_reason", None):
        with Reads(server, {**sent, "reason": {"code": code}}) as reads:
            reads.read()
            called = reads.sent(CALLED)[-1]
        expected = {"config_version": 2, "reason_code": code}
        assert rule_of(called) == {n: part for n, part in expected.items() if part is not None}
        assert reads.sent(EXPOSURE) == []


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (25, True),
        (0, True),
        ({"a": 1}, True),
        (None, False),
        ("", True),
        (False, False),
        ("x", "x"),
    ],
)
def test_events_have_no_numbers_objects_or_null(
    server: MockServer, value: Any, shown: bool | str
) -> None:
    with Reads(server, record("split", value)) as reads:
        assert reads.read() == value
        flags = reads.client.evaluate_flags(USER)
        reads.client.capture("bought", distinct_id=USER, flags=flags)
        (called,), (exposure,) = reads.sent(CALLED), reads.sent(EXPOSURE)
        (bought,) = reads.sent("bought")
    assert called["$feature_flag_response"] is shown or called["$feature_flag_response"] == shown
    assert exposure["$feature_flag_response"] == called["$feature_flag_response"]
    assert called["$feature/layout"] == bought["$feature/layout"] == shown
    assert "$feature_flag_payload" not in called


@pytest.mark.parametrize("code", ["dependency_error", "experiment_split"])
def test_a_failed_flag_reports_its_reason_and_no_rule(server: MockServer, code: str) -> None:
    sent = failed(code)
    sent["metadata"] |= record("split")["metadata"]
    server.default = answer(layout=sent, extra={"errorsWhileComputingFlags": True})
    with Reads(server) as reads:
        assert reads.read() is None
        (called,), exposures = reads.sent(CALLED), reads.sent(EXPOSURE)
    assert rule_of(called) == {"config_version": 2, "reason_code": code}
    assert called["$feature_flag_response"] is None
    errors = "errors_while_computing_flags,evaluation_failed"
    assert called["$feature_flag_error"] == errors
    assert (called["$feature_flag_id"], called["$feature_flag_request_id"]) == (201, REQUEST)
    assert exposures == []


def test_an_unreadable_record_reports_an_unknown_error_alone(server: MockServer) -> None:
    with Reads(server, record("split", rule_id=3)) as reads:
        assert reads.read() is None
        (called,) = reads.sent(CALLED)
    assert called["$feature_flag_error"] == "unknown_error"
    assert (rule_of(called), "$feature_flag_id" in called) == ({}, False)


def test_a_filtered_copy_keeps_the_failures_that_it_holds(server: MockServer) -> None:
    server.default = answer(layout=failed(), other=failed())
    with Reads(server) as reads:
        flags = reads.client.evaluate_flags(USER).only(["layout"])
        assert flags.get_flag("layout") is None
        assert flags.get_flag("other") is None
        assert [each["$feature_flag"] for each in reads.sent(CALLED)] == ["layout"]
        again = reads.client.evaluate_flags(USER)
        again.get_flag("other")
        assert again.only_accessed().keys == []
        assert [each["$feature_flag"] for each in reads.sent(CALLED)] == ["layout", "other"]


READS = {
    "value": lambda client: client.get_feature_flag("layout", USER),
    "enabled": lambda client: client.is_feature_enabled("layout", USER),
    "result": lambda client: client.get_feature_flag_result("layout", USER),
    "reading": lambda client: client.get_feature_flag_reading("layout", USER),
    "payload": lambda client: client.get_feature_flag_payload(
        "layout", USER, send_feature_flag_events=True
    ),
    "snapshot": lambda client: client.evaluate_flags(USER).get_flag("layout"),
    "snapshot enabled": lambda client: client.evaluate_flags(USER).is_enabled("layout"),
}


@pytest.mark.parametrize("first", READS)
def test_every_read_reports_and_no_second_read_does(server: MockServer, first: str) -> None:
    with Reads(server, record("split")) as reads:
        for name in (first, *READS):
            READS[name](reads.client)
        assert [event["event"] for event in reads.events()] == [CALLED, EXPOSURE]


def test_reads_that_shall_send_nothing_send_nothing(server: MockServer) -> None:
    with Reads(server, record("split", "annual")) as reads:
        client = reads.client
        reads.read(send_feature_flag_events=False)
        client.evaluate_flags(USER).get_flag("layout", send_feature_flag_events=False)
        client.get_feature_flag_payload("layout", USER)
        client.get_feature_flag_payload("layout", USER, send_feature_flag_events=False)
        match = {"match_value": "annual", "send_feature_flag_events": True}
        client.get_feature_flag_payload("layout", USER, **match)
        client.get_all_flags(USER)
        assert reads.events() == []
    with Reads(server, record("split"), send_feature_flag_event=False) as reads:
        reads.read()
        reads.client.evaluate_flags(USER).get_flag("layout")
        assert reads.events() == []


def test_equal_values_of_other_arms_rules_and_groups_are_other_exposures(
    server: MockServer,
) -> None:
    changes: list[dict[str, Any]] = [
        {},
        {"variant_key": "arm_b"},
        {"rule_id": OTHER_RULE},
        {},
        {"experiment_id": 302},
    ]
    with Reads(server) as reads:
        for changed in changes:
            server.default = answer(layout=record("split", **changed))
            reads.read()
        reads.read(groups={"company": "acme"})
        seen = [
            (each["$feature_flag_rule_id"], each["$feature_flag_variant_key"], each.get("$groups"))
            for each in reads.sent(EXPOSURE)
        ]
        assert len(reads.sent(CALLED)) == 4
    arms = [(RULE, "arm_a", None), (RULE, "arm_b", None), (OTHER_RULE, "arm_a", None)]
    assert seen == [*arms, (RULE, "arm_a", {"company": "acme"})]


def test_another_value_or_device_is_the_same_exposure(server: MockServer) -> None:
    with Reads(server, record("split", "old copy")) as reads:
        reads.read()
        server.default = answer(layout=record("split", "new copy"))
        reads.read()
        reads.read(device_id="phone")
        assert (len(reads.sent(CALLED)), len(reads.sent(EXPOSURE))) == (3, 1)


def test_super_properties_and_the_context_change_nothing_that_is_reported(
    server: MockServer,
) -> None:
    foreign = {
        f"$feature_flag_{name}": "foreign"
        for name in (*RULE_NAMES, "reason", "forced_variant", "experiment_id", "holdout_id")
    } | {"$feature_flag": "foreign", "$experiment_exposure_source": "foreign"}
    with Reads(server, record("no rule"), super_properties=foreign) as reads:
        with reads.client.context(properties=foreign):
            reads.read()
        server.default = answer(layout=record("split"))
        reads.read()
        missed, split = reads.sent(CALLED)
        (exposure,) = reads.sent(EXPOSURE)
    assert rule_of(missed) == {"config_version": 2, "reason_code": "no_rule_match"}
    assert rule_of(split)["rule_type"] == "experiment"
    assert rule_of(exposure) == {"rule_id": RULE, "variant_key": "arm_a"}
    found = {
        name for each in (missed, split, exposure) for name, v in each.items() if v == "foreign"
    }
    assert found == {"$experiment_exposure_source"}
    assert "$experiment_exposure_source" not in exposure


def test_the_short_event_keeps_the_rule_and_an_exposure_is_never_short(server: MockServer) -> None:
    sent = record("split", has_experiment=False)
    gate = {"minimalFlagCalledEvents": True}
    server.default = answer(layout=sent, extra=gate)
    with Reads(server, super_properties={"plan": "pro"}) as reads:
        reads.read()
        (called,), (exposure,) = reads.sent(CALLED), reads.sent(EXPOSURE)
        assert set(rule_of(called)) == set(RULE_NAMES)
        assert ("plan" in called, "plan" in exposure) == (False, True)
        older = {"$feature_flag_rule_id": "foreign"}
        reads.client.register(older)
        server.default = answer(layout=record("released", config_version=1), extra=gate)
        reads.read()
        assert rule_of(reads.sent(CALLED)[-1]) == {}


def test_no_seed_is_in_an_event(server: MockServer) -> None:
    foreign = {"seed": 1, "debug": [{"holdout_seed": 2, "kept": 3}], "assignmentSeed": 4}
    named = {"$set": {"seed": {"seed": 5}}, "$set_once": {"my_seed": 6}}
    server.default = answer(my_seed=record("split"))
    with Reads(server, super_properties=foreign | named) as reads:
        reads.client.get_feature_flag("my_seed", USER, groups={"seed": "acme"})
        reads.client.capture("played", distinct_id=USER, properties={"seed": 7})
        (called,), (exposure,) = reads.sent(CALLED), reads.sent(EXPOSURE)
        (played,) = reads.sent("played")
    for event in (called, exposure):
        assert event["debug"] == [{"kept": 3}]
        assert (event["$set"], event["$set_once"]) == ({"seed": {}}, {"my_seed": 6})
        assert event["$groups"] == {"seed": "acme"}
        assert not {"seed", "assignmentSeed"} & set(event)
    assert called["$feature/my_seed"] is False
    # The application's own events are its own.
    assert (played["seed"], played["assignmentSeed"]) == (7, 4)


def test_a_stale_answer_is_reported_without_its_rule(server: MockServer) -> None:
    options = {"flag_cache": "memory://local/?mode=fallback"}
    with Reads(server, record("split"), **options) as reads:
        reads.read(send_feature_flag_events=False)
        server.play(Answer(500))
        assert reads.read() is False
        (called,) = reads.sent(CALLED)
        assert (rule_of(called), reads.sent(EXPOSURE)) == ({}, [])


def test_a_cached_answer_is_an_exposure_like_a_fresh_one(server: MockServer) -> None:
    with Reads(server, record("split"), flag_cache="memory://local/") as reads:
        reads.read(send_feature_flag_events=False)
        reads.read()
        assert len(reads.sent(EXPOSURE)) == 1


def test_the_asynchronous_client_sends_the_same(server: MockServer) -> None:
    server.default = answer(layout=record("split"))

    async def read() -> None:
        async with AsyncClient("phc_key", host=server.url) as client:
            await client.get_feature_flag("layout", USER)
            (await client.evaluate_flags(USER)).is_enabled("layout")

    asyncio.run(read())
    (batch,) = [seen.json()["batch"] for seen in server.seen if seen.path == "/batch/"]
    assert [event["event"] for event in batch] == [CALLED, EXPOSURE]


def flags_response(sent: Any) -> Response:
    return Response(200, body=answer(layout=sent).body)


def test_an_event_that_the_queue_refused_is_sent_by_a_later_read() -> None:
    with Bench(max_queue_size=1) as bench:
        bench.server.play(FLAGS, *(flags_response(record("split")) for _ in range(3)))
        bench.client.get_feature_flag("layout", USER)
        assert [event["event"] for event in bench.events()] == [CALLED]
        bench.client.get_feature_flag("layout", USER)
        bench.client.get_feature_flag("layout", USER)
        assert [event["event"] for event in bench.events()] == [CALLED, EXPOSURE]


def test_an_event_that_a_hook_dropped_stays_dropped() -> None:
    asked: list[str] = []

    def drop(message: dict[str, Any]) -> None:
        asked.append(message["event"])

    with Bench(before_send=drop) as bench:
        bench.server.play(FLAGS, *(flags_response(record("split")) for _ in range(2)))
        bench.client.get_feature_flag("layout", USER)
        bench.client.get_feature_flag("layout", USER)
    assert asked == [CALLED, EXPOSURE]


def test_new_definitions_repeat_no_exposure_but_a_reset_does() -> None:
    with Bench(secret_key="phx_secret") as bench:
        bench.server.play(FLAGS, *(flags_response(record("split")) for _ in range(3)))
        bench.client.get_feature_flag("layout", USER)
        bench.server.definitions = {"flags": [], "cohorts": {"1": {}}}
        bench.client.reload_feature_flags()
        bench.client.get_feature_flag("layout", USER)
        assert len(bench.events(EXPOSURE)) == 1
        bench.client.reset()
        bench.client.get_feature_flag("layout", USER)
        assert len(bench.events(EXPOSURE)) == 2
        bench.client.shutdown()
        components = bench.client.components
        assert (len(components.tracker), len(components.exposures)) == (0, 0)


def test_of_format_1_a_refused_event_is_not_tried_again() -> None:
    with Bench(max_queue_size=1) as bench:
        bench.server.flags = {"older": True}
        bench.client.capture("first", distinct_id=USER)
        bench.client.get_feature_flag("older", USER)
        assert len(bench.events()) == 1
        bench.client.get_feature_flag("older", USER)
        assert len(bench.events()) == 1


def test_a_read_inside_a_hook_sends_nothing_and_a_later_read_does() -> None:
    values: list[Any] = []

    def read(message: dict[str, Any]) -> dict[str, Any]:
        values.append(bench.client.get_feature_flag("older", USER))
        values.append(snapshot.is_enabled("older"))
        return message

    with Bench(before_send=read) as bench:
        bench.server.flags = {"older": True}
        snapshot = bench.client.evaluate_flags(USER)
        bench.client.capture("first", distinct_id=USER)
        assert bench.client.flush()
        assert bench.client.counters().refused == {}
        assert [event["event"] for event in bench.events()] == ["first"]
        snapshot.is_enabled("older")
        bench.client.get_feature_flag("older", USER)
        assert [event["event"] for event in bench.events()] == ["first", CALLED]
    assert set(values) == {True}
