"""An HTTP adapter through which the public conformance harness drives event capture.

    PORT=8080 CAPTURE_MODE=v0|v1 ENCODING=gzip|deflate|zstd|br python tests/conformance/adapter.py

One session for each ``test_id``: its requests carry it in ``X-Test-Id``, so tests may overlap. It
stands directly on the event pipeline; the flag route needs the client.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from transports.batching.batch import Action, Batch, Retried
from transports.batching.delivery import Outcome
from transports.batching.encodings import Encoding
from transports.batching.lanes import AI_LANE, CaptureMode, http_lanes, lane_of
from transports.batching.limits import LaneLimits
from transports.batching.pipeline import EventPipeline
from transports.batching.setup import LaneSetup
from transports.batching.sinks.base import Sink
from transports.batching.wire import Destination
from transports.clock import SystemClock
from transports.http.live import LiveTransport
from transports.retry import RetryPolicy

MODE = CaptureMode(os.environ.get("CAPTURE_MODE", "v0"))
ENCODING = Encoding(os.environ.get("ENCODING", "gzip"))
CAPABILITIES = {
    CaptureMode.V0: ["capture_v0", "capture_ai_v0", "encoding_gzip"],
    CaptureMode.V1: ["capture_v1", "capture_ai_v0", f"encoding_{ENCODING.value}"],
}
# Ids are never taken back by the harness, so the oldest session goes.
MAX_SESSIONS = 500
OPTION_PROPERTIES = {
    "cookieless_mode": "$cookieless_mode",
    "disable_skew_correction": "$ignore_sent_at",
    "process_person_profile": "$process_person_profile",
    "product_tour_id": "$product_tour_id",
}
TRANSPORT = LiveTransport()
Json = dict[str, Any]


class RecordingSink:
    """Another sink, and what ``/state`` tells about the requests made through it."""

    def __init__(self, sink: Sink, made: list[Json]) -> None:
        self._sink = sink
        self._made = made

    def deliver(self, batch: Batch, *, timeout: float) -> Outcome:
        started = time.time()
        outcome = self._sink.deliver(batch, timeout=timeout)
        self._made.append(
            {
                "timestamp_ms": int(started * 1000),
                "status_code": getattr(outcome.error, "status", 0 if outcome.error else 200),
                "retry_attempt": batch.attempt - 1,
                "event_count": len(batch.events),
                "uuid_list": [event.uuid for event in batch.events],
            }
        )
        return outcome

    def close(self) -> None:
        self._sink.close()


class Session:
    """One test's pipeline and counters."""

    def __init__(self, test_id: str, settings: Json) -> None:
        self.made: list[Json] = []
        self.retries = 0
        self.last_error: str | None = None
        self.disable_geoip = bool(settings.get("disable_geoip", False))
        destination = Destination(
            settings["api_key"],
            settings["host"],
            version="0.1.0",
            extra_headers={"X-Test-Id": test_id} if test_id else {},
            encoding=ENCODING if settings.get("enable_compression") else Encoding.NONE,
            historical_migration=bool(settings.get("historical_migration")),
        )
        limits = LaneLimits(
            flush_at=settings.get("flush_at") or 100,
            flush_interval=(settings.get("flush_interval_ms") or 500) / 1000,
            retry=RetryPolicy(max_retries=settings.get("max_retries", 3)),
        )
        lanes = http_lanes(
            TRANSPORT, destination, clock=SystemClock(), mode=MODE, limits=limits, request_timeout=5
        )
        self.pipeline = EventPipeline(
            {name: self._recorded(setup) for name, setup in lanes.items()},
            on_error=lambda error, _: setattr(self, "last_error", str(error)),
            on_action=self._on_action,
        )

    def _recorded(self, setup: LaneSetup) -> LaneSetup:
        sink = RecordingSink(setup.sink, self.made)
        return LaneSetup(sink, setup.limits, setup.request_timeout, setup.spool)

    def _on_action(self, action: Action) -> None:
        if isinstance(action, Retried):
            self.retries += 1
            self.last_error = str(action.error)

    def capture(self, body: Json, lane: str) -> Json:
        properties = {"$lib": "flagengine", "$lib_version": "0.1.0", "$is_server": True}
        properties |= body.get("properties") or {}
        if self.disable_geoip:
            properties["$geoip_disable"] = True
        for option, name in OPTION_PROPERTIES.items():
            if (body.get("options") or {}).get(option) is not None:
                properties[name] = body["options"][option]
        uuid = self.pipeline.capture({**body, "properties": properties}, lane=lane)
        return {"success": uuid is not None, "uuid": uuid}

    def flush(self) -> Json:
        before = self.pipeline.counters().delivered
        self.pipeline.flush(timeout=10)
        return {"success": True, "events_flushed": self.pipeline.counters().delivered - before}

    def state(self) -> Json:
        counters = self.pipeline.counters()
        return {
            "pending_events": counters.pending,
            "total_events_captured": counters.accepted,
            "total_events_sent": counters.delivered,
            "total_retries": self.retries,
            "last_error": self.last_error,
            "requests_made": list(self.made),
        }

    def discard(self) -> None:
        self.pipeline.shutdown(timeout=0, discard=True)


