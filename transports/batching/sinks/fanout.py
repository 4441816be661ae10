"""One batch to several sinks, each of which gets every event once.

The lane sees one outcome: an event is delivered when all sinks have it, sent again while one of
them still wants a retry, and refused when any refused it for good. What a sink has taken it is not
given again, even when the batch comes back smaller.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace

from ...errors import TransportError
from ..batch import Batch
from ..delivery import DELIVERED, Outcome, Verdict
from .base import Sink

__all__ = ["FanOutSink"]

# Ours: uuids remembered for each sink; a lane has at most one batch and its halves under way.
_MAX_REMEMBERED = 10_000


class FanOutSink:
    """Belongs to one lane; its sinks are tried in the given order."""

    def __init__(self, sinks: Sequence[Sink]) -> None:
        self._branches = [_Branch(sink) for sink in sinks]

    def deliver(self, batch: Batch, *, timeout: float) -> Outcome:
        """Give the batch to each sink that lacks some of it."""
        outcomes = [branch.deliver(batch, timeout) for branch in self._branches]
        split = next((each for each in outcomes if each.verdict is Verdict.SPLIT), None)
        if split and len(batch.events) > 1:
            return split
        return _combine(batch, outcomes)

    def close(self) -> None:
        """Close all sinks."""
        for branch in self._branches:
            branch.sink.close()


class _Branch:
    """One sink and the events that are settled with it."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self._settled: OrderedDict[str, str | None] = OrderedDict()

    def deliver(self, batch: Batch, timeout: float) -> Outcome:
        lacking = tuple(event for event in batch.events if event.uuid not in self._settled)
        outcome = DELIVERED
        if lacking:
            rest = replace(batch, events=lacking)
            outcome = self.sink.deliver(rest, timeout=timeout)
            self._remember(rest, outcome)
        return self._with_earlier_refusals(batch, outcome)

    def _remember(self, batch: Batch, outcome: Outcome) -> None:
        again, refused = _results(batch, outcome)
        for event in batch.events:
            if event.uuid not in again:
                self._settled[event.uuid] = refused.get(event.uuid)
        while len(self._settled) > _MAX_REMEMBERED:
            self._settled.popitem(last=False)

    def _with_earlier_refusals(self, batch: Batch, outcome: Outcome) -> Outcome:
        if outcome.verdict is Verdict.SPLIT and len(batch.events) > 1:
            return outcome
        again = frozenset(event.uuid for event in batch.events if event.uuid not in self._settled)
        refused = {
            event.uuid: words
            for event in batch.events
            if (words := self._settled.get(event.uuid)) is not None
        }
        return replace(outcome, verdict=Verdict.PARTIAL, retry=again, refused=refused)


def _results(batch: Batch, outcome: Outcome) -> tuple[frozenset[str], dict[str, str]]:
    """Which uuids this sink wants again, and which it refused with what words."""
    everything = frozenset(event.uuid for event in batch.events)
    words = str(outcome.error or outcome.verdict.name)
    match outcome.verdict:
        case Verdict.RETRY:
            return everything, {}
        case Verdict.SPLIT if len(batch.events) > 1:
            return everything, {}
        case Verdict.REJECTED | Verdict.SPLIT:
            return frozenset(), dict.fromkeys(everything, words)
        case Verdict.PARTIAL:
            by_lower = {uuid.lower(): uuid for uuid in everything}
            again = frozenset(by_lower[uuid] for uuid in outcome.retry if uuid in by_lower)
            refused = {by_lower[u]: said for u, said in outcome.refused.items() if u in by_lower}
            return again, refused
        case _:
            return frozenset(), {}


def _combine(batch: Batch, outcomes: Sequence[Outcome]) -> Outcome:
    again = frozenset(uuid.lower() for outcome in outcomes for uuid in outcome.retry)
    refused = {
        uuid.lower(): words
        for outcome in outcomes
        for uuid, words in outcome.refused.items()
        if uuid.lower() not in again
    }
    if not again and not refused:
        return DELIVERED
    errors: list[TransportError] = [each.error for each in outcomes if each.error is not None]
    waits = [each.retry_after for each in outcomes if each.retry_after is not None]
    error = errors[0] if errors else None
    if len(again) == len(batch.events):
        return Outcome(Verdict.RETRY, error, max(waits, default=None))
    return Outcome(Verdict.PARTIAL, error, max(waits, default=None), again, refused)
