"""Counts of events by outcome: a tally for each lane's queue, and their sum for the application."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .batch import Delivered, Dropped, Kept, QueueAction, Retried

__all__ = ["Counters", "Tally"]


@dataclass(frozen=True, slots=True)
class Counters:
    """The number of events by outcome so far, over all lanes.

    At any time ``accepted + recovered == delivered + sum(dropped.values()) + kept + pending``.
    The keys of ``refused`` and ``dropped`` are ``DropReason`` values. Refused events were never
    accepted: ``capture`` returned None for them. ``kept`` counts events left on disk for a later
    process, ``recovered`` counts events that an earlier process left there. ``damaged`` is the least
    number of events of earlier processes that are lost, because their files were damaged.
    """

    accepted: int
    recovered: int
    delivered: int
    kept: int
    pending: int
    requests: int
    retries: int
    refused: Mapping[str, int]
    dropped: Mapping[str, int]
    damaged: int = 0

    @classmethod
    def sum_of(cls, tallies: Iterable[Tally], *, pending: int) -> Counters:
        """Add up the tallies of all queues; ``pending`` is the number of events they still hold."""
        total = Tally()
        for tally in tallies:
            total.events.update(tally.events)
            total.refused.update(tally.refused)
            total.dropped.update(tally.dropped)
        names = ("accepted", "recovered", "delivered", "kept", "requests", "retries", "damaged")
        return cls(
            **{name: total.events[name] for name in names},
            pending=pending,
            refused={str(reason): number for reason, number in total.refused.items()},
            dropped={str(reason): number for reason, number in total.dropped.items()},
        )


@dataclass(slots=True)
class Tally:
    """The counts of one queue. The keys of ``events`` are fields of ``Counters``."""

    events: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)

    @property
    def lost(self) -> int:
        """The number of events that were refused, dropped, or damaged in the spool."""
        return self.refused.total() + self.dropped.total() + self.events["damaged"]

    def count(self, actions: Iterable[QueueAction]) -> None:
        """Count what happened to the events of the actions."""
        for action in actions:
            match action:
                case Delivered():
                    self.events["delivered"] += len(action.events)
                case Dropped():
                    self.dropped[action.reason] += len(action.events)
                case Kept():
                    self.events["kept"] += action.count
                case Retried():
                    self.events["retries"] += 1
