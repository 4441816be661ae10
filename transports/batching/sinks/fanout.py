"""A sink that passes every batch on to several sinks.

The lane gets one outcome. An event is delivered when all sinks have accepted it, sent again while
any sink asks for a retry, and refused when any sink has refused it. No sink gets an event again
after it has accepted or refused the event.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from ...option_values.messages import items_of
from ...option_values.objects import read_sink
from ..batch import Batch
from ..delivery import DELIVERED, DeliveryOutcome, Disposition
from ..event import Event
from .base import Sink

__all__ = ["FanOutSink"]

# Uuids remembered for each sink: enough, because a lane only sends one batch or its halves.
_MAX_REMEMBERED = 10_000


class FanOutSink:
    """A sink for one lane that tries ``sinks`` in their order."""

    def __init__(self, sinks: Sequence[Sink]) -> None:
        given = items_of("sinks", "a list of sinks", sinks)
        if not given or None in given:
            msg = "sinks must be a list of at least one sink, got none"
            raise ValueError(msg)
        self._branches = [_Branch(read_sink(f"sinks[{at}]", sink)) for at, sink in enumerate(given)]

    def deliver(self, batch: Batch, *, timeout: float) -> DeliveryOutcome:
        """Give each sink the events that it has neither accepted nor refused."""
        outcomes = [branch.deliver(batch, timeout) for branch in self._branches]
        split = next(
            (outcome for outcome in outcomes if outcome.disposition is Disposition.SPLIT), None
        )
        if split and len(batch.events) > 1:
            return split
        return _combine(batch, outcomes)

    def close(self) -> None:
        """Close all sinks."""
        for branch in self._branches:
            branch.sink.close()


_Key: TypeAlias = tuple[str, int]


def _key(event: Event) -> _Key:
    return event.uuid, hash(event.body)


class _Branch:
    """One of the sinks, with the events that it has accepted or refused."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        # By ``_key``: two events may have the same uuid.
        self._settled: OrderedDict[_Key, str | None] = OrderedDict()

    def deliver(self, batch: Batch, timeout: float) -> DeliveryOutcome:
        lacking = tuple(event for event in batch.events if _key(event) not in self._settled)
        outcome = DELIVERED
        if lacking:
            rest = replace(batch, events=lacking)
            outcome = self.sink.deliver(rest, timeout=timeout)
            self._remember(rest, outcome)
        return self._with_earlier_refusals(batch, outcome)

    def _remember(self, batch: Batch, outcome: DeliveryOutcome) -> None:
        again, refused = _results(batch, outcome)
        for event in batch.events:
            if event.uuid not in again:
                self._settled[_key(event)] = refused.get(event.uuid)
        while len(self._settled) > _MAX_REMEMBERED:
            self._settled.popitem(last=False)

    def _with_earlier_refusals(self, batch: Batch, outcome: DeliveryOutcome) -> DeliveryOutcome:
        if outcome.disposition is Disposition.SPLIT and len(batch.events) > 1:
            return outcome
        again = frozenset(event.uuid for event in batch.events if _key(event) not in self._settled)
        refused = {
            event.uuid: details
            for event in batch.events
            if (details := self._settled.get(_key(event))) is not None
        }
        return replace(outcome, disposition=Disposition.PARTIAL, retry=again, refused=refused)


def _results(batch: Batch, outcome: DeliveryOutcome) -> tuple[frozenset[str], dict[str, str]]:
    """Return the uuids to send again, and the sink's details by refused uuid."""
    everything = frozenset(event.uuid for event in batch.events)
    details = str(outcome.error or outcome.disposition.name)
    match outcome.disposition:
        case Disposition.RETRY:
            return everything, {}
        case Disposition.SPLIT if len(batch.events) > 1:
            return everything, {}
        case Disposition.REJECTED | Disposition.SPLIT:
            return frozenset(), dict.fromkeys(everything, details)
        case Disposition.PARTIAL:
            by_lower = {uuid.lower(): uuid for uuid in everything}
            again = frozenset(by_lower[uuid] for uuid in outcome.retry if uuid in by_lower)
            refused = {
                by_lower[uuid]: details
                for uuid, details in outcome.refused.items()
                if uuid in by_lower
            }
            return again, refused
        case _:
            return frozenset(), {}


def _combine(batch: Batch, outcomes: Sequence[DeliveryOutcome]) -> DeliveryOutcome:
    again = frozenset(uuid.lower() for outcome in outcomes for uuid in outcome.retry)
    refused = {
        uuid.lower(): details
        for outcome in outcomes
        for uuid, details in outcome.refused.items()
        if uuid.lower() not in again
    }
    if not again and not refused:
        return DELIVERED
    error = next((outcome.error for outcome in outcomes if outcome.error is not None), None)
    waits = [outcome.retry_after for outcome in outcomes if outcome.retry_after is not None]
    if len(again) == len(batch.events):
        return DeliveryOutcome(Disposition.RETRY, error, max(waits, default=None))
    return DeliveryOutcome(Disposition.PARTIAL, error, max(waits, default=None), again, refused)
