"""A storm of events through a server that answers at random; prints the totals of all outcomes.

    python tests/faults/event_storm.py [events] [threads]

Delivered and reported events must add up to the captured events, no event may arrive again after it
was acknowledged, and memory must stay bounded. The exit code is 1 if a check fails.
"""

from __future__ import annotations

import json
import logging
import random
import resource
import sys
import threading
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from flagengine.transports.batching.limits import LaneLimits, Overflow
from flagengine.transports.batching.pipeline import EventPipeline, LaneSetup
from flagengine.transports.batching.sinks.http import Destination, HttpSink
from flagengine.transports.batching.wire_v1 import WireV1
from flagengine.transports.clock import SystemClock
from flagengine.transports.errors import RequestTimeoutError
from flagengine.transports.http.base import Request, Response
from flagengine.transports.retry import RetryPolicy

# (status, weight): 0 is a timeout before the server took the batch, 1 a timeout afterwards.
OUTCOMES = [(200, 80), (503, 5), (429, 5), (413, 3), (400, 1), (0, 3), (1, 3)]


class StormyServer:
    """A transport that acts as a server, and counts events that arrive again after a 200."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.taken: Counter[str] = Counter()
        self.acknowledged: set[str] = set()
        self.after_acknowledgement = 0
        self.requests = 0

    def request(self, request: Request, /) -> Response:
        self.requests += 1
        uuids = [event["uuid"] for event in json.loads(request.body or b"")["batch"]]
        self.after_acknowledgement += len(self.acknowledged.intersection(uuids))
        statuses, weights = zip(*OUTCOMES, strict=True)
        status = self._random.choices(statuses, weights)[0]
        if status == 0:
            raise RequestTimeoutError("never arrived")
        if status not in {200, 1}:
            return Response(status, {"Retry-After": "0"})
        self.taken.update(uuids)
        if status == 1:
            raise RequestTimeoutError("the answer was lost")
        self.acknowledged.update(uuids)
        return Response(200)


def main(total: int = 1_000_000, threads: int = 8) -> int:
    logging.disable()
    server = StormyServer(7)
    clock = SystemClock()
    wire = WireV1(Destination("phc_x", "http://storm", encoding="none"))  # type: ignore[arg-type]
    limits = LaneLimits(
        retry=RetryPolicy(max_retries=3, base_delay=0.0),
        overflow=Overflow.BLOCK,
        block_timeout=60.0,
    )
    reported: Counter[str] = Counter()
    pipeline = EventPipeline(
        {"events": LaneSetup(HttpSink(server, wire, clock), limits)},
        on_error=lambda error, events: reported.update(event.uuid for event in events),
    )
    captured: list[str | None] = []

    def produce(count: int) -> None:
        message = {"event": "storm", "distinct_id": "u", "properties": {"a": 1, "b": "two"}}
        captured.extend([pipeline.capture(message) for _ in range(count)])

    started = time.perf_counter()
    producers = [threading.Thread(target=produce, args=(total // threads,)) for _ in range(threads)]
    for each in producers:
        each.start()
    for each in producers:
        each.join()
    pipeline.shutdown(timeout=120)
    seconds = time.perf_counter() - started
    counters = pipeline.counters()
    accepted = sum(uuid is not None for uuid in captured)
    checks = {
        "all drained": not pipeline.pending_count() and "shutdown" not in counters.dropped,
        "delivered + reported = captured": counters.delivered + reported.total() == accepted,
        "reported once each": max(reported.values(), default=1) == 1,
        "acknowledged = delivered": len(server.acknowledged) == counters.delivered,
        "none sent after its acknowledgement": server.after_acknowledgement == 0,
    }
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{accepted} events, {server.requests} requests, {accepted / seconds:.0f} events/s")
    print(f"delivered {counters.delivered}, dropped {dict(counters.dropped)}, peak {peak:.0f} MiB")
    for check, holds in checks.items():
        print("ok  " if holds else "FAIL", check)
    return 0 if all(checks.values()) else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
