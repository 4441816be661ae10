"""The events for whose delivery a caller waits."""

from __future__ import annotations

from collections.abc import Iterable

from .event import Event

__all__ = ["AwaitedEvent", "AwaitedEvents"]


class AwaitedEvent:
    """An event for which ``deliver`` waits. ``is_delivered`` is None until the event is finished."""

    __slots__ = ("event", "is_delivered")

    def __init__(self, event: Event) -> None:
        self.event: Event = event
        self.is_delivered: bool | None = None


class AwaitedEvents:
    """The awaited events. Several may have the same uuid, so each is found by its identity.

    Not thread-safe: the pipeline holds its lock.
    """

    def __init__(self) -> None:
        self._awaited: dict[str, list[AwaitedEvent]] = {}

    def add(self, event: Event) -> AwaitedEvent:
        """Await the event."""
        awaited = AwaitedEvent(event)
        self._awaited.setdefault(event.uuid, []).append(awaited)
        return awaited

    def remove(self, awaited: AwaitedEvent) -> None:
        """Stop awaiting."""
        uuid = awaited.event.uuid
        left = [other for other in self._awaited.get(uuid, ()) if other is not awaited]
        if left:
            self._awaited[uuid] = left
        else:
            self._awaited.pop(uuid, None)

    def settle(self, events: Iterable[Event], *, delivered: bool) -> None:
        """Note that the events are finished."""
        for event in events if self._awaited else ():
            same = [each for each in self._awaited.get(event.uuid, ()) if each.is_delivered is None]
            # An event that was read back from disk is another object with the same text.
            awaited = next((each for each in same if each.event is event), None) or next(
                (each for each in same if each.event == event), None
            )
            if awaited is not None:
                awaited.is_delivered = delivered
