"""The values that the batcher's machines exchange with whoever carries out their decisions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from ..errors import TransportError
from .event import Event

__all__ = [
    "Action",
    "Admission",
    "Batch",
    "Delivered",
    "DropReason",
    "Dropped",
    "Kept",
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
    DISCARDED = "discarded"  # shutdown was told to discard


@dataclass(frozen=True, slots=True)
class Batch:
    """Events that travel together. Once made, none is added.

    ``attempt`` counts the tries of this request id, the coming one included; ``failures`` those of
    the present retry budget. ``not_before`` is our own backoff and ``held_until`` the server's
    Retry-After, both on the monotonic clock; ``created_at`` is wall time.
    """

    lane: str
    events: tuple[Event, ...]
    request_id: str
    created_at: float
    first_seq: int
    attempt: int = 1
    failures: int = 0
    not_before: float = 0.0
    held_until: float = 0.0


class Admission(NamedTuple):
    """What became of a pushed event. ``wake``: the lane is due earlier than it was before."""

    reason: DropReason | None = None
    wake: bool = False
    evicted: Event | None = None

    @property
    def accepted(self) -> bool:
        """Whether the lane has taken the event."""
        return self.reason is None


@dataclass(frozen=True, slots=True)
class Delivered:
    """The sink has these: forget them."""

    lane: str
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Dropped:
    """These will not be delivered: report them."""

    lane: str
    events: tuple[Event, ...]
    reason: DropReason
    error: TransportError | None = None
    # The request they were last sent in, and how often, when they were sent at all.
    request_id: str | None = None
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Retried:
    """These wait at the head of their lane, until ``not_before``, for another try."""

    lane: str
    events: tuple[Event, ...]
    not_before: float
    error: TransportError | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """So many events stay on disk for a later process."""

    lane: str
    count: int


Action = Delivered | Dropped | Retried | Kept
