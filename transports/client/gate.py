"""Whether the client takes part at all: disabled, opted out, shut down.

Asked before any other work, so that a closed gate costs an application next to nothing.
"""

from __future__ import annotations

import logging

from ..incidents import Incidents
from .storage import Memory

__all__ = ["Gate"]

logger = logging.getLogger("flagengine.client")


class Gate:
    """``is_usable`` is False for good without a key, or when the client was made disabled."""

    def __init__(self, memory: Memory, *, is_usable: bool) -> None:
        self._memory = memory
        self._incidents = Incidents()
        self.is_usable = is_usable
        self.is_closed = False

    def admits(self) -> bool:
        """Whether an event may be captured; after a shutdown this warns, once."""
        if self.is_closed:
            if self.is_usable and self._incidents.opens("closed"):
                logger.warning("the client is shut down: events are dropped")
            return False
        return self.is_usable and not self._memory.is_opted_out

    @property
    def is_open(self) -> bool:
        """As ``admits``, without a word."""
        return self.is_usable and not self.is_closed and not self._memory.is_opted_out

    def close(self) -> bool:
        """Take nothing more; whether this call was the one that closed it."""
        was_closed, self.is_closed = self.is_closed, True
        return not was_closed
