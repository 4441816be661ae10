"""The protocol of sinks; an application may write its own."""

from __future__ import annotations

from typing import Protocol

from ..batch import Batch
from ..delivery import DeliveryOutcome

__all__ = ["Sink"]


class Sink(Protocol):
    """A sink, which delivers the batches of one lane, one after the other.

    >>> from flagengine.transports.batching.delivery import DELIVERED
    >>> class Printer:
    ...     def deliver(self, batch, *, timeout):
    ...         print(len(batch.events), "events")
    ...         return DELIVERED
    ...     def close(self):
    ...         pass
    """

    def deliver(self, batch: Batch, *, timeout: float) -> DeliveryOutcome:
        """Try once, for at most ``timeout`` seconds; return the outcome.

        An exception counts as a temporary failure.
        """
        ...

    def close(self) -> None:
        """Release all resources. Called once, after the last batch."""
        ...
