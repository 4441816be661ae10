"""The acceptance scenarios about events: captured, changed, delivered, kept, dropped."""

from __future__ import annotations

import logging
import re
import threading
from typing import Any

import pytest

from flagengine.transports import Response

from ..bench import AI_BATCH, BATCH, Bench

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
FAILS = Response(503)


def capture(bench: Bench, *names: str) -> None:
    for name in names:
        bench.client.capture(name, distinct_id="user-123")


@pytest.mark.contract("capture")
class TestCapture:
    def test_an_explicit_id_is_whose_event_it_is(self) -> None:
        with Bench() as bench:
            bench.client.capture("Signed Up", distinct_id="user-123", properties={"source": "api"})
            event = bench.event("Signed Up")
        assert event["distinct_id"] == "user-123"
        assert event["properties"]["source"] == "api"
        assert event["properties"]["$lib"] == "flagengine"
        assert UUID.fullmatch(event["uuid"])

    @pytest.mark.contract("consent-gating", "opt-in", "is-opt-out")
    def test_nothing_is_captured_after_an_opt_out(self) -> None:
        with Bench() as bench:
            bench.client.opt_out()
            assert bench.client.is_opted_out()
            assert bench.client.capture("Ignored", distinct_id="u") is None
            assert bench.client.pending_count() == 0
            bench.client.flush()
            assert bench.server.requests == []
            bench.client.opt_in()
            assert bench.client.capture("Seen", distinct_id="u") is not None

    def test_a_hook_changes_events_and_its_successor_drops_them(self) -> None:
        drops = threading.Event()

        def hook(message: dict[str, Any]) -> dict[str, Any] | None:
            message["properties"]["filtered"] = "yes"
            return None if drops.is_set() else message

        with Bench(before_send=hook) as bench:
            capture(bench, "Filtered Event")
            drops.set()
            capture(bench, "Dropped Event")
            events = bench.events()
        assert [(e["event"], e["properties"]["filtered"]) for e in events] == [
            ("Filtered Event", "yes")
        ]

    @pytest.mark.contract("before-send-hook")
    def test_a_hook_that_raises_drops_an_immediate_event(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        def hook(_: object) -> None:
            raise ZeroDivisionError

        with Bench(before_send=hook) as bench:
            uuid = bench.client.capture_immediate("Sensitive Event", distinct_id="u")
            assert uuid is None
            assert bench.client.pending_count() == 0
            assert bench.server.requests == []
        assert "before_send raised" in caplog.text


@pytest.mark.contract("before-send-hook")
class TestBeforeSend:
    def test_a_hook_changes_the_assembled_event(self) -> None:
        seen: list[dict[str, Any]] = []

        def hook(message: dict[str, Any]) -> dict[str, Any]:
            seen.append({**message, "properties": dict(message["properties"])})
            message["properties"]["added"] = 1
            return message

        with Bench(before_send=hook, super_properties={"plan": "pro"}) as bench:
            capture(bench, "Save")
            assert bench.event("Save")["properties"]["added"] == 1
        assert seen[0]["properties"]["plan"] == "pro"
        assert seen[0]["properties"]["$lib"] == "flagengine"
        assert set(seen[0]) == {"event", "distinct_id", "properties", "timestamp", "uuid"}

    def test_a_hook_drops_an_event(self) -> None:
        with Bench(before_send=lambda message: None if message["event"] == "Bad" else message) as b:
            capture(b, "Bad", "Good")
            assert [event["event"] for event in b.events()] == ["Good"]

    def test_a_hook_that_raises_ends_the_chain_and_drops_what_was_changed(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        def redact(message: dict[str, Any]) -> dict[str, Any]:
            message["properties"] = {"redacted": True}
            return message

        def fail(_: object) -> None:
            raise RuntimeError

        later: list[object] = []

        def last(message: dict[str, Any]) -> dict[str, Any]:
            later.append(message)
            return message

        with Bench(before_send=[redact, fail, last]) as bench:
            capture(bench, "Sensitive")
            assert bench.events() == []
        assert later == []
        assert "dropped" in caplog.text


@pytest.mark.contract("alias")
class TestAlias:
    def test_the_previous_id_is_whose_event_it_is(self) -> None:
        with Bench() as bench:
            bench.client.alias("anon-123", "user-123")
            event = bench.event("$create_alias")
        assert event["distinct_id"] == "anon-123"
        assert event["properties"]["alias"] == "user-123"
        assert event["properties"]["distinct_id"] == "anon-123"

    def test_without_both_ids_nothing_is_captured(self, caplog: pytest.LogCaptureFixture) -> None:
        with Bench() as bench:
            assert bench.client.alias(None, "user-123") is None
            assert bench.client.alias("anon-123", "") is None
            assert bench.events() == []
        assert caplog.text.count("alias() needs") == 2


@pytest.mark.contract("identify")
class TestIdentify:
    def test_properties_are_set_for_the_person(self) -> None:
        with Bench() as bench:
            bench.client.identify("user-123", {"email": "user@test.test"})
            event = bench.event("$identify")
        assert event["distinct_id"] == "user-123"
        assert event["properties"]["$set"] == {"email": "user@test.test"}

    def test_without_an_id_nothing_is_captured(self, caplog: pytest.LogCaptureFixture) -> None:
        with Bench() as bench:
            assert bench.client.identify(None, {"email": "x"}) is None
            assert bench.events() == []
            assert bench.client.get_distinct_id() is None
        assert "identify() needs" in caplog.text


@pytest.mark.contract("group-identify")
class TestGroupIdentify:
    def test_properties_are_set_for_the_group(self) -> None:
        with Bench() as bench:
            bench.client.group_identify("company", "company-123", {"plan": "pro"})
            event = bench.event("$groupidentify")
        assert event["distinct_id"] == "$company_company-123"
        assert event["properties"]["$group_type"] == "company"
        assert event["properties"]["$group_key"] == "company-123"
        assert event["properties"]["$group_set"] == {"plan": "pro"}

    def test_without_type_and_key_nothing_is_captured(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        with Bench() as bench:
            assert bench.client.group_identify("company", None) is None
            assert bench.client.group_identify("", "company-123") is None
            assert bench.events() == []
        assert caplog.text.count("group_identify() needs") == 2


@pytest.mark.contract("get-distinct-id")
def test_a_server_has_no_id_of_its_own() -> None:
    with Bench() as bench:
        bench.client.identify("user-123")
        assert bench.client.get_distinct_id() is None
        with bench.client.context(distinct_id="user-1"):
            assert bench.client.get_distinct_id() == "user-1"


@pytest.mark.contract("capture-ai")
class TestCaptureAi:
    def test_the_returned_uuid_is_on_the_ai_endpoint(self) -> None:
        with Bench() as bench:
            uuid = bench.client.capture_ai(
                "$ai_generation", distinct_id="user-123", properties={"$ai_model": "gpt"}
            )
            (event,) = bench.events(path=AI_BATCH)
        assert event["uuid"] == uuid
        assert event["timestamp"]
        assert event["properties"]["$ai_model"] == "gpt"

    @pytest.mark.parametrize("mode", ["v0", "v1"])
    def test_both_kinds_take_their_own_way(self, mode: str) -> None:
        with Bench(capture_mode=mode) as bench:
            capture(bench, "button_clicked")
            bench.client.capture_ai("$ai_generation", distinct_id="user-123")
            plain = BATCH if mode == "v0" else "/i/v1/analytics/events"
            assert [event["event"] for event in bench.events(path=plain)] == ["button_clicked"]
            assert [event["event"] for event in bench.events(path=AI_BATCH)] == ["$ai_generation"]

    @pytest.mark.parametrize("mode", ["v0", "v1"])
    def test_a_name_alone_reroutes_nothing(self, mode: str) -> None:
        with Bench(capture_mode=mode) as bench:
            capture(bench, "$ai_generation")
            assert [event["event"] for event in bench.events(path=BATCH)] == ["$ai_generation"]
            assert bench.server.made(AI_BATCH) == []


@pytest.mark.contract("event-batcher")
class TestBatcher:
    def test_a_full_batch_goes_out_at_once(self) -> None:
        with Bench(flush_at=2) as bench:
            capture(bench, "a", "b")
            bench.client.tick()
            assert len(bench.server.made(BATCH)) == 1
            assert bench.client.pending_count() == 0

    def test_an_interval_that_ends_sends_what_there_is(self) -> None:
        with Bench(flush_interval=10) as bench:
            capture(bench, "a")
            bench.clock.advance(9.9)
            assert bench.client.tick() == 0
            bench.clock.advance(0.1)
            assert bench.client.tick() == 1
            assert bench.client.pending_count() == 0

    def test_events_keep_their_order(self) -> None:
        with Bench() as bench:
            capture(bench, "first", "second", "third")
            assert [event["event"] for event in bench.events()] == ["first", "second", "third"]


@pytest.mark.contract("retry-queue")
class TestRetryQueue:
    def test_an_event_stays_after_a_failure_that_may_pass(self) -> None:
        with Bench() as bench:
            bench.server.play(BATCH, FAILS)
            capture(bench, "Retry Me")
            assert not bench.client.flush()
            assert bench.client.pending_count() == 1

    def test_it_is_delivered_by_a_later_try(self) -> None:
        with Bench() as bench:
            bench.server.play(BATCH, FAILS)
            capture(bench, "Retry Me")
            bench.client.flush()
            bench.clock.advance(2)
            bench.client.tick()
            first, second = bench.server.bodies(BATCH)
            assert first["batch"] == second["batch"]
            assert bench.client.pending_count() == 0

    @pytest.mark.contract("event-batcher")
    def test_a_full_queue_takes_no_more_and_says_so_once(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        with Bench(max_queue_size=2) as bench:
            capture(bench, "a", "b")
            assert bench.client.capture("c", distinct_id="u") is None
            assert bench.client.capture("d", distinct_id="u") is None
            assert bench.client.pending_count() == 2
        assert caplog.text.count("was not accepted") == 1


@pytest.mark.contract("flush")
class TestFlush:
    def test_everything_queued_goes_out_at_once(self) -> None:
        with Bench() as bench:
            capture(bench, "First", "Second")
            assert bench.client.flush()
            (body,) = bench.server.bodies(BATCH)
            assert [event["event"] for event in body["batch"]] == ["First", "Second"]
            assert bench.client.pending_count() == 0

    def test_an_empty_queue_is_no_trouble(self) -> None:
        with Bench() as bench:
            assert bench.client.flush()
            assert bench.server.requests == []

    def test_what_fails_stays_queued(self) -> None:
        with Bench() as bench:
            bench.server.play(BATCH, FAILS)
            capture(bench, "Save")
            assert bench.client.flush() is False
            assert bench.client.pending_count() == 1


@pytest.mark.contract("shutdown")
class TestShutdown:
    def test_it_delivers_and_then_takes_nothing(self, caplog: pytest.LogCaptureFixture) -> None:
        with Bench() as bench:
            capture(bench, "Save")
            assert bench.client.shutdown()
            assert bench.client.capture("After Shutdown", distinct_id="u") is None
            assert bench.client.capture("Again", distinct_id="u") is None
            assert [event["event"] for event in bench.events()] == ["Save"]
            assert bench.client.pending_count() == 0
        assert caplog.text.count("the client is shut down") == 1

    def test_a_second_time_is_no_trouble(self) -> None:
        with Bench() as bench:
            assert bench.client.shutdown()
            assert bench.client.shutdown()

    def test_a_failing_server_costs_a_warning(self, caplog: pytest.LogCaptureFixture) -> None:
        with Bench() as bench:
            bench.server.play(BATCH, *[FAILS] * 10)
            capture(bench, "Save")
            assert bench.client.shutdown(timeout=30) is False
        assert any(record.levelno >= logging.WARNING for record in caplog.records)


@pytest.mark.contract("http-client")
class TestHttpClient:
    def test_key_and_event_are_in_the_request(self) -> None:
        with Bench(host="https://mock.posthog.test") as bench:
            capture(bench, "Save")
            event = bench.event("Save")
            (request,) = bench.server.made(BATCH)
        assert event["event"] == "Save"
        assert request.url == "https://mock.posthog.test/batch/"
        assert b'"api_key":"phc_projectkey"' in (request.body or b"")
        assert request.headers["Content-Type"] == "application/json"

    def test_a_success_empties_the_queue(self) -> None:
        with Bench() as bench:
            capture(bench, "Save")
            assert bench.client.flush()
            assert bench.client.pending_count() == 0

    def test_a_failure_that_may_pass_is_not_raised(self) -> None:
        with Bench() as bench:
            bench.server.play(BATCH, FAILS)
            assert bench.client.capture("Retry Me", distinct_id="u") is not None
            assert bench.client.flush() is False
            assert bench.client.pending_count() == 1
