"""A simulated day of a relay: it polls its server upstream, SDKs poll it, and definitions change every hour.

    python tests/faults/serve_day.py [hours]

It polls as often as its interval says and no more, gets 304 for all but the changes, passes 304 on to SDKs for all
but the changes, and each SDK has a change one interval of each after it was made. Nothing is left behind.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from flagengine.transports import ManualClock
from flagengine.transports.http.base import Request, Response
from flagengine.transports.polling.sources.http import HttpDefinitions
from flagengine.transports.server import ProjectSettings, Server, ServerSettings
from tests.transports.server.asgi import http_scope

INTERVAL = 30
HOUR = 3600
STEP = 10
SDKS = 10
KEY, SECRET = "phc_project", "phs_0123456789abcdef"
OUTAGE = (2.2, 2.4)
"""Between which hours the server upstream is down."""


class Upstream:
    """The server upstream, whose definitions name the hour."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.statuses: Counter[int] = Counter()

    @property
    def hour(self) -> int:
        return int(self._clock.monotonic() // HOUR)

    def request(self, request: Request, /) -> Response:
        found = self._answer(request)
        self.statuses[found.status] += 1
        return found

    def _answer(self, request: Request) -> Response:
        if OUTAGE[0] <= self._clock.monotonic() / HOUR < OUTAGE[1]:
            return Response(503)
        etag = f'"{self.hour}"'
        if request.headers.get("If-None-Match") == etag:
            return Response(304, {"ETag": etag})
        flag = {"key": f"hour-{self.hour}", "active": True, "filters": {"groups": [{}]}}
        return Response(200, {"ETag": etag}, json.dumps({"flags": [flag]}).encode())


class Sdk:
    """An SDK that polls the relay, at a moment of its own within the interval."""

    def __init__(self, application: Any, number: int) -> None:
        self._application = application
        self.due = number * INTERVAL / SDKS
        self._etag = ""
        self.hour = -1
        self.statuses: Counter[int] = Counter()

    async def poll(self) -> None:
        headers = {"authorization": f"Bearer {SECRET}"}
        if self._etag:
            headers["if-none-match"] = self._etag
        scope = http_scope("GET", f"/flags/definitions?token={KEY}", headers)
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        await self._application(scope, receive, send)
        status = sent[0]["status"]
        self.statuses[status] += 1
        if status == 200:
            self._etag = dict(sent[0]["headers"])[b"etag"].decode()
            (flag,) = json.loads(sent[1]["body"])["flags"]
            self.hour = int(flag["key"].removeprefix("hour-"))
        self.due += INTERVAL


async def main(hours: int) -> int:
    clock = ManualClock()
    upstream = Upstream(clock)
    source = HttpDefinitions(
        upstream, host="https://upstream.example", project_key=KEY, secret_key=SECRET, clock=clock
    )
    project = ProjectSettings(
        project_key=KEY, secret_keys=(SECRET,), source=source, poll_interval=float(INTERVAL)
    )
    server = Server(ServerSettings(projects=(project,)), transport=upstream, clock=clock)
    (relay,) = server.projects
    sdks = [Sdk(server.application(), number) for number in range(SDKS)]
    late = objects = 0
    started = time.perf_counter()
    for second in range(0, hours * HOUR, STEP):
        relay.loader.tick()
        for sdk in sdks:
            if sdk.due <= second:
                await sdk.poll()
            is_out = OUTAGE[0] * HOUR <= second < OUTAGE[1] * HOUR + 2 * INTERVAL
            since = second % HOUR
            late += since >= 2 * INTERVAL + STEP and sdk.hour != upstream.hour and not is_out
        if second == HOUR:
            gc.collect()
            objects = len(gc.get_objects())
        clock.advance(STEP)
    gc.collect()
    grown = len(gc.get_objects()) - objects
    polls, sdk_statuses = upstream.statuses, sum((each.statuses for each in sdks), Counter[int]())
    seconds = time.perf_counter() - started
    print(f"{hours} hours in {seconds:.1f} s: {sum(polls.values())} polls {dict(polls)}")
    print(
        f"{SDKS} SDKs: {dict(sdk_statuses)}, {late} late; {grown} more objects than after an hour"
    )
    wanted = hours * HOUR // INTERVAL
    is_fine = (
        sum(polls.values()) == wanted
        and polls[200] == hours
        and sdk_statuses.keys() == {200, 304}
        and sdk_statuses[200] == SDKS * hours
        and 0 <= SDKS * wanted - sdk_statuses.total() < SDKS
        and not late
        and grown < 500
    )
    return 0 if is_fine else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(int((sys.argv[1:] or ["24"])[0]))))
