"""The adapter starts, answers all routes of the harness's protocol, and sends the events."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.transports.mock_server import Answer, MockServer

ADAPTER = Path(__file__).with_name("adapter.py")
Call = Callable[..., Any]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(mode: str) -> Iterator[str]:
    """Start an adapter in another process; return its address."""
    port = free_port()
    environment = {**os.environ, "PORT": str(port), "CAPTURE_MODE": mode}
    process = subprocess.Popen([sys.executable, str(ADAPTER)], env=environment)
    try:
        _wait_for(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError(f"the adapter did not start: {process.poll()}")


def calling(address: str) -> Call:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def call(path: str, body: Any = None, *, test_id: str = "t1") -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{address}{path}?test_id={test_id}", data)
        with opener.open(request, timeout=10) as answer:
            return json.loads(answer.read())

    return call


@pytest.mark.contract("setup", "capture", "capture-ai", "get-feature-flag", "flush")
@pytest.mark.parametrize(("mode", "path"), [("v0", "/batch/"), ("v1", "/i/v1/analytics/events")])
def test_every_route_answers(server: MockServer, mode: str, path: str) -> None:
    with running(mode) as address:
        call = calling(address)
        health = call("/health")
        assert health["supports_parallel"] is True
        assert f"capture_{mode}" in health["capabilities"]
        assert call("/reset", {}) == {"success": True}
        assert call("/init", {"api_key": "phc_x", "host": server.url})["success"]
        captured = call("/capture", {"distinct_id": "u", "event": "e", "properties": {"a": 1}})
        assert captured["success"]
        assert call("/capture_ai", {"distinct_id": "u", "event": "$ai_span"})["success"]
        assert call("/state")["pending_events"] == 2
        assert call("/flush", {}) == {"success": True, "events_flushed": 2}
        by_path = {seen.path: seen for seen in server.seen}
        assert by_path[path].uuids == [captured["uuid"]]
        assert {seen.headers["x-test-id"] for seen in server.seen} == {"t1"}
        state = call("/state")
        assert (state["pending_events"], state["total_events_sent"]) == (0, 2)
        assert len(state["requests_made"]) == 2
        server.default = Answer(body=b'{"featureFlags": {"f": "blue"}}')
        read = call("/get_feature_flag", {"key": "f", "distinct_id": "u"})
        assert read == {"success": True, "value": "blue"}
        assert call("/reset", {}) == {"success": True}


def test_a_reset_discards_what_is_queued(server: MockServer) -> None:
    with running("v0") as address:
        call = calling(address)
        for test_id in ("a", "b"):
            call("/init", {"api_key": "phc_x", "host": server.url}, test_id=test_id)
            call("/capture", {"distinct_id": "u", "event": test_id}, test_id=test_id)
        call("/reset", {}, test_id="a")
        call("/flush", {}, test_id="b")
        assert [seen.headers["x-test-id"] for seen in server.seen] == ["b"]
