"""An HTTP adapter through which the public conformance harness controls the client.

    PORT=8080 CAPTURE_MODE=v0|v1 ENCODING=gzip|deflate|zstd|br python tests/conformance/adapter.py

Each ``test_id`` has a client, whose requests have the id in ``X-Test-Id``; so tests may overlap.
"""

from __future__ import annotations

import gzip
import json
import os
import sys
import threading
import time
import zlib
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from flagengine.transports import Client, Request, Response, TransportError
from flagengine.transports.http.live import LiveTransport

MODE = os.environ.get("CAPTURE_MODE", "v0")
ENCODING = os.environ.get("ENCODING", "gzip")
CAPABILITIES = {
    "v0": ["capture_v0", "capture_ai_v0", "encoding_gzip"],
    "v1": ["capture_v1", "capture_ai_v0", f"encoding_{ENCODING}"],
}
# The harness never ends a session, so the oldest session is dropped.
MAX_SESSIONS = 500
OPTION_PROPERTIES = {
    "cookieless_mode": "$cookieless_mode",
    "disable_skew_correction": "$ignore_sent_at",
    "process_person_profile": "$process_person_profile",
    "product_tour_id": "$product_tour_id",
}
UNPACK: Mapping[str | None, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    None: bytes,
}
TRANSPORT = LiveTransport()
Json = dict[str, Any]


class Recorder:
    """The live transport, which counts the sent events for ``/state``."""

    def __init__(self) -> None:
        self.made: list[Json] = []
        self._tries: Counter[tuple[str, ...]] = Counter()

    def request(self, request: Request, /) -> Response:
        status = 0
        started = time.time()
        try:
            response = TRANSPORT.request(request)
            status = response.status
            return response
        finally:
            self._record(request, status, started)

    def _record(self, request: Request, status: int, started: float) -> None:
        uuids = uuids_of(request)
        if not uuids:
            return
        self.made.append(
            {
                "timestamp_ms": int(started * 1000),
                "status_code": status,
                "retry_attempt": self._tries[uuids],
                "event_count": len(uuids),
                "uuid_list": list(uuids),
            }
        )
        self._tries[uuids] += 1


def uuids_of(request: Request) -> tuple[str, ...]:
    unpack = UNPACK.get(request.headers.get("Content-Encoding"))
    if unpack is None or not request.body:
        return ()
    batch = json.loads(unpack(request.body)).get("batch", [])
    return tuple(event["uuid"] for event in batch)


class Session:
    """The client of a test, with its recorded callbacks."""

    def __init__(self, test_id: str, settings: Json) -> None:
        self.recorder = Recorder()
        self.last_error: str | None = None
        self.client = Client(
            settings["api_key"],
            host=settings["host"],
            capture_mode=MODE,
            capture_compression=ENCODING if settings.get("enable_compression") else "none",
            flush_at=settings.get("flush_at") or 100,
            flush_interval=(settings.get("flush_interval_ms") or 500) / 1000,
            max_retries=settings.get("max_retries", 3),
            historical_migration=bool(settings.get("historical_migration")),
            disable_geoip=bool(settings.get("disable_geoip", False)),
            extra_headers={"X-Test-Id": test_id} if test_id else {},
            request_timeout=5,
            # The harness asserts the version that SDKs asked for before typed flag values.
            flags_api_version=2,
            transport=self.recorder,
        )
        self.client.on("error", self._on_error)

    def _on_error(self, error: TransportError) -> None:
        self.last_error = str(error)

    def capture(self, body: Json) -> Json:
        return self._captured(self.client.capture, body)

    def capture_ai(self, body: Json) -> Json:
        return self._captured(self.client.capture_ai, body)

    def _captured(self, verb: Callable[..., str | None], body: Json) -> Json:
        options = body.get("options") or {}
        sentinels = {
            name: options[option]
            for option, name in OPTION_PROPERTIES.items()
            if options.get(option) is not None
        }
        uuid = verb(
            body["event"],
            distinct_id=body.get("distinct_id"),
            properties={**(body.get("properties") or {}), **sentinels},
            timestamp=body.get("timestamp"),
            uuid=body.get("uuid"),
        )
        return {"success": uuid is not None, "uuid": uuid}

    def get_feature_flag(self, body: Json) -> Json:
        value = self.client.get_feature_flag(
            body["key"],
            body.get("distinct_id"),
            groups=body.get("groups"),
            person_properties=body.get("person_properties"),
            group_properties=body.get("group_properties"),
            disable_geoip=body.get("disable_geoip"),
        )
        # The event must not wait for the next test.
        self.client.flush(timeout=10)
        return {"success": True, "value": value}

    def flush(self, _body: Json) -> Json:
        before = self.client.counters()
        self.client.flush(timeout=10)
        after = self.client.counters()
        return {"success": True, "events_flushed": after.delivered - before.delivered}

    def state(self, _body: Json) -> Json:
        counters = self.client.counters()
        return {
            "pending_events": counters.pending,
            "total_events_captured": counters.accepted,
            "total_events_sent": counters.delivered,
            "total_retries": counters.retries,
            "last_error": self.last_error,
            "requests_made": list(self.recorder.made),
        }

    def discard(self) -> None:
        self.client.shutdown(timeout=0, discard=True)


class Sessions:
    """The sessions by test id, limited in number."""

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


def reset(test_id: str, _body: Json) -> Json:
    SESSIONS.end(test_id)
    return {"success": True}


def of_session(method: Callable[[Session, Json], Json]) -> Callable[[str, Json], Json]:
    return lambda test_id, body: method(SESSIONS.get(test_id), body)


ROUTES: Mapping[tuple[str, str], Callable[[str, Json], Json]] = {
    ("GET", "/health"): health,
    ("POST", "/init"): init,
    ("POST", "/capture"): of_session(Session.capture),
    ("POST", "/capture_ai"): of_session(Session.capture_ai),
    ("POST", "/flush"): of_session(Session.flush),
    ("GET", "/state"): of_session(Session.state),
    ("POST", "/get_feature_flag"): of_session(Session.get_feature_flag),
    ("POST", "/reset"): reset,
}


class Handler(BaseHTTPRequestHandler):
    """The handler, which routes requests to the functions above."""

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
        except Exception as error:  # noqa: BLE001 - returned to the harness, which fails the test
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
