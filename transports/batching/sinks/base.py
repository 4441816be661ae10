"""What a sink is: your own needs only these two methods."""

from __future__ import annotations

from typing import Protocol

from ..batch import Batch
from ..delivery import DeliveryOutcome

__all__ = ["Sink"]


class Sink(Protocol):
    """Delivers the batches of one lane, one at a time.

    >>> from flagengine.transports.batching.delivery import DELIVERED
    >>> class Printer:
    ...     def deliver(self, batch, *, timeout):
    ...         print(len(batch.events), "events")
    ...         return DELIVERED
    ...     def close(self):
    ...         pass
    """

    def deliver(self, batch: Batch, *, timeout: float) -> DeliveryOutcome:
        """Try once, for at most ``timeout`` seconds; return what came of it.

        An exception counts as a temporary failure.
        """
        ...

    def close(self) -> None:
        """Release everything. Called once, after the last batch."""
        ...
