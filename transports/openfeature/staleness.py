"""Detection of when the definitions in use become stale, or fresh again.

Nothing runs in the background. Each evaluation calls this, and the health is read at most once a
second.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from enum import Enum

from ..clock import Clock
from ..polling.health import Freshness, Health

__all__ = ["Change", "Staleness"]

_LOOK_EVERY = 1.0


class Change(Enum):
    """The change since the last check."""

    STALE = "stale"
    FRESH = "fresh"


class Staleness:
    """The remembered staleness; each change is returned to exactly one caller."""

    def __init__(self, health: Callable[[], Health] | None, clock: Clock) -> None:
        self._health = health
        self._clock = clock
        self._lock = threading.Lock()
        self._looked_at: float | None = None
        self.is_stale = False

    def look(self, *, now: bool = False) -> Change | None:
        """Check the health if a check is due, or ``now``; return the change, if any."""
        if self._health is None or not (self._is_due() or now):
            return None
        freshness = self._health().freshness
        if freshness is Freshness.EMPTY:  # the server evaluates all flags, so nothing can be stale
            return None
        is_stale = freshness is not Freshness.FRESH
        with self._lock:
            if is_stale == self.is_stale:
                return None
            self.is_stale = is_stale
        return Change.STALE if is_stale else Change.FRESH

    def _is_due(self) -> bool:
        now = self._clock.monotonic()
        if self._looked_at is not None and now - self._looked_at < _LOOK_EVERY:
            return False
        self._looked_at = now
        return True
