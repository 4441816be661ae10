"""The connection of a queue with its spool. A failing disk causes a warning and loses no event.

The pipeline holds its lock while it calls these methods, so spool and queue have the same order.
"""

from __future__ import annotations

from collections.abc import Iterable

from ...errors import SpoolError
from ..event import Event
from ..queue import EventQueue
from ..reports import DeliveryReporter
from .spool import Spool

__all__ = ["SpoolBacking"]

# The number of events that are read back at once, while pushes have to wait.
_REFILL_SIZE = 1000


class SpoolBacking:
    """The spool behind one queue."""

    def __init__(self, spool: Spool, queue: EventQueue, reporter: DeliveryReporter) -> None:
        self._spool = spool
        self._queue = queue
        self._reporter = reporter

    def recover(self, now: float) -> bool:
        """Take over the events of dead processes; return whether there were any."""
        try:
            count = self._spool.open()
        except SpoolError as error:
            self._reporter.warn_once("spool", f"events are kept in memory only: {error}")
            return False
        self._queue.adopt(count, now)
        return count > 0

    def store(self, event: Event) -> bool:
        """Write the event if the queue will accept it; return whether it is on disk."""
        if self._queue.unfit(event):
            return False
        try:
            return self._spool.append(event, unread=self._queue.spills)
        except SpoolError as error:
            self._reporter.warn_once("spool", f"events are kept in memory only: {error}")
            return False

    def refill(self, now: float) -> None:
        """Read events back into the queue if it has room."""
        count = min(self._queue.refill_size, _REFILL_SIZE)
        if not count:
            return
        try:
            events = self._spool.read(count)
        except SpoolError as error:
            self._reporter.warn_once("read", f"events on disk wait for the next process: {error}")
            events = []
        self._queue.restore(events, count, now)

    def holds(self, event: Event) -> bool:
        """Return whether the event waits on disk."""
        return self._spool.holds(event)

    def acknowledge(self, events: Iterable[Event]) -> None:
        """Record on disk that these events are finished."""
        try:
            self._spool.acknowledge(events)
        except SpoolError as error:
            self._reporter.warn_once("acknowledge", f"events may be sent again: {error}")
