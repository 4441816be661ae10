"""Sinks without an outside: one that keeps everything, and one that keeps nothing."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from ..batch import Batch
from ..delivery import DELIVERED, Outcome
from ..event import Event

__all__ = ["MemorySink", "NullSink"]


class MemorySink:
    """Keeps what it was given; plays scripted outcomes first, for tests.

    ``events`` are the delivered ones, ``batches`` all tries.
    """

    def __init__(self, script: Iterable[Outcome] = ()) -> None:
        self.events: list[Event] = []
        self.batches: list[Batch] = []
        self.is_closed = False
        self._script = deque(script)

    def play(self, *outcomes: Outcome) -> None:
        """Add outcomes to the end of the script."""
        self._script.extend(outcomes)

    def deliver(self, batch: Batch, *, timeout: float) -> Outcome:  # noqa: ARG002
        """The next scripted outcome; delivered when the script is at its end."""
        self.batches.append(batch)
        outcome = self._script.popleft() if self._script else DELIVERED
        if outcome is DELIVERED:
            self.events.extend(batch.events)
        return outcome

    def close(self) -> None:
        """Remember that it was closed."""
        self.is_closed = True


class NullSink:
    """Takes everything and forgets it."""

    def deliver(self, batch: Batch, *, timeout: float) -> Outcome:  # noqa: ARG002
        """Delivered, wherever that is."""
        return DELIVERED

    def close(self) -> None:
        """Nothing to close."""
