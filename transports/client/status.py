"""The status of a client: active, disabled, opted out, or shut down.

The methods check it before any other work, so that an inactive client takes almost no time.
"""

from __future__ import annotations

import logging
from typing import Any

from ..derived import Derived
from ..incidents import Incidents
from .storage import Memory

__all__ = ["ClientStatus"]

logger: logging.Logger = logging.getLogger("flagengine.client")


class ClientStatus:
    """A client's status. ``is_usable`` is False without a key and while the client is disabled.

    ``reads`` is derived from it.
    """

    def __init__(
        self, memory: Memory, *, is_usable: bool, reads: Derived[Any] | None = None
    ) -> None:
        self._reads: Derived[Any] = reads or Derived()
        self._memory = memory
        self._incidents = Incidents()
        self._has_use = is_usable
        self.is_usable: bool = is_usable
        self.is_disabled: bool = False
        self.is_closed: bool = False

    @property
    def is_active(self) -> bool:
        """Whether events may be captured."""
        return self.is_usable and not self.is_closed and not self._memory.is_opted_out

    def accepts_events(self) -> bool:
        """Return ``is_active``; after a shutdown, the first call logs a warning."""
        if self.is_closed and self.is_usable and self._incidents.opens("closed"):
            logger.warning("the client is shut down: events are dropped")
        return self.is_active

    def disable(self, is_disabled: bool) -> None:
        """Do nothing from now on, or work again."""
        with self._reads.changing():
            self.is_disabled = is_disabled
            self.is_usable = self._has_use and not is_disabled

    def close(self) -> None:
        """Refuse events from now on."""
        with self._reads.changing():
            self.is_closed = True
