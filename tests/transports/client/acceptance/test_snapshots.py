"""The acceptance scenarios about ``evaluate_flags``: one evaluation, many reads."""

from __future__ import annotations

import logging

import pytest

from flagengine.transports import Response

from ..bench import FLAGS, Bench, flag, local, needs, variant_flag

pytestmark = pytest.mark.contract("evaluate-flags")

USER = "user-123"
THREE = {"beta-ui": True, "checkout": "blue", "search": False}


def test_one_snapshot_answers_several_branches() -> None:
    with Bench() as bench:
        bench.server.flags = {"beta-ui": True, "checkout": "blue"}
        snapshot = bench.client.evaluate_flags(USER)
        assert snapshot.is_enabled("beta-ui")
        assert snapshot.get_flag("checkout") == "blue"
        assert snapshot.is_enabled("beta-ui")
        assert len(bench.flag_requests) == 1


def test_one_snapshot_replaces_getters_and_evaluation_at_capture() -> None:
    with Bench() as bench:
        bench.server.flags = {"beta-ui": True, "checkout": "blue"}
        bench.server.payloads = {"checkout": {"copy": "new"}}
        snapshot = bench.client.evaluate_flags(USER)
        assert snapshot.is_enabled("beta-ui")
        assert snapshot.get_flag("checkout") == "blue"
        assert snapshot.get_flag_payload("checkout") == {"copy": "new"}
        assert snapshot.keys == ["beta-ui", "checkout"]
        bench.client.capture("order completed", distinct_id=USER, flags=snapshot)
        properties = bench.event("order completed")["properties"]
        assert properties["$feature/beta-ui"] is True
        assert properties["$feature/checkout"] == "blue"
        assert len(bench.flag_requests) == 1


def test_disabled_missing_and_variant_flags_differ() -> None:
    with Bench() as bench:
        bench.server.flags = {"disabled": False, "checkout": "blue"}
        snapshot = bench.client.evaluate_flags(USER)
        assert (snapshot.is_enabled("disabled"), snapshot.get_flag("disabled")) == (False, False)
        assert (snapshot.is_enabled("checkout"), snapshot.get_flag("checkout")) == (True, "blue")
        assert (snapshot.is_enabled("missing"), snapshot.get_flag("missing")) == (False, None)
        assert snapshot.is_enabled("missing", True)


def test_nothing_is_reported_before_a_value_is_read() -> None:
    with Bench() as bench:
        bench.server.flags = {"beta-ui": True}
        snapshot = bench.client.evaluate_flags(USER)
        assert bench.called() == []
        snapshot.is_enabled("beta-ui")
        snapshot.get_flag("beta-ui")
        snapshot.is_enabled("beta-ui")
        (called,) = bench.called("beta-ui")
    assert called["$feature_flag_response"] is True


def test_reading_a_payload_is_silent() -> None:
    with Bench() as bench:
        bench.server.flags, bench.server.payloads = {"checkout": "blue"}, {"checkout": {"copy": 1}}
        snapshot = bench.client.evaluate_flags(USER)
        assert snapshot.get_flag_payload("checkout") == {"copy": 1}
        assert bench.called() == []
        assert len(snapshot.only_accessed()) == 0
        assert len(bench.flag_requests) == 1


def test_an_event_gets_the_very_values_of_the_snapshot() -> None:
    with Bench() as bench:
        bench.server.flags = {"beta-ui": False, "checkout": "blue"}
        snapshot = bench.client.evaluate_flags(USER)
        bench.client.capture(
            "order completed", distinct_id=USER, flags=snapshot, send_feature_flags=True
        )
        properties = bench.event("order completed")["properties"]
        assert properties["$feature/beta-ui"] is False
        assert properties["$feature/checkout"] == "blue"
        assert properties["$active_feature_flags"] == ["checkout"]
        assert len(bench.flag_requests) == 1


def test_a_snapshot_narrows_down_to_what_was_read() -> None:
    with Bench() as bench:
        bench.server.flags = dict(THREE)
        snapshot = bench.client.evaluate_flags(USER)
        snapshot.is_enabled("beta-ui")
        snapshot.get_flag("search")
        read = snapshot.only_accessed()
        assert {key: read.get_flag(key) for key in read.keys} == {"beta-ui": True, "search": False}
        assert len(bench.flag_requests) == 1


