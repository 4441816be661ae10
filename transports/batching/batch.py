"""The values that a queue exchanges with the pipeline, which carries out its decisions."""

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
    "Kept",
    "QueueAction",
    "Retried",
]


class DropReason(StrEnum):
    """Why an event will not be delivered. Every event that was lost has exactly one."""

    QUEUE_FULL = "queue_full"  # refused at capture: the queue is at its capacity
    TOO_LARGE = "too_large"  # over the lane's cap, or a 413 for it alone
    CLOSED = "closed"  # captured after shutdown
    EVICTED = "evicted"  # made room for a newer one (drop_oldest)
    REJECTED = "rejected"  # a status or a result that sending again would not change
    EXHAUSTED = "exhausted"  # every retry failed
    SHUTDOWN = "shutdown"  # still queued at the shutdown's deadline
    UNCONFIRMED = "unconfirmed"  # being sent at the shutdown's deadline: may have arrived
    DISCARDED = "discarded"  # shutdown(discard=True)


@dataclass(frozen=True, slots=True)
class Batch:
    """Events that are sent together. No event joins a batch after it was made.

    ``attempt`` counts the tries of this request id, including the next one; ``failures`` counts
    those of the current retry budget. ``not_before`` is the end of the backoff and
    ``retry_after_until`` that of the server's Retry-After, both on the monotonic clock;
    ``created_at`` is wall time.
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


class Admission(NamedTuple):
    """What became of a pushed event. ``wake``: the lane is now due earlier than before."""

    reason: DropReason | None = None
    wake: bool = False
    evicted: Event | None = None


@dataclass(frozen=True, slots=True)
class Delivered:
    """The sink accepted these events."""

    lane: str
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Dropped:
    """These events will not be delivered."""

    lane: str
    events: tuple[Event, ...]
    reason: DropReason
    error: TransportError | None = None
    # The last request that held them, and the number of tries; None and 0 if they were never sent.
    request_id: str | None = None
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Retried:
    """These events wait at the head of their lane for another try at ``not_before``."""

    lane: str
    events: tuple[Event, ...]
    not_before: float
    error: TransportError | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """``count`` events stay on disk for a later process."""

    lane: str
    count: int


QueueAction = Delivered | Dropped | Retried | Kept
