"""Reading the loaded definitions, and the other names of posthog-python's arguments."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from flagengine.transports import AsyncClient, FeatureFlagEvaluationRuntime, MemorySink

from .bench import SECRET, Bench, flag, local, needs, variant_flag

USER = "user-1"
FLAGS = [
    flag("both"),
    flag("here", evaluation_runtime="server"),
    flag("there", evaluation_runtime="client"),
    flag("said", evaluation_runtime="all"),
    flag("odd", evaluation_runtime="mars"),
]


@pytest.mark.parametrize(
    ("key", "runtime"),
    [("both", "all"), ("here", "server"), ("there", "client"), ("odd", "all"), ("none", None)],
)
def test_a_flag_says_where_it_is_evaluated(key: str, runtime: str | None) -> None:
    with Bench(definitions=local(*FLAGS)) as bench:
        found = bench.client.get_feature_flag_evaluation_runtime(key)
    assert found == runtime
    assert found is None or isinstance(found, FeatureFlagEvaluationRuntime)


@pytest.mark.parametrize(
    ("runtime", "keys"),
    [
        ("client", ["both", "there", "said", "odd"]),
        (FeatureFlagEvaluationRuntime.SERVER, ["both", "here", "said", "odd"]),
        ("all", ["both", "here", "there", "said", "odd"]),
        ("mars", []),
    ],
)
def test_keys_are_found_by_where_they_may_be_evaluated(runtime: str, keys: list[str]) -> None:
    with Bench(definitions=local(*FLAGS)) as bench:
        assert bench.client.get_feature_flag_keys_by_evaluation_runtime(runtime) == keys


def test_the_definitions_are_what_was_sent_and_the_callers_to_change() -> None:
    with Bench(definitions=local(*FLAGS)) as bench:
        found = bench.client.feature_flag_definitions()
        assert found == FLAGS
        found[0]["filters"].clear()
        assert bench.client.feature_flag_definitions() == FLAGS
        assert bench.client.get_feature_flag("both", USER) is True


def test_before_anything_is_loaded_there_are_none() -> None:
    with Bench() as bench:
        assert bench.client.feature_flag_definitions() is None
        assert bench.client.get_feature_flag_evaluation_runtime("both") is None
        assert bench.client.get_feature_flag_keys_by_evaluation_runtime("all") == []


def test_the_first_look_starts_the_loading() -> None:
    with Bench(secret_key=SECRET) as bench:
        bench.server.definitions = {"flags": FLAGS}
        assert bench.client.feature_flag_definitions() is None
        bench.client.tick()
        assert bench.client.feature_flag_definitions() == FLAGS


def test_the_asynchronous_client_waits_for_none_of_it() -> None:
    async def look() -> tuple[Any, ...]:
        options: dict[str, Any] = {"definitions": local(*FLAGS), "sink": MemorySink()}
        async with AsyncClient("phc_key", **options) as client:
            return (
                client.feature_flag_definitions(),
                client.get_feature_flag_evaluation_runtime("here"),
                client.get_feature_flag_keys_by_evaluation_runtime("server"),
            )

    definitions, runtime, keys = asyncio.run(look())
    assert (definitions, runtime) == (FLAGS, "server")
    assert keys == ["both", "here", "said", "odd"]


@pytest.mark.contract("get-feature-flags")
@pytest.mark.parametrize("name", ["flag_keys", "flag_keys_to_evaluate"])
def test_both_names_choose_the_flags(name: str) -> None:
    with Bench(definitions=local(flag("a"), flag("b"))) as bench:
        chosen: dict[str, Any] = {name: ["b"]}
        assert bench.client.get_all_flags(USER, **chosen) == {"b": True}
        both = bench.client.get_all_flags_and_payloads(USER, **chosen)
        assert both["feature_flags"] == {"b": True}
        assert bench.client.get_all_flags(USER, **{name: []}) == {}


@pytest.mark.contract("get-feature-flag-payload")
def test_a_payload_read_reports_if_it_is_told_to() -> None:
    with Bench(definitions=local(variant_flag("v", "blue", {"a": 1}))) as bench:
        read = bench.client.get_feature_flag_payload
        assert read("v", USER, send_feature_flag_events=False) == {"a": 1}
        assert read("v", USER, match_value="blue", send_feature_flag_events=True) == {"a": 1}
        assert bench.called("v") == []
        assert read("v", USER, send_feature_flag_events=True) == {"a": 1}
        (called,) = bench.called("v")
        assert called["$feature_flag_response"] == "blue"


def test_an_events_flags_take_posthog_pythons_names() -> None:
    with Bench(definitions=local(flag("a"), flag("b"), flag("open", needs("plan")))) as bench:
        capture = bench.client.capture
        capture("chosen", distinct_id=USER, send_feature_flags={"flag_keys_filter": ["a"]})
        capture("none", distinct_id=USER, send_feature_flags={"should_send": False})
        (chosen,), (none,) = bench.events("chosen"), bench.events("none")
        assert chosen["properties"]["$active_feature_flags"] == ["a"]
        assert "$active_feature_flags" not in none["properties"]


def test_the_result_says_why_flags_are_unresolved() -> None:
    definitions = local(flag("a"), flag("open", needs("plan")))
    with Bench(definitions=definitions, strict_local_evaluation=True) as bench:
        flags = bench.client.evaluate_flags(USER)
    assert dict(flags.unresolved_flags) == {"open": "missing_context"}


def test_a_remote_config_has_two_names_for_its_key(caplog: pytest.LogCaptureFixture) -> None:
    with Bench(secret_key=SECRET, enable_local_evaluation=False) as bench:
        for name in ("key", "flag_key"):
            chosen: dict[str, Any] = {name: "limits"}
            assert bench.client.get_remote_config_payload(**chosen) == {"status": 1}
        assert bench.client.get_remote_config_payload() is None
        paths = [request.url for request in bench.server.requests]
    assert len(paths) == 2
    assert all("/feature_flags/limits/remote_config" in path for path in paths)
    assert "needs a flag_key" in caplog.text


NAMES = ["error", "flush", "local_evaluation_flags_loaded", "definitions_recovered", "*", "capture"]
NAMES += ["identify", "alias", "group_identify", "localEvaluationFlagsLoaded", "groupIdentify"]


@pytest.mark.parametrize("name", NAMES)
def test_a_listener_of_an_event_that_happens_gets_no_warning(name: str, caplog: Any) -> None:
    with Bench() as bench:
        bench.client.on(name, print)
    assert caplog.messages == []
