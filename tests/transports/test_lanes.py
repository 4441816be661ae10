"""The lanes of a client: which events go where, with which limits, and over which spool."""

from __future__ import annotations

from pathlib import Path

import pytest

from flagengine.transports.batching.lanes import CaptureMode, http_lanes
from flagengine.transports.batching.limits import LaneLimits, Overflow
from flagengine.transports.batching.pipeline import LaneSetup
from flagengine.transports.batching.sinks.http import Destination
from flagengine.transports.batching.spool.spool import Spool
from flagengine.transports.clock import ManualClock
from flagengine.transports.http.memory import MemoryTransport

from .support import batch_of, make

DESTINATION = Destination("phc_x", "http://host")


def lanes_of(
    mode: CaptureMode = CaptureMode.V0,
    transport: MemoryTransport | None = None,
    limits: LaneLimits | None = None,
    spools: dict[str, Spool] | None = None,
) -> dict[str, LaneSetup]:
    return http_lanes(
        transport or MemoryTransport(),
        DESTINATION,
        clock=ManualClock(),
        mode=mode,
        limits=limits,
        spools=spools,
    )


@pytest.mark.contract("capture", "capture-ai")
@pytest.mark.parametrize(
    ("mode", "paths"),
    [
        (CaptureMode.V0, {"events": "/batch/", "ai": "/i/v0/ai/batch/"}),
        (
            CaptureMode.V1,
            {"events": "/i/v1/analytics/events", "ai": "/i/v0/ai/batch/", "ai_named": "/batch/"},
        ),
    ],
)
def test_each_lane_has_its_endpoint(mode: CaptureMode, paths: dict[str, str]) -> None:
    transport = MemoryTransport()
    lanes = lanes_of(mode, transport)
    for lane in lanes.values():
        lane.sink.deliver(batch_of(make()), timeout=1.0)
    urls = [request.url for request in transport.requests]
    assert dict(zip(lanes, urls, strict=True)) == {
        name: f"http://host{path}" for name, path in paths.items()
    }


def test_the_limits_are_those_that_were_given_or_the_usual_ones() -> None:
    given = LaneLimits(flush_at=7)
    for limits, expected in ((None, LaneLimits()), (given, given)):
        lanes = lanes_of(CaptureMode.V1, limits=limits)
        assert lanes["events"].limits == lanes["ai_named"].limits == expected
        assert lanes["ai"].limits == expected.with_ai_events()


def test_each_lane_has_the_spool_of_its_name(tmp_path: Path) -> None:
    spools = {name: Spool(tmp_path / name) for name in ("events", "ai")}
    lanes = lanes_of(limits=LaneLimits(overflow=Overflow.SPILL), spools=spools)
    assert {name: lane.spool for name, lane in lanes.items()} == spools
    assert [lane.spool for lane in lanes_of().values()] == [None, None]
