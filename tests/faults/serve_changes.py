"""Requests to a server whose definitions and forced values change meanwhile.

    python tests/faults/serve_changes.py [requests] [changes] [--sockets]

In document number n every flag has the variant ``vn`` and the payload n, and of the forced values number m two
flags have the variant ``fm``. So all flags of an answer must have the same n and the same m. On each connection
neither may be older than before, nor older than what was in use when the request began, nor newer than what was
being put into use when the answer ended.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from flagengine.transports import MemoryDefinitions
from flagengine.transports.server import BackgroundServer, ProjectSettings, Server, ServerSettings
from tests.faults.numbered import numbered
from tests.transports.server.asgi import http_scope

CONNECTIONS = 16
KEYS = [f"flag-{number}" for number in range(6)]
FORCED = ("forced-a", "forced-b")
PATHS = ("/flags?v=2", "/flags?v=4", "/flags?v=1", "/decide?v=3", "/flags/definitions")

Ask = Callable[[str, bytes, bytes], Awaitable[tuple[int, bytes, bytes]]]
"""Asks for a path with a body and an ETag; returns the status, the body and the ETag of the answer."""


def versions(path: str, found: dict[str, Any]) -> tuple[int, int]:
    """Return the numbers of the definitions and of the forced values of an answer, -1 if they are mixed."""
    if "definitions" in path:
        flags = {each["key"]: each["filters"] for each in found["flags"]}
        values = {key: next(iter(each["payloads"])) for key, each in flags.items()}
        payloads = {key: each["payloads"][values[key]] for key, each in flags.items()}
    elif "flags" in found:
        member = "variant" if "v=2" in path else "value"
        values = {key: each[member] for key, each in found["flags"].items()}
        payloads = {key: each["metadata"]["payload"] for key, each in found["flags"].items()}
    else:
        values, payloads = found["featureFlags"], found["featureFlagPayloads"]
    defined = {values.pop(key, "") for key in KEYS} | {f"v{payloads[key]}" for key in KEYS}
    forced = set(values.values()) or {"f-2"}
    if len(defined) > 1 or len(forced) > 1 or not values.keys() <= set(FORCED):
        return -1, -1
    return int(defined.pop()[1:]), int(forced.pop()[1:])


class Run:
    """The requests of some connections, and what is wrong with their answers."""

    def __init__(self, server: Server, source: MemoryDefinitions, changes: int) -> None:
        self._server = server
        self._source = source
        self._changes = changes
        self.left = self.pause = self.first = 0
        self.begun = self.in_use = self.forced = 0
        self.answers = self.unchanged = self.mixed = self.out_of_time = self.failed = 0
        self.seen: set[int] = set()

    async def all(self, requests: int, connected: Callable[[], Awaitable[Ask]]) -> None:
        """Send so many requests over all connections, while the definitions change evenly."""
        self.left = self.first = requests
        self.pause = max(1, requests // (self._changes + 1))
        changing = asyncio.create_task(self._change())
        asks = [await connected() for _ in range(CONNECTIONS)]
        await asyncio.gather(*map(self._connection, asks))
        await changing

    async def _change(self) -> None:
        for number in range(1, self._changes + 1):
            while self.left > self._left_at(number):
                await asyncio.sleep(0)
            self.begun = number
            await asyncio.to_thread(self._publish, number)
            self.in_use = number

    def _left_at(self, number: int) -> int:
        """Return how many requests are left when a change begins."""
        return self.first - self.pause * number

    async def _next(self) -> bool:
        """Take a request if one is left, not before the change whose successor is due: changes may be slower."""
        while self.in_use < self._changes and self.left <= self._left_at(self.in_use + 2):
            await asyncio.sleep(0.001)
        self.left -= 1
        return self.left >= 0

    def _publish(self, number: int) -> None:
        self._source.replace(numbered(number, KEYS))
        (project,) = self._server.projects
        project.loader.reload(30)

    def force(self) -> None:
        """Force other values, in the thread of the event loop as the control API does."""
        self.forced += 1
        (project,) = self._server.projects
        project.forced.force(dict.fromkeys(FORCED, f"f{self.forced}"))

    async def _connection(self, ask: Ask) -> None:
        last, etag, turn = (0, 0), b"", 0
        body = json.dumps({"token": "phc_any", "distinct_id": "user-1"}).encode()
        while await self._next():
            turn += 1
            path = PATHS[turn % len(PATHS)]
            earliest = self.in_use
            status, text, found_etag = await ask(path, body, etag)
            self.answers += 1
            if status == 304:
                self.unchanged += 1
                continue
            if status != 200:
                self.failed += 1
                continue
            etag = found_etag or etag
            number, forced = versions(path, json.loads(text))
            self.seen.add(number)
            self.mixed += number < 0
            before, before_forced = last
            has_forced = "definitions" not in path
            is_in_time = max(earliest, before) <= number <= self.begun
            if has_forced:
                is_in_time = is_in_time and before_forced <= forced <= self.forced
            self.out_of_time += not is_in_time
            last = number, forced if has_forced else before_forced


def in_process(application: Any) -> Ask:
    """Return what asks the application by a call."""

    async def ask(path: str, body: bytes, etag: bytes) -> tuple[int, bytes, bytes]:
        is_get = "definitions" in path
        headers = {"authorization": "Bearer phs_any"}
        if is_get and etag:
            headers["if-none-match"] = etag.decode()
        scope = http_scope("GET" if is_get else "POST", path, headers)
        sent: list[Any] = []

        async def receive() -> Any:
            await asyncio.sleep(0)
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)
            await asyncio.sleep(0)

        await application(scope, receive, send)
        found = dict(sent[0]["headers"])
        return sent[0]["status"], sent[1]["body"], found.get(b"etag", b"")

    return ask


async def over_socket(port: int) -> Ask:
    """Return what asks over a connection that is kept."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def ask(path: str, body: bytes, etag: bytes) -> tuple[int, bytes, bytes]:
        is_get = "definitions" in path
        head = f"{'GET' if is_get else 'POST'} {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer a\r\n"
        sent = head.encode() + (b"If-None-Match: %b\r\n" % etag if is_get and etag else b"")
        if not is_get:
            sent += b"Content-Length: %d\r\n" % len(body)
        writer.write(sent + b"\r\n" + (b"" if is_get else body))
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).rstrip().split(b"\r\n")
        headers = dict(line.split(b": ", 1) for line in lines)
        text = await reader.readexactly(int(headers.get(b"content-length", 0)))
        return int(first.split()[1]), text, headers.get(b"etag", b"")

    return ask


