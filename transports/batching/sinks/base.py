"""What a sink is. A user's own needs only these two methods."""

from __future__ import annotations

from typing import Protocol

from ..batch import Batch
from ..delivery import Outcome

__all__ = ["Sink"]


class Sink(Protocol):
    """Takes one batch at a time from one lane.

    >>> from flagengine.transports.batching.delivery import DELIVERED
    >>> class Printer:
    ...     def deliver(self, batch, *, timeout):
    ...         print(len(batch.events), "events")
    ...         return DELIVERED
    ...     def close(self):
    ...         pass
    """

    def deliver(self, batch: Batch, *, timeout: float) -> Outcome:
        """Try once, for at most ``timeout`` seconds, and say what came of it.

        An exception counts as a failed try that may succeed later.
        """
        ...

    def close(self) -> None:
        """Called once, when nothing more will come."""
        ...
