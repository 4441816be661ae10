"""The connection of a queue with its spool. A failing disk causes a warning and loses no event.

The pipeline holds its lock while it calls these methods, so spool and queue have the same order.
No method raises: what goes wrong on disk must not interrupt the pipeline between two states.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from ..batch import QueueAction
from ..event import Event
from ..queue import EventQueue
from .damage import Damage
from .spool import ReadBack, Spool

__all__ = ["SpoolBacking", "Warn"]

Warn = Callable[[str, str], None]
"""A function that logs a message once for each kind of trouble, until the trouble is over."""

T = TypeVar("T")

# The number of events that are read back at once, while pushes have to wait.
_REFILL_SIZE = 1000
_IN_MEMORY = "events are kept in memory only"


class SpoolBacking:
    """The spool behind one queue. ``warn`` reports trouble, ``over`` that a kind of it is over."""

    def __init__(
        self, spool: Spool, queue: EventQueue, warn: Warn, over: Callable[[str], None]
    ) -> None:
        self._spool = spool
        self._queue = queue
        self._warn = warn
        self._over = over

    def recover(self, now: float) -> Damage:
        """Take over the events of dead processes; return what was damaged."""
        count = self._tried("write", _IN_MEMORY, self._spool.open, 0)
        damage = self._spool.take_damage()
        if damage.problems:
            self._warn("orphans", f"folders of the spool were left as they are: {damage.problems}")
        if count:
            self._queue.adopt(count, now)
        self._queue.tally.events["damaged"] += damage.events
        return damage

    def store(self, event: Event) -> bool:
        """Write the event if the queue will accept it; return whether it is on disk."""
        if self._queue.unfit(event):
            return False
        spills = self._queue.spills
        stored = self._tried(
            "write", _IN_MEMORY, lambda: self._spool.append(event, unread=spills), None
        )
        if stored:
            self._over("write")
            self._over("full")
        elif stored is not None:
            self._warn("full", f"the spool is full: {_IN_MEMORY}")
        return bool(stored)

    def mend(self) -> list[QueueAction]:
        """Make a new folder if the spool's was deleted or cut; return the losses."""
        if self._spool.is_whole():
            return []
        self._warn("folder", "the spool's folder was deleted or changed: a new one is made")
        nothing: list[Event] = []
        lost = self._tried(
            "write", _IN_MEMORY, lambda: self._spool.renew(self._queue.in_memory), nothing
        )
        self._over("folder")
        return self._queue.lose(tuple(lost))

    def refill(self) -> list[QueueAction]:
        """Read events back into the queue if it has room; return the losses."""
        count = min(self._queue.refill_size, _REFILL_SIZE)
        if not count:
            return []
        waiting = "events on disk wait for the next process"
        nothing = ReadBack([], [], [])
        found = self._tried("read", waiting, lambda: self._spool.read_back(count), nothing)
        if found.unreadable:
            self._warn("read", f"{waiting}: they cannot be read now")
        return self._queue.restore(found.events, count, lost=tuple(found.lost))

    def holds(self, event: Event) -> bool:
        """Return whether the event waits on disk."""
        return self._spool.holds(event)

    def verify(self) -> list[QueueAction]:
        """Make ``holds`` true only of events that are still on disk; return the losses."""
        nothing: list[Event] = []
        lost = self._tried("read", "the spool cannot be read", self._spool.verify, nothing)
        return self._queue.lose(tuple(lost))

    def acknowledge(self, events: Iterable[Event]) -> None:
        """Record on disk that these events are finished."""
        self._tried(
            "acknowledge",
            "events may be sent again",
            lambda: self._spool.acknowledge(events),
            None,
        )

    def _tried(self, trouble: str, consequence: str, function: Callable[[], T], otherwise: T) -> T:
        try:
            return function()
        except Exception as error:  # noqa: BLE001 - see the module's docstring
            self._warn(trouble, f"{consequence}: {error or type(error).__name__}")
            return otherwise
