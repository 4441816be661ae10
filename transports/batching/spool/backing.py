"""The connection of a queue with its spool. A failing disk causes a warning and loses no event.

The pipeline holds its lock while it calls these methods, so spool and queue have the same order.
No method raises: what goes wrong on disk must not interrupt the pipeline between two states.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from ..batch import Admission, DropReason, QueueAction
from ..event import Event
from ..limits import Unstored
from ..queue import EventQueue
from .damage import Damage
from .spool import ReadBack, Spool, reason

__all__ = ["SpoolBacking", "Warn"]

Warn = Callable[[str, str], None]
"""A function that logs a message once for each kind of trouble, until the trouble is over."""

T = TypeVar("T")

# The number of events that are read back at once, while pushes have to wait.
_REFILL_SIZE = 1000
_CONSEQUENCES = {
    Unstored.KEEP: "events are kept in memory only",
    Unstored.REFUSE: "new events are refused",
}
_READ_LATER = "events stay on disk, because they cannot be read now, and are read again later"


class SpoolBacking:
    """The spool behind one queue. ``warn`` reports trouble, ``over`` that a kind of it is over."""

    def __init__(
        self, spool: Spool, queue: EventQueue, warn: Warn, over: Callable[[str], None]
    ) -> None:
        self._spool = spool
        self._queue = queue
        self._warn = warn
        self._over = over
        self._unprotected = _CONSEQUENCES[queue.limits.on_unstored]

    def recover(self, now: float) -> Damage:
        """Take over the events of dead processes; return what was damaged."""
        count = self._tried("write", self._unprotected, self._spool.open, 0)
        damage = self._spool.take_damage()
        if damage.problems:
            self._warn("orphans", f"folders of the spool were left as they are: {damage.problems}")
        if count:
            self._queue.adopt(count, now)
        self._queue.tally.events["damaged"] += damage.events
        return damage

    def push(self, event: Event, now: float) -> Admission:
        """Write an event if the queue will accept it, and queue it."""
        queue = self._queue
        if queue.unfit(event):
            return queue.push(event, now)
        spills = queue.spills
        stored = self._tried(
            "write", self._unprotected, lambda: self._spool.append(event, unread=spills), None
        )
        if stored:
            self._over("write")
            self._over("full")
            return queue.push_stored((event,), now, in_memory=not spills)
        if stored is not None:
            self._warn("full", f"the spool is full: {self._unprotected}")
        return self._push_unstored(event, now)

    def push_many(self, events: Sequence[Event], now: float) -> list[Admission]:
        """Do as ``push`` with each event, but write all of them at once."""
        unfit = [self._queue.unfit(event) for event in events]
        fit = [event for event, reason in zip(events, unfit, strict=True) if reason is None]
        admissions = iter(self._push_fit(fit, now))
        return [self._queue.refuse(why) if why else next(admissions) for why in unfit]

    def _push_fit(self, events: list[Event], now: float) -> list[Admission]:
        in_memory = self._queue.room_for(events)
        stored = self._store(events, in_memory)
        taken = self._queue.push_stored(events[:stored], now, in_memory=in_memory)
        return [taken] * stored + [self._push_unstored(event, now) for event in events[stored:]]

    def _store(self, events: list[Event], in_memory: int) -> int:
        """Write the events; return how many of the first of them are on disk."""
        if not events:
            return 0
        count, failure = self._spool.append_many(events, in_memory=in_memory)
        if failure is not None:
            self._warn("write", _because(self._unprotected, failure))
            return count
        self._over("write")
        if count == len(events):
            self._over("full")
        else:
            self._warn("full", f"the spool is full: {self._unprotected}")
        return count

    def _push_unstored(self, event: Event, now: float) -> Admission:
        queue = self._queue
        if queue.limits.on_unstored is Unstored.REFUSE:
            return queue.refuse(DropReason.UNSTORED)
        return queue.push(event, now)

    def mend(self) -> list[QueueAction]:
        """Make a new folder if the spool's was deleted or cut; return the losses."""
        if self._spool.is_whole():
            return []
        self._warn("folder", "the spool's folder was deleted or changed: a new one is made")
        nothing: list[Event] = []
        lost = self._tried(
            "write", self._unprotected, lambda: self._spool.renew(self._queue.in_memory), nothing
        )
        self._over("folder")
        return self._queue.lose(tuple(lost))

    def refill(self, now: float) -> list[QueueAction]:
        """Read events back into the queue if it is time to; return the losses."""
        due = self._queue.refill_at()
        if due is None or due > now:
            return []
        count = min(self._queue.refill_size, _REFILL_SIZE)
        nothing = ReadBack([], [])
        found = self._tried("read", _READ_LATER, lambda: self._spool.read_back(count), nothing)
        actions = self._queue.restore(found.events, lost=tuple(found.lost))
        if len(found.events) + len(found.lost) == count:
            self._over("read")
            return actions
        self._queue.read_failed(now)
        left = self._queue.pending - len(self._queue.in_memory)
        why = f": {reason(found.failure)}" if found.failure else ""
        self._warn("read", f"{left} {_READ_LATER}{why}")
        return actions

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
            self._warn(trouble, _because(consequence, error))
            return otherwise


def _because(consequence: str, error: Exception) -> str:
    return f"{consequence}: {error or type(error).__name__}"
