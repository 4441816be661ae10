"""Helpers of the tests of the event pipeline, which make its parts."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from flagengine.transports.batching.batch import Batch, DropReason, QueueAction
from flagengine.transports.batching.delivery import DeliveryOutcome
from flagengine.transports.batching.drivers import ManualDriver
from flagengine.transports.batching.event import Event, make_event
from flagengine.transports.batching.limits import LaneLimits
from flagengine.transports.batching.pipeline import EventPipeline, LaneSetup
from flagengine.transports.batching.sinks.http import Destination, HttpSink, Wire
from flagengine.transports.batching.sinks.memory import MemorySink
from flagengine.transports.batching.wire_v0 import WireV0
from flagengine.transports.batching.wire_v1 import WireV1
from flagengine.transports.clock import ManualClock
from flagengine.transports.errors import DeliveryError, TransportError
from flagengine.transports.http.base import Transport
from flagengine.transports.http.memory import MemoryTransport
from flagengine.transports.retry import RetryPolicy

NO_JITTER = RetryPolicy()
API_KEY = "phc_projectkey"


def make(name: str = "e", **message: object) -> Event:
    return make_event({"event": name, "distinct_id": "u", **message}, clock=ManualClock())


class StartedThreads:
    """The package's threads that began since the object was made.

    Tests of other files may have left threads of their own in the process.
    """

    def __init__(self) -> None:
        self._earlier = frozenset(threading.enumerate())

    def __call__(self) -> list[str]:
        threads = [thread for thread in threading.enumerate() if thread not in self._earlier]
        return [thread.name for thread in threads if thread.name.startswith("flagengine")]


def batch_of(*events: Event, **fields: Any) -> Batch:
    given = {
        "request_id": "00000000-0000-7000-8000-000000000001",
        "created_at": 0.0,
        "first_seq": 1,
    }
    return Batch("events", events, **{**given, **fields})


class TickingDriver(ManualDriver):
    """A driver that waits by advancing the clock, so that no test sleeps."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock

    def pause(self, seconds: float) -> None:
        self.clock.advance(seconds)


class Bench:
    """A pipeline without threads on a memory transport, with a record of its reports."""

    def __init__(
        self,
        transport: Transport | None = None,
        *,
        wire: Wire | None = None,
        lanes: Mapping[str, LaneSetup] | None = None,
        mode: str = "v0",
        **limits: Any,
    ) -> None:
        self.clock = ManualClock()
        self.memory = MemoryTransport()
        self.errors: list[tuple[TransportError, tuple[Event, ...]]] = []
        self.actions: list[QueueAction] = []
        destination = Destination(API_KEY, "http://host")
        wires = {"v0": WireV0(destination), "v1": WireV1(destination)}
        sink = HttpSink(transport or self.memory, wire or wires[mode], self.clock)
        setup = LaneSetup(sink, LaneLimits(**{"retry": NO_JITTER, **limits}))
        self.pipeline = EventPipeline(
            lanes or {"events": setup},
            clock=self.clock,
            driver=TickingDriver(self.clock),
            on_error=lambda error, events: self.errors.append((error, events)),
            on_action=self.actions.append,
        )

    def capture(self, count: int = 1, **message: object) -> list[str]:
        uuids = [
            self.pipeline.capture({"event": f"e{i}", "distinct_id": "u", **message})
            for i in range(count)
        ]
        return [uuid for uuid in uuids if uuid is not None]

    def tick(self, seconds: float = 0.0) -> int:
        self.clock.advance(seconds)
        return self.pipeline.tick()

    @property
    def reasons(self) -> list[str]:
        return [error.reason for error, _ in self.errors if isinstance(error, DeliveryError)]

    def dropped(self, reason: DropReason) -> int:
        return self.pipeline.counters().dropped.get(reason.value, 0)


class HeldSink(MemorySink):
    """A sink that delays every delivery until ``release`` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Event()
        self.release = threading.Event()

    def deliver(self, batch: Batch, *, timeout: float) -> DeliveryOutcome:
        self.entered.set()
        assert self.release.wait(10)
        return super().deliver(batch, timeout=timeout)