class Sessions:
    """The sessions by test id, bounded."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_id: OrderedDict[str, Session] = OrderedDict()

    def begin(self, test_id: str, settings: Json) -> None:
        session = Session(test_id, settings)
        with self._lock:
            gone = [old] if (old := self._by_id.pop(test_id, None)) else []
            self._by_id[test_id] = session
            if len(self._by_id) > MAX_SESSIONS:
                gone.append(self._by_id.popitem(last=False)[1])
        for each in gone:
            each.discard()

    def get(self, test_id: str) -> Session:
        with self._lock:
            return self._by_id[test_id]

    def end(self, test_id: str) -> None:
        with self._lock:
            session = self._by_id.pop(test_id, None)
        if session:
            session.discard()


SESSIONS = Sessions()


def health(_id: str, _body: Json) -> Json:
    return {
        "sdk_name": "flagengine",
        "sdk_version": "0.1.0",
        "adapter_version": "1.0.0",
        "supports_parallel": True,
        "capabilities": CAPABILITIES[MODE],
    }


def init(test_id: str, body: Json) -> Json:
    SESSIONS.begin(test_id, body)
    return {"success": True}


def capture(test_id: str, body: Json) -> Json:
    return SESSIONS.get(test_id).capture(body, lane_of(body["event"], MODE))


def capture_ai(test_id: str, body: Json) -> Json:
    return SESSIONS.get(test_id).capture(body, AI_LANE)


def flush(test_id: str, _body: Json) -> Json:
    return SESSIONS.get(test_id).flush()


def state(test_id: str, _body: Json) -> Json:
    return SESSIONS.get(test_id).state()


def reset(test_id: str, _body: Json) -> Json:
    SESSIONS.end(test_id)
    return {"success": True}


ROUTES: Mapping[tuple[str, str], Callable[[str, Json], Json]] = {
    ("GET", "/health"): health,
    ("POST", "/init"): init,
    ("POST", "/capture"): capture,
    ("POST", "/capture_ai"): capture_ai,
    ("POST", "/flush"): flush,
    ("GET", "/state"): state,
    ("POST", "/reset"): reset,
}


class Handler(BaseHTTPRequestHandler):
    """Routes to the functions above."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def log_message(self, *_: object) -> None:
        pass

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or b"{}")
        parts = urlsplit(self.path)
        test_id = parse_qs(parts.query).get("test_id", [""])[0]
        route = ROUTES.get((self.command, parts.path))
        try:
            status, answer = (200, route(test_id, body)) if route else (404, {"success": False})
        except Exception as error:  # noqa: BLE001 - told to the harness, which fails the test
            status, answer = 500, {"success": False, "error": repr(error)}
        self._reply(status, answer)

    do_GET = do_POST = _serve

    def _reply(self, status: int, answer: Json) -> None:
        payload = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    # The harness opens many connections at once.
    request_queue_size = 128


if __name__ == "__main__":
    Server(("127.0.0.1", int(os.environ.get("PORT", "8080"))), Handler).serve_forever()
