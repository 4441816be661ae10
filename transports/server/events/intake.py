"""The intake of a project: an event is acknowledged when it is kept, and kept until it is passed on.

With a folder, events that wait are written by a thread, all requests' of the moment in one go: so the event
loop never waits for a disk, and many small requests cost little more than a large one. What is not on
disk is not acknowledged. Without a folder, events wait in memory, as long as there is room.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

from ...application_errors import log_error
from ...batching.counters import Counters
from ...batching.event import Event
from ...batching.limits import MIB, LaneLimits
from ...batching.pipeline import EventPipeline
from ...clock import Clock, SystemClock
from ...http.base import Transport
from ..settings import ProjectSettings
from .lanes import EVENTS, LIMITS, lanes_of

__all__ = ["Intake"]

_log = logging.getLogger("flagengine.server")

_MOST_WAITING: Final = 64 * MIB


class _Waiting(NamedTuple):
    """Events that wait to be written, and the request that waits for them."""

    lane: str
    events: Sequence[Event]
    kept: asyncio.Future[list[bool]]


class Intake:
    """The intake of one project. All methods but ``counters`` are for the event loop alone.

    Args:
        settings: the project's settings.
        transport: sends the requests upstream.
        clock: the source of the time.
        limits: how events are batched and sent again.
    """

    def __init__(
        self,
        settings: ProjectSettings,
        *,
        transport: Transport,
        clock: Clock | None = None,
        limits: LaneLimits = LIMITS,
    ) -> None:
        self._lanes = lanes_of(settings, transport, clock or SystemClock(), limits=limits)
        self._clock = clock
        self._has_folder = any(lane.spool is not None for lane in self._lanes.values())
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="flagengine-intake")
        self._opening: asyncio.Task[EventPipeline] | None = None
        self._pipeline: EventPipeline | None = None
        self._is_closed = False
        self._waiting: list[_Waiting] = []
        self._waiting_bytes = 0
        self._writing: asyncio.Task[None] | None = None

    def max_bytes(self, lane: str) -> int:
        """Return the most bytes of an event of a lane."""
        return self._lanes[lane].limits.max_event_bytes

    def start(self) -> None:
        """Begin: take over the events that a dead server has left, in a thread; ``keep`` waits for it."""
        self._opening = asyncio.create_task(self._open())

    async def _open(self) -> EventPipeline:
        loop = asyncio.get_running_loop()
        self._pipeline = await loop.run_in_executor(self._writer, self._new_pipeline)
        return self._pipeline

    def _new_pipeline(self) -> EventPipeline:
        return EventPipeline(self._lanes, clock=self._clock)

    async def keep(self, events: Sequence[Event], lane: str = EVENTS) -> list[bool]:
        """Keep events; return of each whether it is kept, and so will be passed on.

        An event that is not kept must not be acknowledged: memory, the disk or the folder is full, or
        the server stops.
        """
        if self._opening is None or self._is_closed:
            return [False] * len(events)
        pipeline = self._pipeline
        if pipeline is None:
            # Shielded: one client that goes must not end what all others wait for.
            pipeline = await asyncio.shield(self._opening)
        if not self._has_folder:
            return _pushed(pipeline, [(lane, events)])[0]
        size = sum(len(event.body) for event in events)
        if self._waiting and self._waiting_bytes + size > _MOST_WAITING:
            return [False] * len(events)
        kept: asyncio.Future[list[bool]] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(lane, events, kept))
        self._waiting_bytes += size
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write(pipeline))
        return await kept

    async def _write(self, pipeline: EventPipeline) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            taken, self._waiting, self._waiting_bytes = self._waiting, [], 0
            work = [(each.lane, each.events) for each in taken]
            try:
                results = await loop.run_in_executor(self._writer, _pushed, pipeline, work)
            except Exception:  # noqa: BLE001 - such as a lack of memory: nothing is acknowledged
                log_error(_log, "keeping events failed unexpectedly")
                results = [[False] * len(each.events) for each in taken]
            for each, result in zip(taken, results, strict=True):
                if not each.kept.done():  # its client may be gone
                    each.kept.set_result(result)

    def counters(self) -> Counters | None:
        """Return the counts of the events so far; None before the start."""
        return None if self._pipeline is None else self._pipeline.counters()

    async def shutdown(self, seconds: float) -> bool:
        """Refuse new events, pass the others on within ``seconds``; return whether all were.

        Those that are left stay in the folder for the next server; without a folder they are lost, and the log
        says how many.
        """
        if self._opening is None or self._is_closed:
            return True
        self._is_closed = True
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        under_way = [self._opening] if self._writing is None else [self._opening, self._writing]
        await asyncio.wait(under_way, timeout=seconds)
        is_drained = False
        if self._pipeline is not None:
            left = max(until - loop.time(), 0.0)
            is_drained = await asyncio.to_thread(self._pipeline.shutdown, left)
        self._writer.shutdown(wait=False)
        return is_drained


def _pushed(
    pipeline: EventPipeline, work: Sequence[tuple[str, Sequence[Event]]]
) -> list[list[bool]]:
    """Push the events of several requests, those of a lane at once; return of each whether it is kept."""
    by_lane: dict[str, list[Event]] = {}
    for lane, events in work:
        by_lane.setdefault(lane, []).extend(events)
    kept = {lane: iter(pipeline.push_many(events, lane=lane)) for lane, events in by_lane.items()}
    return [[next(kept[lane]) is not None for _ in events] for lane, events in work]
