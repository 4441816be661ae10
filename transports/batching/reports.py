"""Reports of delivered, delayed and lost events, to the log, ``on_error`` and ``on_action``.

Nothing here may raise into the pipeline, and no report has the content of an event.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Iterable

from ..errors import (
    DeliveryError,
    EventTooLargeError,
    QueueFullError,
    TransportError,
)
from ..incidents import Incidents
from .batch import Delivered, Dropped, DropReason, Kept, QueueAction, Retried
from .event import Event
from .limits import LaneLimits

__all__ = ["DeliveryReporter", "OnAction", "OnError"]

logger = logging.getLogger("flagengine.events")

OnError = Callable[[TransportError, tuple[Event, ...]], None]
OnAction = Callable[[QueueAction], None]

_RETRIED = "retried"


class DeliveryReporter:
    """A reporter that calls ``on_error(error, events)`` for losses, ``on_action`` for all actions.

    It logs one warning for each kind of trouble, and no further warning until the trouble is over.
    """

    def __init__(self, on_error: OnError | None, on_action: OnAction | None) -> None:
        self._on_error = on_error
        self._on_action = on_action
        self._incidents = Incidents()

    def report(self, action: QueueAction) -> None:
        """Report one action of a queue."""
        match action:
            case Delivered():
                self._incidents.resolve(
                    *((action.lane, reason) for reason in (*DropReason, _RETRIED))
                )
            case Retried():
                # No event is lost yet, but users may wonder why no event arrives.
                cause = f": {action.error}" if action.error else ""
                self.warn_once(
                    (action.lane, _RETRIED),
                    f"events of lane {action.lane!r} wait to be sent again{cause}",
                )
            case Dropped():
                error = _loss(action)
                self.warn_once((action.lane, action.reason), str(error))
                self._call_on_error(error, action.events)
        if self._on_action is not None:
            _call_safely(self._on_action, action)

    def refused(
        self, event: Event, lane: str, reason: DropReason, limits: LaneLimits
    ) -> TransportError:
        """Report an event that was not accepted; return the error."""
        error = _refusal(event, lane, reason, limits)
        message = f"event {event.name!r} was not accepted: {error}"
        if self.warn_once((lane, reason), message):
            self._call_on_error(error, (event,))
        return error

    def has_room(self, lane: str) -> None:
        """Note that the lane's queue is no longer full, so that the next overflow is logged again."""
        self._incidents.resolve((lane, DropReason.QUEUE_FULL), (lane, DropReason.EVICTED))

    def warn_once(self, trouble: Hashable, message: str) -> bool:
        """Log a warning unless this trouble was logged and is not over; return whether it is new."""
        is_new = self._incidents.opens(trouble)
        if is_new:
            logger.warning("%s", message)
        return is_new

    def leftovers(self, actions: Iterable[QueueAction], timeout: float) -> None:
        """Log the number of events that a shutdown could not deliver."""
        lost = sum(len(action.events) for action in actions if isinstance(action, Dropped))
        kept = sum(action.count for action in actions if isinstance(action, Kept))
        if lost:
            logger.critical("shutdown: %d events were not delivered within %g s", lost, timeout)
        if kept:
            logger.warning("shutdown: %d events stay on disk for the next process", kept)

    def _call_on_error(self, error: TransportError, events: tuple[Event, ...]) -> None:
        if self._on_error is not None:
            _call_safely(self._on_error, error, events)


def _loss(action: Dropped) -> DeliveryError:
    details = f" after {action.attempts} attempts" if action.attempts else ""
    cause = f": {action.error}" if action.error else ""
    request = f" (request {action.request_id})" if action.request_id else ""
    count = len(action.events)
    what = f"event {action.events[0].name!r}" if count == 1 else f"{count} events"
    message = (
        f"{what} of lane {action.lane!r} lost ({action.reason.value}){details}{request}{cause}"
    )
    error = DeliveryError(message, reason=action.reason)
    error.__cause__ = action.error
    return error


def _refusal(event: Event, lane: str, reason: DropReason, limits: LaneLimits) -> TransportError:
    if reason is DropReason.TOO_LARGE:
        return EventTooLargeError(
            f"an event of lane {lane!r} must have at most {limits.max_event_bytes} bytes,"
            f" {event.name!r} has {len(event.body)}"
        )
    if reason is DropReason.QUEUE_FULL:
        return QueueFullError(
            f"the queue of lane {lane!r} is full ({limits.max_queue_size} events)"
        )
    return TransportError("the client is shut down")


def _call_safely(callback: Callable[..., None], *arguments: object) -> None:
    try:
        callback(*arguments)
    except Exception:
        logger.exception("a callback of the application failed")
