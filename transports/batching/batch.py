"""The values that pass between a queue, which decides, and the pipeline, which carries them out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from ..errors import TransportError
from .event import Event

__all__ = [
    "Admission",
    "Batch",
    "Delivered",
    "DropReason",
    "Dropped",
    "FlushGoal",
    "Kept",
    "QueueAction",
    "Retried",
]


class DropReason(StrEnum):
    """Why an event will not be delivered. Every lost event has exactly one reason."""

    QUEUE_FULL = "queue_full"  # refused at capture: the queue is at its capacity
    TOO_LARGE = "too_large"  # over the lane's limit, or a 413 for this event alone
    CLOSED = "closed"  # captured after shutdown
    EVICTED = "evicted"  # removed to make room for a newer event (drop_oldest)
    REJECTED = "rejected"  # a permanent refusal by the server
    EXHAUSTED = "exhausted"  # every retry failed
    SHUTDOWN = "shutdown"  # still queued at the shutdown's deadline
    UNCONFIRMED = "unconfirmed"  # in flight at the shutdown's deadline, so it may have arrived
    DISCARDED = "discarded"  # shutdown(discard=True)
    DAMAGED = "damaged"  # no longer on disk, where the event waited
    INVALID = "invalid"  # refused at capture: without a name or a distinct id, or unreadable
    HOOK_FAILED = "hook_failed"  # refused at capture: before_send raised, or returned no event
    RECURSION = "recursion"  # refused at capture: captured inside before_send
    UNSTORED = "unstored"  # refused at capture: the spool cannot store it (on_unstored="refuse")


@dataclass(frozen=True, slots=True)
class Batch:
    """Events that are sent together; the set never grows.

    ``attempt`` is the number of the next attempt with this request id, starting at 1. ``failures``
    counts the failed attempts of the current retry budget. ``not_before`` is when the backoff ends
    and ``retry_after_until`` when the server's Retry-After ends, both on the monotonic clock.
    ``created_at`` is wall-clock time.
    """

    lane: str
    events: tuple[Event, ...]
    request_id: str
    created_at: float
    first_seq: int
    attempt: int = 1
    failures: int = 0
    not_before: float = 0.0
    retry_after_until: float = 0.0

    @property
    def due_at(self) -> float:
        """When the next attempt may be made, on the monotonic clock."""
        return max(self.not_before, self.retry_after_until)


class FlushGoal(NamedTuple):
    """The goal of one flush: to send all events up to ``last_seq``, unless a failure stops it."""

    last_seq: int
    stops: int


class Admission(NamedTuple):
    """The result of a push. ``wake`` says that the lane is now due earlier than before."""

    reason: DropReason | None = None
    wake: bool = False
    evicted: Event | None = None


@dataclass(frozen=True, slots=True)
class Delivered:
    """Events that the sink accepted."""

    lane: str
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Dropped:
    """Events that will not be delivered."""

    lane: str
    events: tuple[Event, ...]
    reason: DropReason
    error: TransportError | None = None
    # The last request with these events and the number of attempts; None and 0 if never sent.
    request_id: str | None = None
    attempts: int = 0

    @classmethod
    def of(cls, batch: Batch, reason: DropReason, error: TransportError | None) -> Dropped:
        """Return the loss of a batch that was sent."""
        return cls(
            batch.lane, batch.events, reason, error, batch.request_id, attempts=batch.attempt
        )


@dataclass(frozen=True, slots=True)
class Retried:
    """Events that wait at the head of their lane for another attempt at ``not_before``."""

    lane: str
    events: tuple[Event, ...]
    not_before: float
    error: TransportError | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """The number of events that stay on disk for a later process."""

    lane: str
    count: int


QueueAction = Delivered | Dropped | Retried | Kept
