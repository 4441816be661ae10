"""Capture v0: ``POST /batch/`` with the key in the body. The AI endpoint uses it as well."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter

from ..clock import ClockReading
from ..http.base import Request, Response
from ..json_text import to_json
from .batch import Batch
from .delivery import DeliveryOutcome, judge_status
from .event_fields import format_utc
from .sinks.http import Destination

__all__ = ["AI_PATH", "EVENTS_PATH", "WireV0"]

EVENTS_PATH = "/batch/"
AI_PATH = "/i/v0/ai/batch/"
_body = attrgetter("body")


@dataclass(frozen=True, slots=True)
class WireV0:
    """The v0 protocol. Each attempt sends the same bytes for each event, with a new ``sent_at``."""

    destination: Destination
    path: str = EVENTS_PATH

    def request(self, batch: Batch, *, now: ClockReading, timeout: float) -> Request:
        """See ``Wire.request``."""
        frame: dict[str, object] = {
            "api_key": self.destination.api_key,
            "sent_at": format_utc(now.wall),
        }
        if self.destination.historical_migration:
            frame["historical_migration"] = True
        events = b",".join(map(_body, batch.events))
        body = to_json(frame)[:-1] + b',"batch":[' + events + b"]}"
        return self.destination.post(self.path, body, headers={}, timeout=timeout)

    def judge(self, response: Response, *, wall: float) -> DeliveryOutcome:
        """See ``Wire.judge``: the status alone decides."""
        return judge_status(response, wall=wall)
