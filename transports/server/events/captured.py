"""The latest events, kept in memory for tests and for the page of a server for development.

Nothing here is used by a server that is not for development: what people do is nobody's business there.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, NamedTuple

from ...batching.event import Event
from ...batching.event_fields import format_utc
from ...json_text import to_json
from ..changes import Changes
from ..web.lenient_json import json_of

__all__ = ["Captured", "CapturedEvent", "Wanted"]

_MOST_BYTES: Final = 64 * 1024 * 1024


class CapturedEvent(NamedTuple):
    """An event that was accepted; ``json`` is its JSON object with what this server adds."""

    number: int
    name: str
    distinct_id: str
    json: bytes


class Wanted(NamedTuple):
    """Which events are asked for: all with these values, after the ``since``-th of the server."""

    since: int = 0
    name: str | None = None
    distinct_id: str | None = None

    def includes(self, event: CapturedEvent) -> bool:
        """Return whether an event is asked for."""
        return (
            event.number > self.since
            and (self.name is None or event.name == self.name)
            and (self.distinct_id is None or event.distinct_id == self.distinct_id)
        )


class Captured:
    """The latest ``most`` events of all projects. For the event loop alone.

    Attributes:
        last: the number of the newest event there ever was; the first has number 1.
        forgotten: how many events are no longer here because newer ones took their place.
        changes: wakes those who wait for events.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._events: deque[CapturedEvent] = deque()
        self._bytes = 0
        self.last: int = 0
        self.forgotten: int = 0
        self.changes: Changes = Changes()

    def add(self, events: Iterable[Event], *, project: str, now: float) -> None:
        """Note events that a project has accepted ``now``, in seconds since 1970."""
        for event in events:
            self.last += 1
            added = to_json(
                {"number": self.last, "project": project, "received_at": format_utc(now)}
            )
            distinct_id = str(json_of(event.body).get("distinct_id"))
            json = added[:-1] + b"," + event.body[1:]
            self._events.append(CapturedEvent(self.last, event.name, distinct_id, json))
            self._bytes += len(json)
        while len(self._events) > self._most or self._bytes > _MOST_BYTES:
            self._bytes -= len(self._events.popleft().json)
            self.forgotten += 1
        self.changes.notify()

    def clear(self) -> int:
        """Forget all events; return how many there were. The next events have higher numbers."""
        count = len(self._events)
        self._events.clear()
        self._bytes = 0
        return count

    async def wait_for(self, wanted: Wanted, count: int, seconds: float) -> None:
        """Wait until there are ``count`` events that are asked for, or the time is over, or the server stops."""
        with self.changes.watched() as changed:
            try:
                async with asyncio.timeout(seconds):
                    while not (self.changes.is_closed or self._has(wanted, count)):
                        await changed.wait()
                        changed.clear()
            except TimeoutError:
                pass

    def _has(self, wanted: Wanted, count: int) -> bool:
        return sum(1 for _ in islice(self.find(wanted), count)) == count

    def find(self, wanted: Wanted) -> Iterator[CapturedEvent]:
        """Yield the events that are asked for, the oldest first."""
        return filter(wanted.includes, self._events)
