"""The limits of a lane, with the reason for each, and the policies for overflow and exhaustion."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from ..retry import EVENTS_RETRY, RetryPolicy

__all__ = ["Exhausted", "LaneLimits", "Overflow", "Unstored"]

KIB = 1024
MIB = 1024 * KIB

# The defaults of posthog-python.
FLUSH_AT = 100
FLUSH_INTERVAL = 5.0
# More than there: a burst that fills the queue leaves in few requests, whose cost hardly grows with their
# size. The server bounds a request's bytes alone.
MAX_BATCH_SIZE = 1_000
MAX_QUEUE_SIZE = 10_000
# The server accepts requests of up to 20 MiB.
MAX_BATCH_BYTES = 5 * MIB
MAX_EVENT_BYTES = 900 * KIB
MAX_AI_EVENT_BYTES = 8 * MIB
# Seconds before an exhausted batch gets a new retry budget (``on_exhausted="retain"``).
RETAIN_COOLDOWN = 30.0
# Seconds before events on disk that could not be read are read again. A shortage of descriptors or memory
# may end at any time, and a read that fails costs little.
READ_AGAIN = 1.0
# 10,000 events of 900 KiB would take 9 GB, so the queue is bounded in bytes as well.
MAX_QUEUE_BYTES = 128 * MIB
# Seconds for which ``capture`` may wait for room (``overflow="block"``).
BLOCK_TIMEOUT = 1.0


class Overflow(StrEnum):
    """What happens to a new event when the queue is full."""

    DROP_NEW = "drop_new"
    DROP_OLDEST = "drop_oldest"
    BLOCK = "block"
    RAISE = "raise"
    SPILL = "spill"


class Exhausted(StrEnum):
    """What happens to a batch whose retries are used up."""

    DROP = "drop"
    RETAIN = "retain"


class Unstored(StrEnum):
    """What happens to a new event that the spool cannot store: the disk is full or fails, or the spool is full."""

    KEEP = "keep"  # in memory only, where it does not survive the process
    REFUSE = "refuse"  # so that whoever sent it keeps it


@dataclass(frozen=True, slots=True)
class LaneLimits:
    """The limits of a lane's batches, queue and retries. Times are in seconds.

    With ``max_batch_size=None`` a batch has at most ``max(flush_at, 1000)`` events.
    ``on_unstored="refuse"`` needs ``overflow="spill"``: then no event is accepted that is not on disk.
    """

    flush_at: int = FLUSH_AT
    flush_interval: float = FLUSH_INTERVAL
    max_batch_size: int | None = None
    max_batch_bytes: int = MAX_BATCH_BYTES
    max_queue_size: int = MAX_QUEUE_SIZE
    max_queue_bytes: int = MAX_QUEUE_BYTES
    max_event_bytes: int = MAX_EVENT_BYTES
    retry: RetryPolicy = EVENTS_RETRY
    overflow: Overflow = Overflow.DROP_NEW
    block_timeout: float = BLOCK_TIMEOUT
    on_exhausted: Exhausted = Exhausted.DROP
    retain_cooldown: float = RETAIN_COOLDOWN
    on_unstored: Unstored = Unstored.KEEP

    def __post_init__(self) -> None:
        for name in ("flush_at", "max_batch_bytes", "max_queue_size", "max_event_bytes"):
            _require_positive(name, getattr(self, name))
        _require_positive("max_batch_size", self.batch_size)
        _require_positive("flush_interval", self.flush_interval)
        object.__setattr__(self, "overflow", Overflow(self.overflow))
        object.__setattr__(self, "on_exhausted", Exhausted(self.on_exhausted))
        object.__setattr__(self, "on_unstored", Unstored(self.on_unstored))
        if self.on_unstored is Unstored.REFUSE and self.overflow is not Overflow.SPILL:
            msg = f'on_unstored="refuse" needs overflow="spill", got "{self.overflow}"'
            raise ValueError(msg)

    @property
    def batch_size(self) -> int:
        """The maximal number of events in one request."""
        if self.max_batch_size is None:
            return max(self.flush_at, MAX_BATCH_SIZE)
        return self.max_batch_size

    def with_ai_events(self) -> LaneLimits:
        """Return a copy that admits the large events of AI applications."""
        return replace(
            self,
            max_event_bytes=max(self.max_event_bytes, MAX_AI_EVENT_BYTES),
            max_batch_bytes=max(self.max_batch_bytes, MAX_AI_EVENT_BYTES),
        )


def _require_positive(name: str, value: float) -> None:
    if not value > 0:
        msg = f"{name} must be greater than 0, got {value}"
        raise ValueError(msg)
