"""Sinks without I/O: ``MemorySink`` keeps all events, ``NullSink`` discards them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from ..batch import Batch
from ..delivery import DELIVERED, DeliveryOutcome
from ..event import Event

__all__ = ["MemorySink", "NullSink"]


class MemorySink:
    """A sink for tests that keeps events, and returns the outcomes of ``script`` first.

    ``events`` has the delivered events, ``batches`` every batch that was given to the sink.
    """

    def __init__(self, script: Iterable[DeliveryOutcome] = ()) -> None:
        self.events: list[Event] = []
        self.batches: list[Batch] = []
        self.is_closed: bool = False
        self._script = deque(script)

    def play(self, *outcomes: DeliveryOutcome) -> None:
        """Add outcomes to the end of the script."""
        self._script.extend(outcomes)

    def deliver(self, batch: Batch, *, timeout: float) -> DeliveryOutcome:  # noqa: ARG002
        """Return the next outcome of the script; after its last outcome, deliver."""
        self.batches.append(batch)
        outcome = self._script.popleft() if self._script else DELIVERED
        if outcome is DELIVERED:
            self.events.extend(batch.events)
        return outcome

    def close(self) -> None:
        """Set ``is_closed``."""
        self.is_closed = True


class NullSink:
    """A sink that discards all events."""

    def deliver(self, batch: Batch, *, timeout: float) -> DeliveryOutcome:  # noqa: ARG002
        """Report the batch as delivered."""
        return DELIVERED

    def close(self) -> None:
        """No-op: there is nothing to close."""
