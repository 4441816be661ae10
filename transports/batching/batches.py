"""How batches are made: of waiting events, for the next attempt, and by the results of one. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import islice
from operator import attrgetter

from ..clock import ClockReading
from ..errors import DeliveryError
from ..retry import clamp_retry_after
from .batch import Batch, Delivered, Dropped, DropReason, QueueAction
from .delivery import DeliveryOutcome
from .event import Event
from .limits import Exhausted, LaneLimits

__all__ = ["first_that_fit", "left_over", "next_attempt", "size_of", "sort_by_result"]

_body = attrgetter("body")


def size_of(events: Iterable[Event]) -> int:
    """Return the number of bytes of the events' bodies."""
    return sum(map(len, map(_body, events)))


def first_that_fit(waiting: Iterable[Event], most: int, most_bytes: int) -> tuple[Event, ...]:
    """Return the first events that fit into a batch, at least one."""
    taken = tuple(islice(waiting, max(most, 1)))
    left = most_bytes - size_of(taken)
    # Usually none: small events fill a batch by their number.
    fit = len(taken)
    while left < 0 and fit > 1:
        fit -= 1
        left += len(taken[fit].body)
    return taken[:fit]


def next_attempt(
    batch: Batch, outcome: DeliveryOutcome, limits: LaneLimits, now: ClockReading, draw: float
) -> Batch | None:
    """Return the batch as it waits for its next attempt; None if no attempt is left."""
    failures = batch.failures + 1
    if not limits.retry.is_exhausted(failures):
        delay = limits.retry.delay(failures - 1, draw=draw)
    elif limits.on_exhausted is Exhausted.RETAIN:
        failures, delay = 0, limits.retain_cooldown
    else:
        return None
    return replace(
        batch,
        attempt=batch.attempt + 1,
        failures=failures,
        not_before=now.monotonic + delay,
        retry_after_until=now.monotonic + clamp_retry_after(outcome.retry_after),
    )


def sort_by_result(
    batch: Batch, outcome: DeliveryOutcome
) -> tuple[tuple[Event, ...], list[QueueAction]]:
    """Return the events to send again, and what became of the others, each in order."""
    events = batch.events
    again = tuple(event for event in events if event.uuid.lower() in outcome.retry)
    refused = [event for event in events if event.uuid.lower() in outcome.refused]
    settled = outcome.retry | outcome.refused.keys()
    taken = tuple(event for event in events if event.uuid.lower() not in settled)
    delivered = [Delivered(batch.lane, taken)] if taken else []
    return again, [*delivered, *_refusals(batch, refused, outcome)]


def _refusals(batch: Batch, refused: list[Event], outcome: DeliveryOutcome) -> list[Dropped]:
    return [
        Dropped.of(
            replace(batch, events=(event,)),
            DropReason.REJECTED,
            DeliveryError(
                f"the server refused the event: {outcome.refused[event.uuid.lower()]}",
                reason=DropReason.REJECTED,
            ),
        )
        for event in refused
    ]


def left_over(
    flying: Batch | None,
    sealed: Iterable[Batch],
    unsent: Dropped,
    is_kept: Callable[[Event], bool],
) -> list[Dropped]:
    """Return the losses of a shutdown, without the events that are on disk for a later process."""
    unconfirmed = [Dropped.of(flying, DropReason.UNCONFIRMED, None)] if flying else []
    waiting = [Dropped.of(batch, unsent.reason, None) for batch in sealed]
    return [
        replace(drop, events=tuple(event for event in drop.events if not is_kept(event)))
        for drop in (*unconfirmed, *waiting, unsent)
    ]
