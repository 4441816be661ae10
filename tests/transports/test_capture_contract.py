"""The pipeline with threads and real sockets, against a server that misbehaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flagengine.transports import Client
from flagengine.transports.batching.lanes import AI_LANE, CaptureMode, http_lanes
from flagengine.transports.batching.limits import LaneLimits
from flagengine.transports.batching.pipeline import EventPipeline
from flagengine.transports.batching.sinks.http import Destination
from flagengine.transports.clock import SystemClock
from flagengine.transports.http.live import LiveTransport
from flagengine.transports.retry import RetryPolicy

from .mock_server import Answer, MockServer

QUICK = RetryPolicy(base_delay=0.05)
FAULTS = [
    Answer(503),
    Answer(429),
    Answer(408),
    Answer(fault="drop"),
    Answer(fault="reset"),
    Answer(body=b"{}" * 50, fault="truncate"),
    Answer(delay=0.6),
    Answer(body=b"x" * 1000, delay=0.01, fault="drip"),
    Answer(delay=0.01, fault="drip-headers"),
]
NAMES = ["503", "429", "408", "drop", "reset", "truncate", "silent", "drip", "drip-headers"]
Start = Callable[..., EventPipeline]


@pytest.fixture
def start(server: MockServer, request: pytest.FixtureRequest) -> Start:
    def make(mode: str = "v0", *, timeout: float = 0.2, **limits: Any) -> EventPipeline:
        lanes = http_lanes(
            LiveTransport(),
            Destination("phc_x", server.url),
            clock=SystemClock(),
            mode=CaptureMode(mode),
            limits=LaneLimits(**{"retry": QUICK, **limits}),
            request_timeout=timeout,
        )
        pipeline = EventPipeline(lanes)
        request.addfinalizer(lambda: pipeline.shutdown(0, discard=True))
        return pipeline

    return make


def capture(pipeline: EventPipeline, count: int = 1, lane: str = "events") -> list[str | None]:
    return [
        pipeline.capture({"event": f"e{i}", "distinct_id": "u"}, lane=lane) for i in range(count)
    ]


@pytest.mark.contract("retry-queue", "http-client")
@pytest.mark.parametrize("fault", FAULTS, ids=NAMES)
def test_whatever_goes_wrong_the_same_events_come_again_unchanged(
    server: MockServer, start: Start, fault: Answer
) -> None:
    server.play(fault)
    pipeline = start()
    uuids = capture(pipeline, 2)
    assert not pipeline.flush(timeout=5)
    assert pipeline.pending_count() == 2
    assert pipeline.shutdown(timeout=5)
    first, second = (seen.json() for seen in server.seen)
    assert first["batch"] == second["batch"]
    assert [event["uuid"] for event in second["batch"]] == uuids


@pytest.mark.contract("retry-queue")
def test_the_default_waits_in_real_time(server: MockServer, start: Start) -> None:
    server.play(Answer(503))
    pipeline = start(retry=RetryPolicy())
    capture(pipeline)
    pipeline.flush(timeout=5)
    server.wait_for(2)
    assert 1.0 <= server.seen[1].at - server.seen[0].at < 2.0


@pytest.mark.contract("retry-queue")
def test_four_requests_and_no_more(server: MockServer, start: Start) -> None:
    server.default = Answer(503)
    pipeline = start(retry=RetryPolicy(base_delay=0.01))
    capture(pipeline)
    assert not pipeline.flush(timeout=5)
    server.wait_for(4)
    pipeline.shutdown(timeout=5)
    assert pipeline.pending_count() == 0
    assert len(server.seen) == 4
    assert pipeline.counters().dropped == {"exhausted": 1}


@pytest.mark.contract("event-batcher")
def test_a_413_is_halved_on_the_wire(server: MockServer, start: Start) -> None:
    server.play(Answer(413))
    pipeline = start("v1")
    uuids = capture(pipeline, 5)
    assert pipeline.flush(timeout=5)
    whole, front, back = server.seen
    assert front.uuids + back.uuids == whole.uuids == uuids
    assert len({seen.headers["posthog-request-id"] for seen in server.seen}) == 3


@pytest.mark.contract("capture")
def test_v1_partial_results_over_the_wire(server: MockServer, start: Start) -> None:
    server.play(Answer(results=("ok", "drop", "retry", "limited", "unheard of")))
    pipeline = start("v1")
    uuids = capture(pipeline, 5)
    assert not pipeline.flush(timeout=5)
    assert pipeline.shutdown(timeout=5)
    first, second = server.seen
    assert second.uuids == [uuids[2]]
    assert second.headers["posthog-attempt"] == "2"
    assert second.headers["posthog-request-id"] == first.headers["posthog-request-id"]
    assert pipeline.counters().dropped == {"rejected": 2}
    assert pipeline.counters().delivered == 3


@pytest.mark.contract("capture", "capture-ai")
def test_each_kind_of_event_takes_its_lane(server: MockServer) -> None:
    with Client("phc_x", host=server.url, capture_mode="v1", gzip=False) as client:
        client.capture("$ai_generation", distinct_id="u")
        client.capture("plain", distinct_id="u")
        client.capture_ai("$ai_generation", distinct_id="u")
    paths = sorted(seen.path for seen in server.seen)
    assert paths == ["/batch/", "/i/v0/ai/batch/", "/i/v1/analytics/events"]
    by_path = {seen.path: seen for seen in server.seen}
    assert by_path["/i/v0/ai/batch/"].json()["api_key"] == "phc_x"
    assert "authorization" not in by_path["/batch/"].headers


@pytest.mark.contract("capture-ai")
def test_in_v0_mode_ai_names_stay_with_the_others(server: MockServer) -> None:
    with Client("phc_x", host=server.url, capture_mode="v0") as client:
        client.capture("$ai_generation", distinct_id="u")
        client.capture("plain", distinct_id="u")
    assert [seen.path for seen in server.seen] == ["/batch/"]


@pytest.mark.contract("flush")
def test_a_slow_lane_does_not_hold_up_another(server: MockServer, start: Start) -> None:
    server.play(Answer(delay=0.3))
    pipeline = start(timeout=5.0)
    capture(pipeline, lane=AI_LANE)
    assert not pipeline.flush(timeout=0.05)
    capture(pipeline)
    assert pipeline.flush(timeout=0.2, lanes=["events"])
    assert pipeline.shutdown(timeout=5)


@pytest.mark.contract("event-batcher")
def test_events_arrive_in_order_and_once_through_random_trouble(
    server: MockServer, start: Start
) -> None:
    server.play(*[Answer(status) for status in (200, 503, 413, 200, 429, 200, 413, 500)])
    pipeline = start(max_batch_size=10, retry=RetryPolicy(max_retries=20, base_delay=0.01))
    uuids = capture(pipeline, 100)
    assert pipeline.shutdown(timeout=10)
    statuses = [200, 503, 413, 200, 429, 200, 413, 500]
    taken = [
        s for s, status in zip(server.seen, statuses + [200] * 99, strict=False) if status == 200
    ]
    assert [uuid for seen in taken for uuid in seen.uuids] == uuids
