"""The way out for prepared events: into the right lane, and announced.

Knows lanes and names; what an event holds was decided before.
"""

from __future__ import annotations

from collections.abc import Collection

from ..batching.event import Event
from ..batching.lanes import AI_LANE, EVENTS_LANE, CaptureMode, lane_of
from ..batching.pipeline import EventPipeline
from .announcements import Announcements, name_of

__all__ = ["Outbox"]


class Outbox:
    """``lanes`` are the pipeline's; an event whose lane it has not takes the main one."""

    def __init__(
        self,
        pipeline: EventPipeline,
        lanes: Collection[str],
        mode: CaptureMode,
        announcements: Announcements,
    ) -> None:
        self._pipeline = pipeline
        self._lanes = frozenset(lanes)
        self._mode = mode
        self._announcements = announcements

    def queue(self, event: Event | None, *, is_ai: bool = False) -> str | None:
        """Queue it; its uuid, or None when it was not accepted."""
        if event is None:
            return None
        uuid = self._pipeline.push(event, lane=self._lane(event, is_ai=is_ai))
        if uuid is not None:
            self._announce(event)
        return uuid

    def deliver(self, event: Event, *, is_ai: bool = False) -> str | None:
        """Try to deliver it before returning; its uuid, or None when it was not delivered."""
        self._announce(event)
        lane = self._lane(event, is_ai=is_ai)
        return event.uuid if self._pipeline.deliver(event, lane=lane) else None

    def _lane(self, event: Event, *, is_ai: bool) -> str:
        lane = AI_LANE if is_ai else lane_of(event.name, self._mode)
        return lane if lane in self._lanes else EVENTS_LANE

    def _announce(self, event: Event) -> None:
        name = name_of(event.name)
        if self._announcements.is_heard(name):
            self._announcements.tell(name, event.decoded())
