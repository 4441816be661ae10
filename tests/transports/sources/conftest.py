"""A definitions endpoint on 127.0.0.1."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


class DefinitionsServer(ThreadingHTTPServer):
    """A definitions endpoint that counts requests, records ETags and can be made to wait."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.document: dict[str, Any] = {"flags": [{"key": "served", "active": True}]}
        self.etag = '"v1"'
        self.status = 200
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.was_asked = threading.Semaphore(0)
        self.may_answer = threading.Event()
        self.may_answer.set()
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def note(self, path: str, headers: dict[str, str]) -> None:
        with self._lock:
            self.paths.append(path)
            self.headers.append(headers)
        self.was_asked.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore errors, which come from killed clients."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: DefinitionsServer

    def do_GET(self) -> None:
        self.server.note(self.path, dict(self.headers.items()))
        self.server.may_answer.wait(30)
        status = self.server.status
        if status == 200 and self.headers.get("If-None-Match") == self.server.etag:
            status = 304
        body = json.dumps(self.server.document).encode() if status == 200 else b""
        self.send_response(status)
        self.send_header("ETag", self.server.etag)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: Any) -> None:
        """Stay quiet."""


@pytest.fixture
def server() -> Iterator[DefinitionsServer]:
    made = DefinitionsServer()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield made
    finally:
        made.may_answer.set()
        made.shutdown()
        thread.join()
        made.server_close()
