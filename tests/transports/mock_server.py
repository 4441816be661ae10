"""A capture server on 127.0.0.1 that records requests and plays a script of responses.

The contract tests use it, with real sockets and the standard library's server.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import struct
import threading
import time
import zlib
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    at: float
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_whole(self) -> bool:
        return len(self.body) == int(self.headers.get("content-length", 0))

    def json(self) -> Any:
        coding = self.headers.get("content-encoding")
        unpack = {"gzip": gzip.decompress, "deflate": zlib.decompress}.get(coding or "", bytes)
        return json.loads(unpack(self.body))

    @property
    def uuids(self) -> list[str]:
        return [event["uuid"] for event in self.json()["batch"]]


@dataclass(frozen=True)
class Answer:
    """A scripted response. ``results`` is for capture v1, with an entry for each event in turn."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    delay: float = 0.0
    results: tuple[str, ...] = ()
    # The fault: "drop" closes without a response, "reset" with a TCP reset, "truncate" after half
    # of the body; "drip" and "drip-headers" send a byte every ``delay`` seconds.
    fault: str = ""


class MockServer:
    """``with MockServer() as server: ... server.url, server.seen``."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.script: deque[Answer] = deque()
        self.default = Answer()
        self._arrived = threading.Condition()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler_for(self))
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def play(self, *answers: Answer) -> None:
        self.script.extend(answers)

    def record(self, seen: Seen) -> Answer:
        with self._arrived:
            self.seen.append(seen)
            self._arrived.notify_all()
            return self.script.popleft() if self.script else self.default

    def wait_for(self, count: int, timeout: float = 10.0) -> None:
        """Block until ``count`` requests have arrived."""
        with self._arrived:
            arrived = self._arrived.wait_for(lambda: len(self.seen) >= count, timeout)
            assert arrived, f"{len(self.seen)} requests arrived, {count} were expected"

    @property
    def uuids(self) -> list[str]:
        return [uuid for seen in self.seen for uuid in seen.uuids]


def _handler_for(server: MockServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Headers and body in a single packet avoid the 40 ms of a delayed acknowledgement.
        wbufsize = -1
        disable_nagle_algorithm = True

        def log_message(self, *_: object) -> None:
            pass

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen = Seen(time.monotonic(), self.command, self.path, headers, body)
            answer = server.record(seen)
            with contextlib.suppress(OSError):
                _FAULTS.get(answer.fault, _answer)(self, answer, seen)

        do_GET = do_POST = _serve

    return Handler


def _body_of(answer: Answer, seen: Seen) -> bytes:
    if not answer.results:
        return answer.body
    pairs = zip(seen.uuids, answer.results, strict=True)
    return json.dumps({"results": {uuid: {"result": each} for uuid, each in pairs}}).encode()


def _answer(handler: BaseHTTPRequestHandler, answer: Answer, seen: Seen) -> None:
    time.sleep(answer.delay)
    body = _body_of(answer, seen)
    handler.send_response(answer.status)
    for name, value in answer.headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def _drop(handler: BaseHTTPRequestHandler, _answer: Answer, _seen: Seen) -> None:
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def _reset(handler: BaseHTTPRequestHandler, _answer: Answer, _seen: Seen) -> None:
    linger = struct.pack("ii", 1, 0)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    handler.close_connection = True
    handler.connection.close()


def _truncate(handler: BaseHTTPRequestHandler, answer: Answer, _seen: Seen) -> None:
    handler.send_response(answer.status)
    handler.send_header("Content-Length", str(2 * len(answer.body)))
    handler.end_headers()
    handler.wfile.write(answer.body)
    handler.wfile.flush()
    handler.close_connection = True


def _drip(handler: BaseHTTPRequestHandler, answer: Answer, _seen: Seen) -> None:
    handler.send_response(answer.status)
    handler.send_header("Content-Length", str(len(answer.body)))
    handler.end_headers()
    _send_slowly(handler, answer.body, answer.delay)


def _drip_headers(handler: BaseHTTPRequestHandler, answer: Answer, _seen: Seen) -> None:
    _send_slowly(handler, b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 1000, answer.delay)


def _send_slowly(handler: BaseHTTPRequestHandler, data: bytes, delay: float) -> None:
    handler.close_connection = True
    handler.wfile.flush()
    for byte in data:
        handler.connection.sendall(bytes([byte]))
        time.sleep(delay)


_FAULTS = {
    "drop": _drop,
    "reset": _reset,
    "truncate": _truncate,
    "drip": _drip,
    "drip-headers": _drip_headers,
}
