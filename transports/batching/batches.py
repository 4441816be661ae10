"""How batches are made: of waiting events, for the next attempt, and by the results of one. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from ..clock import ClockReading
from ..errors import DeliveryError
from ..retry import clamp_retry_after
from .batch import Batch, Dropped, DropReason
from .delivery import DeliveryOutcome
from .event import Event
from .limits import Exhausted, LaneLimits

__all__ = ["first_that_fit", "given_up", "next_attempt", "refusals", "sort_by_result"]


def first_that_fit(waiting: Iterable[Event], most: int, most_bytes: int) -> tuple[Event, ...]:
    """Return the first events that fit into a batch, at least one."""
    taken: list[Event] = []
    for event in waiting:
        most_bytes -= len(event.body)
        if taken and (most_bytes < 0 or len(taken) >= most):
            break
        taken.append(event)
    return tuple(taken)


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


def refusals(batch: Batch, refused: tuple[Event, ...], outcome: DeliveryOutcome) -> list[Dropped]:
    """Return a loss for each refused event, with the server's details."""
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


def sort_by_result(
    events: tuple[Event, ...], outcome: DeliveryOutcome
) -> tuple[tuple[Event, ...], tuple[Event, ...], tuple[Event, ...]]:
    """Return the events to send again, the refused and the accepted events, each in order."""
    again = tuple(event for event in events if event.uuid.lower() in outcome.retry)
    refused = tuple(event for event in events if event.uuid.lower() in outcome.refused)
    settled = outcome.retry | outcome.refused.keys()
    return again, refused, tuple(event for event in events if event.uuid.lower() not in settled)


def given_up(batch: Batch, reason: DropReason, is_kept: Callable[[Event], bool]) -> Dropped:
    """Return the loss of a batch, without the events that are on disk for a later process."""
    lost = tuple(event for event in batch.events if not is_kept(event))
    return Dropped.of(replace(batch, events=lost), reason, None)
