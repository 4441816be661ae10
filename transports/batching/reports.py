"""Telling people what became of events: the log, ``on_error``, ``on_action``.

Nothing here may raise into the pipeline, and nothing shows the content of an event.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from ..errors import DeliveryError, TransportError
from ..incidents import Incidents
from .batch import Action, Delivered, Dropped, DropReason, Retried
from .event import Event

__all__ = ["OnAction", "OnError", "Reporter"]

logger = logging.getLogger("flagengine.events")

OnError = Callable[[TransportError, tuple[Event, ...]], None]
OnAction = Callable[[Action], None]

_RETRIED = "retried"


class Reporter:
    """``on_error(error, events)`` for every loss; ``on_action(action)`` for everything."""

    def __init__(self, on_error: OnError | None, on_action: OnAction | None) -> None:
        self._on_error = on_error
        self._on_action = on_action
        self._incidents = Incidents()

    def report(self, action: Action) -> None:
        """One action of the batcher."""
        match action:
            case Delivered():
                self._incidents.resolve(
                    *((action.lane, reason) for reason in (*DropReason, _RETRIED))
                )
            case Retried():
                self._report_retry(action)
            case Dropped():
                self._report_loss(action)
        if self._on_action is not None:
            _guarded(self._on_action, action)

    def refused(self, lane: str, event: Event, error: TransportError, reason: DropReason) -> None:
        """An event that was not accepted; a full queue is told once until there is room again."""
        if self._incidents.opens((lane, reason)):
            logger.warning("event %r was not accepted: %s", event.name, error)
            self._tell(error, (event,))

    def has_room(self, lane: str) -> None:
        """The lane's queue is far from full: the next time is a new episode."""
        self._incidents.resolve((lane, DropReason.QUEUE_FULL), (lane, DropReason.EVICTED))

    def trouble(self, key: str, message: str) -> None:
        """Something else that is worth one warning."""
        if self._incidents.opens(key):
            logger.warning("%s", message)

    def _report_retry(self, action: Retried) -> None:
        """Nothing is lost yet, but someone may want to know why nothing arrives."""
        if self._incidents.opens((action.lane, _RETRIED)):
            cause = f": {action.error}" if action.error else ""
            logger.warning("events of lane %r wait to be sent again%s", action.lane, cause)

    def _report_loss(self, action: Dropped) -> None:
        error = _loss_error(action)
        if self._incidents.opens((action.lane, action.reason)):
            logger.warning("%s", error)
        self._tell(error, action.events)

    def _tell(self, error: TransportError, events: tuple[Event, ...]) -> None:
        if self._on_error is not None:
            _guarded(self._on_error, error, events)


def _loss_error(action: Dropped) -> DeliveryError:
    details = f" after {action.attempts} attempts" if action.attempts else ""
    cause = f": {action.error}" if action.error else ""
    which = f" (request {action.request_id})" if action.request_id else ""
    count = len(action.events)
    what = f"event {action.events[0].name!r}" if count == 1 else f"{count} events"
    message = f"{what} of lane {action.lane!r} lost ({action.reason.value}){details}{which}{cause}"
    error = DeliveryError(message, reason=action.reason)
    error.__cause__ = action.error
    return error


def _guarded(callback: Callable[..., None], *arguments: object) -> None:
    try:
        callback(*arguments)
    except Exception:
        logger.exception("a callback of the application failed")
