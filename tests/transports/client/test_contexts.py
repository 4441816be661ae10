"""The client's methods for contexts."""

from __future__ import annotations

from pathlib import Path

import pytest

from flagengine.transports import FlagEvaluations, MemorySink
from flagengine.transports.batching.delivery import DeliveryOutcome, Disposition

from .bench import FLAGS, Bench

pytestmark = pytest.mark.contract("tracing-headers")


def test_what_is_found_out_later_belongs_to_the_innermost_context() -> None:
    with Bench() as bench:
        client = bench.client
        with client.new_context(distinct_id="outer"):
            with client.context():
                client.identify_context("inner")
                client.set_context_session("session")
                client.set_context_device("device")
                client.tag("page", "a")
                context = client.get_context()
                client.capture("e")
            client.capture("f")
        assert client.get_context() is None
        first, second = bench.events()
    assert context is not None
    assert (context.distinct_id, context.session_id, context.device_id) == (
        "inner",
        "session",
        "device",
    )
    assert first["distinct_id"] == "inner"
    assert first["properties"]["page"] == "a"
    assert second["distinct_id"] == "outer"
    assert "page" not in second["properties"]


def test_a_context_may_be_entered_and_left_by_hand() -> None:
    with Bench() as bench:
        outer = bench.client.enter_context({"distinctId": "a", "properties": {"x": 1}})
        inner = bench.client.enter_context({"distinct_id": "b"}, fresh=True)
        bench.client.capture("e")
        bench.client.exit_context(inner)
        bench.client.capture("f")
        bench.client.exit_context(outer)
        assert bench.client.get_distinct_id() is None
        first, second = bench.events()
    assert (first["distinct_id"], first["properties"].get("x")) == ("b", None)
    assert (second["distinct_id"], second["properties"].get("x")) == ("a", 1)


def test_unknown_context_data_raises_type_error() -> None:
    with Bench() as bench, pytest.raises(TypeError, match="distinct"):
        bench.client.enter_context({"distinct": "a"})


def test_a_function_may_be_decorated_and_returns_what_it_returns() -> None:
    with Bench() as bench:

        @bench.client.scoped(distinct_id="u")
        def work(number: int) -> int:
            bench.client.capture("e")
            return number

        assert work(7) == 7
        assert bench.client.with_context({"distinctId": "v"}, lambda: work(8)) == 8
        assert [event["distinct_id"] for event in bench.events()] == ["u", "u"]


@pytest.mark.contract("capture-exception")
def test_a_request_without_a_middleware() -> None:
    headers = {"x-posthog-distinct-id": "header", "User-Agent": "agent"}
    with Bench() as bench:

        def handle() -> None:
            with bench.client.request_context(headers, method="GET", path="/a", distinct_id="user"):
                bench.client.capture("e")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            handle()
        event, error = bench.events()
    assert event["distinct_id"] == error["distinct_id"] == "user"
    assert event["properties"]["$request_path"] == "/a"
    assert error["properties"]["$exception_list"][0]["mechanism"]["handled"] is False


@pytest.mark.contract("capture")
def test_flags_that_are_no_snapshot_are_left_out(caplog: pytest.LogCaptureFixture) -> None:
    with Bench() as bench:
        bench.client.capture("e", distinct_id="u", flags={"a": True})  # type: ignore[arg-type]
        bench.client.capture("f", distinct_id="u", send_feature_flags={"flag_keys": 7})
        bench.client.capture_exception(ValueError(), "u", flags=FlagEvaluations())
        assert len(bench.events()) == 3
        assert bench.server.made(FLAGS) == []
    assert "must be a result of evaluate_flags()" in caplog.text
    assert "could not evaluate the event's flags" in caplog.text


@pytest.mark.contract("retry-queue", "event-batcher")
def test_what_cannot_be_sent_survives_on_disk(tmp_path: Path) -> None:
    down = [DeliveryOutcome(Disposition.RETRY)] * 20
    options = {"overflow": "spill", "spool_directory": tmp_path}
    with Bench(sink=MemorySink(down), **options) as bench:
        for number in range(5):
            bench.client.capture(f"e{number}", distinct_id="u")
        bench.client.flush()
        bench.client.shutdown(timeout=0)
    sink = MemorySink()
    with Bench(sink=sink, **options) as bench:
        assert bench.client.pending_count() == 5
        assert bench.client.flush()
        counters = bench.client.counters()
    assert [event.name for event in sink.events] == [f"e{number}" for number in range(5)]
    assert counters is not None
    assert (counters.recovered, counters.delivered) == (5, 5)


@pytest.mark.parametrize("data", ["x", 7, [("distinct_id", "u")]])
def test_context_data_that_is_no_mapping_is_refused(data: object) -> None:
    with Bench() as bench:
        with pytest.raises(TypeError, match="context data must be a mapping"):
            bench.client.enter_context(data)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="context data must be a mapping"):
            bench.client.with_context(data, lambda: 1)  # type: ignore[arg-type]
