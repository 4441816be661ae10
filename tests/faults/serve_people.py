"""Requests of people who are all different, with keys, paths and headers that are never the same.

    python tests/faults/serve_people.py [people]

What the server keeps of them is bounded: after a first part, which fills what is bounded, neither the objects nor
the memory of the process may grow with the number of people.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from flagengine.transports import ManualClock, MemoryDefinitions
from flagengine.transports.http.base import Request, Response
from flagengine.transports.server import ProjectSettings, Server, ServerSettings, UpstreamSettings
from tests.transports.server.asgi import http_scope

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
DOCUMENT = json.loads((FIXTURES / "snapshots/product-40.json").read_text(encoding="utf-8"))
KEY, SECRET = "phc_project", "phs_0123456789abcdef"
FIRST = 0.3
MOST_BLOCKS, MOST_BYTES = 60_000, 40_000_000
"""How many small objects, and bytes, may be added after the first part, whatever the number of people."""
SECONDS = 0.001
"""How long after one person the next comes; answers upstream are remembered for a time."""
EVERY_UPSTREAM = 100
"""Every which person has flags that only the server upstream decides; that takes a thread, and so longer."""


class Upstream:
    """A server upstream whose answers are all different."""

    def request(self, request: Request, /) -> Response:
        asked = json.loads(request.body or b"{}")
        flags = {
            key: {"key": key, "value": asked["distinct_id"], "reason": {"code": "condition_match"}}
            for key in asked.get("flag_keys_to_evaluate", ())
        }
        return Response(200, {}, json.dumps({"flags": flags}).encode())


def requests_of(number: int) -> list[tuple[str, str, dict[str, Any] | None, dict[str, str]]]:
    """Return the method, path, body and headers of each request that a person may send."""
    body: dict[str, Any] = {
        "token": KEY,
        "distinct_id": f"person-{number}",
        "person_properties": {"email": f"{number}@example.com", f"own-{number}": number},
        "groups": {"organization": f"org-{number}"},
        "device_id": f"device-{number}",
    }
    said = {"user-agent": f"agent/{number}", "x-request-id": str(number), f"x-{number}": "1"}
    said["origin"] = f"https://{number}.example"
    forcing = {**said, "x-flagengine-overrides": json.dumps({f"forced-{number}": True})}
    secret = {"authorization": f"Bearer {SECRET}"}
    remote_config = f"/api/projects/{number}/feature_flags/x-{number}/remote_config"
    return [
        ("POST", f"/flags?v=2&_={number}", {**body, "token": f"phc_{number}"}, said),
        ("GET", f"/nothing/{number}", None, said),
        ("GET", f"/array/token-{number}/config", None, said),
        ("GET", "/flags/definitions", None, {"authorization": f"Bearer phs_{number}"}),
        ("POST", "/flags?v=2", {**body, "evaluation_runtime": "client"}, forcing),
        ("POST", "/flags?v=4", {**body, "flag_keys": [f"unknown-{number}"]}, said),
        ("GET", remote_config, None, secret),
        (f"M{number}", "/flags", body, said),
        ("POST", f"/decide?v={number}", {**body, "evaluation_contexts": [f"c{number}"]}, {}),
        ("POST", "/flags?v=4", body, {"x-forwarded-for": f"10.0.0.{number}"}),
    ]


async def ask(application: Any, number: int, *, upstream: bool) -> int:
    every = requests_of(number)
    method, path, body, headers = every[number % len(every)]
    if upstream:
        method, path, headers = "POST", "/flags?v=2", {}
        body = {"token": "phc_relay", "distinct_id": f"person-{number}"}
    sent = b"" if body is None else json.dumps(body).encode()
    client = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    scope = http_scope(method, path, headers, client=client)
    status = 0

    async def receive() -> Any:
        return {"type": "http.request", "body": sent, "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)

    await application(scope, receive, send)
    return status


def memory() -> tuple[int, int]:
    """Return how many small objects Python has, and the bytes of the process, 0 where that is not known."""
    gc.collect()
    status = Path("/proc/self/statm")
    pages = int(status.read_text(encoding="ascii").split()[1]) if status.exists() else 0
    return sys.getallocatedblocks(), pages * 4096


def _server(clock: ManualClock) -> Server:
    plain = ProjectSettings(
        name="plain",
        project_key=KEY,
        secret_keys=(SECRET,),
        source=MemoryDefinitions(DOCUMENT),
        complete=True,
    )
    relay = ProjectSettings(
        name="relay",
        project_key="phc_relay",
        source=MemoryDefinitions(DOCUMENT),
        upstream=UpstreamSettings(host="https://upstream.example"),
    )
    server = Server(
        ServerSettings(projects=(plain, relay), is_development=True),
        transport=Upstream(),
        clock=clock,
    )
    for project in server.projects:
        project.loader.tick()
    return server


async def main(people: int) -> int:
    clock = ManualClock()
    server = _server(clock)
    application = server.application()
    started = time.perf_counter()
    failed, before = 0, (0, 0)
    for number in range(people):
        if number == int(people * FIRST):
            before = memory()
        upstream = number % EVERY_UPSTREAM == 0
        clock.advance(SECONDS)
        failed += await ask(application, number, upstream=upstream) >= 500
    blocks, size = (now - then for now, then in zip(memory(), before, strict=True))
    labels = len(server.metrics.counts)
    seconds = time.perf_counter() - started
    print(f"{people} people in {seconds:.1f} s, {failed} failures of the server")
    print(f"grew by {blocks:,} objects and {size:,} bytes after the first {FIRST:.0%}")
    print(f"{labels} counts of requests")
    is_fine = not failed and blocks < MOST_BLOCKS and size < MOST_BYTES and labels < 100
    return 0 if is_fine else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(int((sys.argv[1:] or ["1000000"])[0]))))
