"""Reports of delivered, delayed and lost events, to the log and ``on_action``.

The log has a line when a kind of trouble begins, and one with the number of events when it is over.
``announcements`` tells ``on_error`` of each event. Nothing here may raise into the pipeline, and no
report has the content of an event.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Hashable, Iterable

from flagengine import printable

from ..application_errors import application_errors, log_error
from ..incidents import Incidents
from ..log_fields import log_fields
from .announcements import Announcer
from .batch import Delivered, Dropped, DropReason, Kept, QueueAction, Retried
from .limits import LaneLimits
from .losses import Loss

__all__ = ["DeliveryReporter", "OnAction"]

logger: logging.Logger = logging.getLogger("flagengine.events")

OnAction = Callable[[QueueAction], None]

_RETRIED = "retried"
_RAISED = "raised"
# ``leftovers`` logs these.
_LEFT_OVER = (DropReason.SHUTDOWN, DropReason.UNCONFIRMED)
_FULL = (DropReason.QUEUE_FULL, DropReason.EVICTED)
# The kinds of losses that a delivery ends. A full queue ends when it has room again.
_OVER_AFTER_DELIVERY = tuple(reason for reason in DropReason if reason not in _FULL)


class DeliveryReporter:
    """A reporter that logs, calls ``on_action`` for all actions, and posts losses to ``announcer``."""

    def __init__(self, announcer: Announcer, on_action: OnAction | None) -> None:
        self._announcer = announcer
        self._on_action = on_action
        self._incidents = Incidents()
        self._notes: deque[str] = deque()

    def report(self, action: QueueAction, limits: LaneLimits) -> None:
        """Report one action of a queue with these limits. Its losses have been posted before."""
        match action:
            case Delivered():
                self._delivers(action.lane)
            case Retried():
                # No event is lost yet, but users may wonder why no event arrives.
                cause = f": {action.error}" if action.error else ""
                self.warn_once(
                    (action.lane, _RETRIED),
                    f"events of lane {action.lane!r} wait to be sent again{cause}",
                )
            case Dropped() if action.reason not in _LEFT_OVER:
                self._log_loss(Loss.of(action, limits))
        if self._on_action is not None:
            _call_safely(self._on_action, action)

    def lost(self, loss: Loss, *, is_logged: bool = False) -> None:
        """Report events that were lost before they were in a queue."""
        self._announcer.post(loss)
        try:
            if not is_logged:
                self._log_loss(loss)
        finally:
            self._announcer.tell()

    def _log_loss(self, loss: Loss) -> None:
        """Log the loss unless the same kind was logged and is not over."""
        if self._incidents.opens((loss.lane, loss.reason), loss.total):
            what = ""
            if loss.is_refusal and loss.total == 1:
                what = f"event {loss.events[0].name!r} was not accepted: "
            if loss.reason is DropReason.INVALID:
                what = "event dropped: "
            event = loss.events[0].name if len(loss.events) == 1 else None
            extra = log_fields(
                lane=loss.lane,
                reason=loss.reason.value,
                event=event,
                count=loss.total,
                error=loss.error,
            )
            logger.warning("%s%s", what, loss.to_error(), extra=extra)

    def _delivers(self, lane: str) -> None:
        lost = self._incidents.resolve(*((lane, reason) for reason in _OVER_AFTER_DELIVERY))
        if lost:
            message = "lane %r delivers again; %d events were lost before"
            logger.warning(message, lane, lost, extra=log_fields(lane=lane, count=lost))
        self._incidents.resolve((lane, _RAISED))
        retries = self._incidents.resolve((lane, _RETRIED))
        if retries:
            extra = log_fields(lane=lane, count=retries)
            logger.info("lane %r delivers again after %d failures", lane, retries, extra=extra)

    def sink_raised(self, lane: str, error: BaseException) -> None:
        """Log the traceback, until the lane delivers again."""
        if self._incidents.opens((lane, _RAISED)):
            extra = log_fields(lane=lane, error=error)
            logger.error(
                "the sink of lane %r raised an exception", lane, exc_info=error, extra=extra
            )

    def has_room(self, lane: str) -> None:
        """Note that the lane's queue is no longer full, so that the next overflow is logged again."""
        lost = self._incidents.resolve(*((lane, reason) for reason in _FULL))
        if lost:
            logger.warning(
                "the queue of lane %r has room again; %d events were lost while it was full",
                lane,
                lost,
                extra=log_fields(lane=lane, count=lost),
            )

    def warn_once(self, trouble: Hashable, message: str) -> None:
        """Log a warning unless this trouble was logged and is not over."""
        if self._incidents.opens(trouble):
            logger.warning("%s", printable(message))

    def note(self, trouble: Hashable, message: str) -> None:
        """Do as ``warn_once``, but let ``log_notes`` log, because the caller holds a lock."""
        if self._incidents.opens(trouble):
            self._notes.append(message)

    def log_notes(self) -> None:
        """Log what was noted."""
        while self._notes:
            logger.warning("%s", printable(self._notes.popleft()))

    def over(self, trouble: Hashable) -> None:
        """Note that a trouble is over."""
        self._incidents.resolve(trouble)

    def leftovers(self, actions: Iterable[QueueAction], timeout: float) -> None:
        """Log the number of events that a shutdown could not deliver."""
        lost = sum(len(action.events) for action in actions if isinstance(action, Dropped))
        kept = sum(action.count for action in actions if isinstance(action, Kept))
        if lost:
            message = "shutdown: %d events were not delivered within %g s"
            logger.error(message, lost, timeout, extra=log_fields(count=lost, seconds=timeout))
        if kept:
            message = "shutdown: %d events stay on disk for the next process"
            logger.warning(message, kept, extra=log_fields(count=kept))

    def close(self) -> None:
        """Log the sums of the losses whose end is not known yet."""
        for trouble, lost in self._incidents.close_all().items():
            match trouble:
                case (str(lane), DropReason() as reason) if lost > 1:
                    extra = log_fields(lane=lane, count=lost, reason=reason.value)
                    message = "lane %r: %d events were lost in all (%s)"
                    logger.warning(message, lane, lost, reason.value, extra=extra)


def _call_safely(callback: Callable[..., None], *arguments: object) -> None:
    try:
        callback(*arguments)
    except application_errors():
        log_error(logger, "a callback of the application failed")
