"""A relay is killed under load, again and again, before a server upstream in trouble: nothing acknowledged is lost."""

from __future__ import annotations

import gzip
import http.client
import json
import signal
import subprocess
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pytest

from tests.transports.server.events.support import event
from tests.transports.server.support import KEY

CLIENTS: Final = 4
BATCHES: Final = 60
BATCH: Final = 20
# After how many acknowledged batches, and requests upstream, the relay is killed.
KILLS: Final = ((60, 0), (180, 4))
SECONDS: Final = 60.0
FAILURES: Final = ("503", "answer lost", "429", "request lost", "500")
"""What happens to every other request upstream, in turn."""
MOST: Final = 900
"""The most events of a request that the server upstream takes."""

CONFIG = """\
[server]
port = {port}

[[projects]]
project_key = "{key}"
definitions = "flags.json"
upstream = "{upstream}"
upstream_flags = false
events = "events"
"""


class QuietServer(ThreadingHTTPServer):
    """Says nothing of connections that a killed relay has left."""

    def handle_error(self, *_: object) -> None:
        pass


class FlappingUpstream:
    """A server that fails in every way in turn, and counts the events of the batches that it took."""

    def __init__(self) -> None:
        self.arrived: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self.changed = threading.Condition()
        self.requests = 0
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                upstream.take(self)

            def log_message(self, *_: object) -> None:
                pass

        self._http = QuietServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    def take(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["content-length"]))
        events = [each["uuid"] for each in json.loads(gzip.decompress(body))["batch"]]
        with self.changed:
            turn, self.requests = self.requests, self.requests + 1
            failure = FAILURES[turn // 2 % len(FAILURES)] if turn % 2 == 0 else "none"
            if failure == "none" and len(events) > MOST:
                failure = "413"
            self.failures[failure] += 1
            if failure in ("none", "answer lost"):
                self.arrived.update(events)
            self.changed.notify_all()
        if failure in ("request lost", "answer lost"):
            request.close_connection = True
            request.connection.close()
            return
        status = 200 if failure == "none" else int(failure)
        request.send_response(status)
        request.send_header("retry-after", "0")
        request.send_header("content-length", "0")
        request.end_headers()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


class Relay:
    """The command ``flagengine serve`` in a process of its own, on the same port each time."""

    def __init__(self, folder: Path, upstream: str) -> None:
        self._folder = folder
        self._upstream = upstream
        (folder / "flags.json").write_text('{"flags": []}')
        self.port = 0
        self.start()

    def start(self) -> None:
        config = CONFIG.format(port=self.port, key=KEY, upstream=self._upstream)
        (self._folder / "relay.toml").write_text(config)
        command = [sys.executable, "-m", "flagengine", "serve", "--config", "relay.toml"]
        self._process = subprocess.Popen(
            command, cwd=self._folder, stderr=subprocess.PIPE, text=True
        )
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if " serves " in line:
                self.port = int(line.partition("127.0.0.1:")[2].partition(" ")[0])
                break
        else:
            pytest.fail(f"the relay did not start: {self._process.wait()}")
        self._reader = threading.Thread(target=self._process.stderr.read, daemon=True)
        self._reader.start()

    def kill(self) -> None:
        self._process.kill()
        self._ended()

    def stop(self) -> int:
        self._process.send_signal(signal.SIGTERM)
        return self._ended()

    def _ended(self) -> int:
        status = self._process.wait(30)
        self._reader.join()
        assert self._process.stderr is not None
        self._process.stderr.close()
        return status


class Load:
    """Clients that send batches, each until it is acknowledged, as SDKs do."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self.acknowledged: set[str] = set()
        self.batches = 0
        self.changed = threading.Condition()
        self._threads = [
            threading.Thread(target=self._send_all, args=(number,), daemon=True)
            for number in range(CLIENTS)
        ]
        for thread in self._threads:
            thread.start()

    def wait_for(self, batches: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self.batches >= batches, SECONDS)

    def _send_all(self, client: int) -> None:
        for number in range(BATCHES):
            first = (client * BATCHES + number) * BATCH
            events = [event(first + each) for each in range(BATCH)]
            while not self._is_acknowledged(events):
                # The relay is dead: until it is there again, each attempt fails at once.
                with self.changed:
                    self.changed.wait(0.02)
            with self.changed:
                self.acknowledged.update(each["uuid"] for each in events)
                self.batches += 1
                self.changed.notify_all()

    def _is_acknowledged(self, events: list[dict[str, Any]]) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self._relay.port, timeout=20)
        try:
            body = json.dumps({"api_key": KEY, "batch": events})
            connection.request("POST", "/batch/", body, {"Content-Type": "application/json"})
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_nothing_acknowledged_is_lost_when_the_relay_is_killed_under_load(tmp_path: Path):
    upstream = FlappingUpstream()
    try:
        relay = Relay(tmp_path, upstream.url)
        try:
            load = Load(relay)
            for batches, requests in KILLS:
                load.wait_for(batches)
                with upstream.changed:
                    assert upstream.changed.wait_for(lambda: upstream.requests >= requests, SECONDS)  # noqa: B023
                relay.kill()
                relay.start()
            load.wait_for(CLIENTS * BATCHES)
            assert len(load.acknowledged) == CLIENTS * BATCHES * BATCH
            with upstream.changed:
                everything = upstream.changed.wait_for(
                    lambda: load.acknowledged <= upstream.arrived.keys(), SECONDS
                )
            lost = load.acknowledged - upstream.arrived.keys()
            assert everything, f"{len(lost)} acknowledged events did not arrive"
            assert upstream.failures.keys() >= set(FAILURES[:3])
            assert relay.stop() in (0, -signal.SIGTERM)
        finally:
            relay.kill()
    finally:
        upstream.close()
    # What was delivered and acknowledged leaves nothing on disk.
    assert list((tmp_path / "events").rglob("*.spool")) == []
