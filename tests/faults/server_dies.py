"""A server that dies and returns: no event is lost, the order is kept, each death is logged once.

    python tests/faults/server_dies.py [seconds] [deaths]

A thread captures all the time. The server's socket is closed for some seconds and connections are
cut. At the end all events must have arrived in the order of their capture. Batches whose retries are
used up are kept (``on_exhausted="retain"``), because a minute is longer than all retries.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from flagengine.transports import Client


class MortalServer:
    """A server that takes batches while it is alive, and does not answer while it is dead."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self._life = threading.Lock()
        self._port = 0
        self.is_alive = False
        self.first = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def rise(self) -> None:
        self._http = ThreadingHTTPServer(("127.0.0.1", self._port), _handler_for(self))
        self._http.daemon_threads = True
        self._port = self._http.server_address[1]
        self.first.clear()
        self.is_alive = True
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    def die(self) -> None:
        with self._life:
            self.is_alive = False
        self._http.shutdown()
        self._http.server_close()

    def take(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        with self._life:
            if not self.is_alive:
                handler.close_connection = True
                return
            self.taken += [event["uuid"] for event in json.loads(body)["batch"]]
            handler.send_response(200)
            handler.send_header("Content-Length", "2")
            handler.end_headers()
            handler.wfile.write(b"{}")
            self.first.set()


def _handler_for(server: MortalServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            with contextlib.suppress(OSError):
                server.take(self, body)

    return Handler


class Warnings(logging.Handler):
    """A handler that records log messages of the level WARNING or above."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


def main(seconds: float = 60.0, deaths: int = 1) -> int:
    warnings = Warnings()
    logging.getLogger("flagengine").addHandler(warnings)
    server = MortalServer()
    server.rise()
    client = Client(
        "phc_x",
        host=server.url,
        capture_compression="none",
        flush_at=20,
        flush_interval=0.05,
        max_queue_size=1_000_000,
        on_exhausted="retain",
    )
    captured: list[str | None] = []
    stop = threading.Event()

    def produce() -> None:
        while not stop.wait(0.002):
            captured.append(client.capture("e", distinct_id="u"))

    producer = threading.Thread(target=produce)
    producer.start()
    waiting = 0
    came_back = []
    for _ in range(deaths):
        assert server.first.wait(120)
        server.die()
        stop.wait(seconds)
        waiting = max(waiting, client.pending_count())
        server.rise()
        risen = time.perf_counter()
        assert server.first.wait(120)
        came_back.append(time.perf_counter() - risen)
    stop.set()
    producer.join()
    drained = client.shutdown(60)
    server.die()
    counters = client.counters()
    checks = {
        "all drained": drained,
        "nothing was refused or dropped": None not in captured and not counters.dropped,
        "no event was lost or arrived twice": Counter(captured) == Counter(server.taken),
        "in the order of capture": captured == server.taken,
        "one warning per death": len(warnings.texts) == deaths,
    }
    print(f"{deaths} x {seconds:g} s dead: {len(captured)} events, at most {waiting} waiting")
    print(f"first batch after {', '.join(f'{each:.1f}' for each in came_back)} s of the new life")
    for text in warnings.texts:
        print("     logged:", text)
    for check, holds in checks.items():
        print("ok  " if holds else "FAIL", check)
    return 0 if all(checks.values()) else 1


if __name__ == "__main__":
    given = sys.argv[1:]
    sys.exit(main(*map(float, given[:1]), *map(int, given[1:])))
