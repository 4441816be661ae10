"""What became of the events: one tally for each lane's queue, one sum for the application."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

__all__ = ["Counters", "Tally"]


@dataclass(frozen=True, slots=True)
class Counters:
    """What became of the events so far, over all lanes.

    At any time ``accepted + recovered == delivered + sum(dropped.values()) + kept + pending``.
    ``refused`` and ``dropped`` are by ``DropReason`` value: refused events were never accepted,
    their caller got None. ``kept`` are on disk for a later process, ``recovered`` came from there.
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

    @classmethod
    def sum_of(cls, tallies: Iterable[Tally], *, pending: int) -> Counters:
        """Add up the tallies of all queues, which hold ``pending`` events."""
        total = Tally()
        for tally in tallies:
            total.events.update(tally.events)
            total.refused.update(tally.refused)
            total.dropped.update(tally.dropped)
        names = ("accepted", "recovered", "delivered", "kept", "requests", "retries")
        return cls(
            **{name: total.events[name] for name in names},
            pending=pending,
            refused={str(reason): number for reason, number in total.refused.items()},
            dropped={str(reason): number for reason, number in total.dropped.items()},
        )


@dataclass(slots=True)
class Tally:
    """The counts of one queue: ``events`` by field of ``Counters``, the others by reason."""

    events: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
