"""Sinks in memory: one that keeps everything, and one that keeps nothing."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from ..batch import Batch
from ..delivery import DELIVERED, DeliveryOutcome
from ..event import Event

__all__ = ["MemorySink", "NullSink"]


class MemorySink:
    """Keeps the events, for tests. Returns the outcomes of a script first, if there is one.

    ``events`` are the delivered ones, ``batches`` all tries.
    """

    def __init__(self, script: Iterable[DeliveryOutcome] = ()) -> None:
        self.events: list[Event] = []
        self.batches: list[Batch] = []
        self.is_closed = False
        self._script = deque(script)

    def play(self, *outcomes: DeliveryOutcome) -> None:
        """Add outcomes to the end of the script."""
        self._script.extend(outcomes)

    def deliver(self, batch: Batch, *, timeout: float) -> DeliveryOutcome:  # noqa: ARG002
        """Return the next outcome of the script; after its end, deliver."""
        self.batches.append(batch)
        outcome = self._script.popleft() if self._script else DELIVERED
        if outcome is DELIVERED:
            self.events.extend(batch.events)
        return outcome

    def close(self) -> None:
        """Set ``is_closed``."""
        self.is_closed = True


class NullSink:
    """Discards all events."""

    def deliver(self, batch: Batch, *, timeout: float) -> DeliveryOutcome:  # noqa: ARG002
        """Report the batch as delivered."""
        return DELIVERED

    def close(self) -> None:
        """No-op: there is nothing to close."""
