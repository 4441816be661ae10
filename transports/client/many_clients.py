"""A word when a process has many clients, each with threads, a queue and a poller of its own."""

from __future__ import annotations

import logging
import weakref
from typing import Final

from ..log_fields import log_fields
from .components import Components

__all__ = ["note_client"]

logger: logging.Logger = logging.getLogger("flagengine.client")

# More than any sensible number of projects in one process.
MANY: Final = 16


class _Census:
    """The clients that are alive and not shut down."""

    def __init__(self) -> None:
        # A dict, because its values can be listed while other threads add clients.
        self._alive: weakref.WeakValueDictionary[int, Components] = weakref.WeakValueDictionary()
        self._has_warned = False

    def note(self, components: Components) -> None:
        """Count the client; log a warning once, when there are too many."""
        self._alive[id(components)] = components
        if self._has_warned or len(self._alive) < MANY:
            return
        found = [reference() for reference in self._alive.valuerefs()]
        count = sum(each is not None and not each.status.is_closed for each in found)
        if count >= MANY:
            self._has_warned = True
            logger.warning(
                "%d clients are alive in this process, each with its own threads and polling:"
                " make one client and keep it, or shut down those that are not needed",
                count,
                extra=log_fields(count=count),
            )


_census = _Census()


def note_client(components: Components) -> None:
    """Count a new client; the first time that a process has 16 of them, log a warning."""
    _census.note(components)
