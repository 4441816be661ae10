"""The lanes of a client that sends events over HTTP.

========  ============================  =========================================================
lane      endpoint                      events
========  ============================  =========================================================
events    /batch/, in v1 mode           everything else
          /i/v1/analytics/events
ai        /i/v0/ai/batch/               of ``capture_ai``
ai_named  /batch/ (v1 mode only)        ``$ai_*`` events of plain ``capture``, which v1 does not
                                        accept
========  ============================  =========================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from ..clock import Clock
from ..http.base import Transport
from .limits import LaneLimits
from .pipeline import EVENTS_LANE, REQUEST_TIMEOUT, LaneSetup
from .sinks.http import Destination, HttpSink, Wire
from .spool.spool import Spool
from .wire_v0 import AI_PATH, WireV0
from .wire_v1 import WireV1

__all__ = ["AI_LANE", "AI_NAMED_LANE", "EVENTS_LANE", "CaptureMode", "http_lanes"]

AI_LANE = "ai"
AI_NAMED_LANE = "ai_named"


class CaptureMode(StrEnum):
    """The capture protocol of the events lane."""

    V0 = "v0"
    V1 = "v1"


def http_lanes(
    transport: Transport,
    destination: Destination,
    *,
    clock: Clock,
    mode: CaptureMode = CaptureMode.V0,
    limits: LaneLimits | None = None,
    request_timeout: float = REQUEST_TIMEOUT,
    spools: Mapping[str, Spool] | None = None,
) -> dict[str, LaneSetup]:
    """Return the lanes of an ``EventPipeline``; ``overflow="spill"`` needs a spool for each lane."""
    plain = limits or LaneLimits()
    v0 = WireV0(destination)
    lanes: dict[str, tuple[Wire, LaneLimits]] = {
        EVENTS_LANE: (WireV1(destination) if mode is CaptureMode.V1 else v0, plain),
        AI_LANE: (WireV0(destination, AI_PATH), plain.with_ai_events()),
    }
    if mode is CaptureMode.V1:
        lanes[AI_NAMED_LANE] = (v0, plain)
    given = spools or {}
    return {
        name: LaneSetup(
            HttpSink(transport, wire, clock), lane_limits, request_timeout, given.get(name)
        )
        for name, (wire, lane_limits) in lanes.items()
    }