def test_to_nothing_when_nothing_was_read() -> None:
    with Bench() as bench:
        bench.server.flags = {"beta-ui": True}
        assert bench.client.evaluate_flags(USER).only_accessed().keys == []


def test_asking_for_no_flag_asks_for_nothing() -> None:
    with Bench(definitions=local(flag("search")), flag_cache="memory://local/") as bench:
        bench.server.flags = dict(THREE)
        bench.client.evaluate_flags(USER, flag_keys=["beta-ui"])
        assert bench.client.evaluate_flags(USER, flag_keys=[]).keys == []
        assert len(bench.flag_requests) == 1


def test_asking_for_some_and_keeping_some_are_two_things(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with Bench() as bench:
        bench.server.flags = dict(THREE)
        snapshot = bench.client.evaluate_flags(USER, flag_keys=["beta-ui", "checkout"])
        assert bench.flag_requests[0]["flag_keys_to_evaluate"] == ["beta-ui", "checkout"]
        assert "search" not in snapshot
        assert snapshot.only(["beta-ui", "missing"]).keys == ["beta-ui"]
        assert len(bench.flag_requests) == 1
    assert "missing" in caplog.text


def test_one_missing_definition_asks_for_all_requested_keys() -> None:
    with Bench(definitions=local(flag("beta-ui"))) as bench:
        bench.server.flags = {"beta-ui": False, "checkout": "blue"}
        snapshot = bench.client.evaluate_flags(USER, flag_keys=["beta-ui", "checkout"])
        (request,) = bench.flag_requests
        assert request["flag_keys_to_evaluate"] == ["beta-ui", "checkout"]
        assert snapshot.get_flag("beta-ui") is True
        assert snapshot.get_flag("checkout") == "blue"


def test_requested_keys_narrow_down_local_answers() -> None:
    definitions = local(flag("beta-ui"), variant_flag("checkout", "blue"), flag("search"))
    with Bench(definitions=definitions) as bench:
        snapshot = bench.client.evaluate_flags(USER, flag_keys=["beta-ui", "checkout"])
        assert snapshot.get_flag("beta-ui") is True
        assert snapshot.get_flag("checkout") == "blue"
        assert "search" not in snapshot
        assert bench.flag_requests == []


@pytest.mark.contract("feature-flag-cache")
def test_requested_keys_narrow_down_cached_answers() -> None:
    with Bench(flag_cache="memory://local/") as bench:
        bench.server.flags = dict(THREE)
        bench.client.evaluate_flags(USER)
        snapshot = bench.client.evaluate_flags(USER, flag_keys=["beta-ui", "checkout"])
        assert snapshot.get_flag("beta-ui") is True
        assert snapshot.get_flag("checkout") == "blue"
        assert "search" not in snapshot
        assert len(bench.flag_requests) == 1


def test_local_only_never_asks() -> None:
    with Bench(definitions=local(flag("beta-ui"), flag("checkout", needs("plan")))) as bench:
        snapshot = bench.client.evaluate_flags(USER, only_evaluate_locally=True)
        assert snapshot.get_flag("beta-ui") is True
        assert "checkout" not in snapshot
        assert bench.flag_requests == []


def test_a_failed_request_keeps_what_was_decided_locally(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with Bench(definitions=local(flag("beta-ui"), flag("checkout", needs("plan")))) as bench:
        bench.server.play(FLAGS, Response(500))
        snapshot = bench.client.evaluate_flags(USER)
        assert snapshot.get_flag("beta-ui") is True
        assert "checkout" not in snapshot
        assert snapshot.is_enabled("beta-ui")
        assert len(bench.flag_requests) == 1
        assert snapshot.unresolved["checkout"].missing.person_properties == ("plan",)
        warned = [each.name for each in caplog.records if each.levelno == logging.WARNING]
        assert warned == ["flagengine.flags"]


def test_for_nobody_it_is_empty_and_silent() -> None:
    with Bench() as bench:
        snapshot = bench.client.evaluate_flags()
        assert len(snapshot) == 0
        assert snapshot.is_enabled("beta-ui") is False
        assert bench.flag_requests == []
        assert bench.called() == []
