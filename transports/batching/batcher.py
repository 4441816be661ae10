"""All lanes of one pipeline, as one pure machine: push, next_batch, answer, flush, close, give_up.

The lanes share nothing but their end: a slow or broken one never holds up another. What a flush
of all of them means, and the counting of what became of every event, stands here.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from ..clock import Moment
from .batch import Action, Admission, Batch, Delivered, Dropped, DropReason, Kept, Retried
from .delivery import Outcome
from .event import Event
from .identifiers import new_uuid
from .lane import FlushGoal, Lane
from .limits import LaneLimits

__all__ = ["Batcher", "Counters", "Flush"]


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


@dataclass(frozen=True, slots=True)
class Flush:
    """What one call of flush waits for."""

    goals: Mapping[str, FlushGoal]


class Batcher:
    """The lanes by name. Not safe for threads: its driver serialises the calls."""

    def __init__(
        self,
        limits: Mapping[str, LaneLimits],
        *,
        new_id: Callable[[float], str] = new_uuid,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self.lanes = {
            name: Lane(name, lane_limits, new_id=new_id, draw=draw)
            for name, lane_limits in limits.items()
        }
        self._accepted = self._recovered = self._delivered = self._kept = 0
        self._requests = self._retries = 0
        self._refused: dict[str, int] = {}
        self._dropped: dict[str, int] = {}

    @property
    def pending(self) -> int:
        """Accepted events that are not gone yet."""
        return sum(lane.pending for lane in self.lanes.values())

    def counters(self) -> Counters:
        """A snapshot of the counts."""
        return Counters(
            self._accepted,
            self._recovered,
            self._delivered,
            self._kept,
            self.pending,
            self._requests,
            self._retries,
            dict(self._refused),
            dict(self._dropped),
        )

    def push(self, lane: str, event: Event, now: float, *, stored: bool = False) -> Admission:
        """See ``Lane.push``; a refusal is counted by ``refuse``, once the caller gives up."""
        admission = self.lanes[lane].push(event, now, stored=stored)
        if admission.reason is None:
            self._accepted += 1
        if admission.evicted is not None:
            _count(self._dropped, DropReason.EVICTED, 1)
        return admission

    def refuse(self, reason: DropReason) -> None:
        """Count an event that no lane took."""
        _count(self._refused, reason, 1)

    def adopt(self, lane: str, count: int, now: float) -> None:
        """See ``Lane.adopt``."""
        self._recovered += count
        self.lanes[lane].adopt(count, now)

    def restore(self, lane: str, events: list[Event], claimed: int, now: float) -> None:
        """See ``Lane.restore``; what the disk did not give back stays there for a later life."""
        self._kept += claimed - len(events)
        self.lanes[lane].restore(events, claimed, now)

    def next_batch(self, lane: str, now: Moment) -> Batch | None:
        """See ``Lane.next_batch``."""
        batch = self.lanes[lane].next_batch(now)
        self._requests += batch is not None
        return batch

    def answer(self, batch: Batch, outcome: Outcome, now: Moment) -> list[Action]:
        """See ``Lane.answer``."""
        return self._counted(self.lanes[batch.lane].answer(batch, outcome, now))

    def due_at(self) -> float | None:
        """When the first lane has something to send."""
        times = [due for lane in self.lanes.values() if (due := lane.due_at()) is not None]
        return min(times, default=None)

    def flush(self, now: float, lanes: Iterable[str] | None = None) -> Flush:
        """Make everything in the lanes due (all lanes by default)."""
        names = self.lanes if lanes is None else lanes
        return Flush({name: self.lanes[name].flush(now) for name in names})

    def is_settled(self, flush: Flush) -> bool:
        """Whether each lane has sent all that was there, or stopped at a failure."""
        return all(self.lanes[name].is_settled(goal) for name, goal in flush.goals.items())

    def has_reached(self, flush: Flush) -> bool:
        """Whether nothing is left of what was there."""
        return all(self.lanes[name].has_reached(goal) for name, goal in flush.goals.items())

    def close(self, now: float) -> None:
        """Take no more events and send the rest as fast as the retry waits allow."""
        for lane in self.lanes.values():
            lane.close(now)

    def give_up(
        self,
        reason: DropReason = DropReason.SHUTDOWN,
        is_kept: Callable[[str, Event], bool] = lambda _lane, _event: False,
    ) -> list[Action]:
        """Let go of everything that is left; see ``Lane.give_up``."""
        actions = [
            action
            for name, lane in self.lanes.items()
            for action in lane.give_up(reason, partial(is_kept, name))
        ]
        if reason is DropReason.DISCARDED:
            unseen = sum(action.count for action in actions if isinstance(action, Kept))
            _count(self._dropped, reason, unseen)
            actions = [action for action in actions if not isinstance(action, Kept)]
        return self._counted(actions)

    def _counted(self, actions: list[Action]) -> list[Action]:
        for action in actions:
            match action:
                case Delivered():
                    self._delivered += len(action.events)
                case Dropped():
                    _count(self._dropped, action.reason, len(action.events))
                case Kept():
                    self._kept += action.count
                case Retried():
                    self._retries += 1
        return actions


def _count(counts: dict[str, int], reason: DropReason, number: int) -> None:
    if number:
        counts[reason.value] = counts.get(reason.value, 0) + number