async def main(requests: int, changes: int, *, sockets: bool) -> int:
    source = MemoryDefinitions(numbered(0, KEYS))
    project = ProjectSettings(source=source, poll_interval=3600.0)
    server = Server(ServerSettings(projects=(project,), is_development=True))
    run = Run(server, source, changes)
    run.force()
    started = time.perf_counter()
    stopped = threading.Event()
    if sockets:
        with BackgroundServer(server) as running:

            def force() -> None:
                while not stopped.wait(0.01):
                    running.call(run.force)

            forcing = threading.Thread(target=force)
            forcing.start()
            try:
                await run.all(requests, lambda: over_socket(running.port))
            finally:
                stopped.set()
                forcing.join()
    else:
        application = server.application()
        await server.start()
        ask = in_process(application)

        async def connected() -> Ask:
            return ask

        async def force_again() -> None:
            while not stopped.is_set():
                run.force()
                await asyncio.sleep(0.01)

        forcing_again = asyncio.create_task(force_again())
        await run.all(requests, connected)
        stopped.set()
        await forcing_again
        await server.stop()
    seconds = time.perf_counter() - started
    print(
        f"{run.answers} answers in {seconds:.1f} s over {CONNECTIONS} connections, {run.unchanged} unchanged, "
        f"under {changes} changes of definitions and {run.forced} of forced values"
    )
    print(f"from {len(run.seen)} different documents")
    print(
        f"mixed: {run.mixed}, older or newer than in use: {run.out_of_time}, failed: {run.failed}"
    )
    is_fine = not (run.mixed or run.out_of_time or run.failed) and run.in_use == changes
    return 0 if is_fine and len(run.seen) > min(changes, 10) / 2 else 1


if __name__ == "__main__":
    numbers = [int(each) for each in sys.argv[1:] if each != "--sockets"]
    wanted = dict(zip(("requests", "changes"), numbers, strict=False))
    counts = {"requests": 1_000_000, "changes": 100, **wanted}
    sys.exit(asyncio.run(main(**counts, sockets="--sockets" in sys.argv)))
