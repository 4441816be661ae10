"""Lost events with the reason, and the error that tells the application about them."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

from ..errors import (
    ClientClosedError,
    DeliveryError,
    EventTooLargeError,
    QueueFullError,
    SpoolDamagedError,
    SpoolError,
    TransportError,
)
from .batch import Dropped, DropReason
from .event import Event
from .limits import LaneLimits

__all__ = ["Loss"]


class Loss(NamedTuple):
    """Events of a lane that were lost in the same way.

    ``is_refusal`` says that they were never accepted. ``error`` is the cause, or for refusals the
    error itself. ``request_id`` and ``attempts`` are those of the last request. ``unnamed`` counts
    further events that are lost and of which nothing else is known.
    """

    lane: str
    reason: DropReason
    events: tuple[Event, ...]
    limits: LaneLimits
    is_refusal: bool = False
    error: TransportError | None = None
    request_id: str | None = None
    attempts: int = 0
    unnamed: int = 0

    @classmethod
    def of(cls, action: Dropped, limits: LaneLimits) -> Loss:
        """Return the loss that the action describes."""
        return cls(
            action.lane,
            action.reason,
            action.events,
            limits,
            False,
            action.error,
            action.request_id,
            action.attempts,
        )

    @property
    def total(self) -> int:
        """The number of events."""
        return len(self.events) + self.unnamed

    @property
    def kind(self) -> Hashable:
        """What losses have in common that can be told in one call; requests are told one by one."""
        return self.lane, self.reason, self.request_id, str(self.error or "")

    def to_error(self) -> TransportError:
        """Return the error to report."""
        error = self._refusal() if self.is_refusal else self._loss()
        if error is not self.error:
            error.__cause__ = self.error
        return error

    def _refusal(self) -> TransportError:
        if self.error is not None:
            return self.error
        if self.reason is DropReason.TOO_LARGE:
            return EventTooLargeError(self._too_large())
        if self.reason is DropReason.QUEUE_FULL:
            count = f", so {self.total} events were not accepted" if self.total > 1 else ""
            size = self.limits.max_queue_size
            return QueueFullError(f"the queue of lane {self.lane!r} is full ({size} events){count}")
        if self.reason is DropReason.UNSTORED:
            what = f"{self.total} events" if self.total > 1 else "an event"
            return SpoolError(f"the spool of lane {self.lane!r} could not store {what}")
        return ClientClosedError("the client is shut down")

    def _too_large(self) -> str:
        rule = (
            f"an event of lane {self.lane!r} must have at most {self.limits.max_event_bytes} bytes"
        )
        if self.total > 1:
            return f"{rule}, {self.total} events have more"
        return f"{rule}, {self.events[0].name!r} has {len(self.events[0].body)}"

    def _loss(self) -> TransportError:
        if self.reason is DropReason.DAMAGED:
            return self._damaged()
        details = f" after {self.attempts} attempts" if self.attempts else ""
        cause = f": {self.error}" if self.error else ""
        request = f" (request {self.request_id})" if self.request_id else ""
        is_one = self.total == 1 and self.events
        what = f"event {self.events[0].name!r}" if is_one else f"{self.total} events"
        return DeliveryError(
            f"{what} of lane {self.lane!r} lost ({self.reason.value}){details}{request}{cause}",
            reason=self.reason,
        )

    def _damaged(self) -> TransportError:
        if self.error is not None:
            return self.error
        message = f"{self.total} events of lane {self.lane!r} are no longer on disk"
        return SpoolDamagedError(message, count=self.total)
