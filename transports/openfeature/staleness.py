"""Noticing that the definitions in use have become too old, or fresh again.

Nothing here runs by itself: it is asked at each evaluation and looks at most once a second.
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
    """What happened since the last look."""

    STALE = "stale"
    FRESH = "fresh"


class Staleness:
    """Remembers the verdict and reports its changes, each to one caller."""

    def __init__(self, health: Callable[[], Health] | None, clock: Clock) -> None:
        self._health = health
        self._clock = clock
        self._lock = threading.Lock()
        self._looked_at: float | None = None
        self.is_stale = False

    def look(self, *, now: bool = False) -> Change | None:
        """Look at the health if it is time to, or ``now``."""
        if self._health is None or not (self._is_due() or now):
            return None
        freshness = self._health().freshness
        if freshness is Freshness.EMPTY:  # flags are asked of the server: nothing can be stale
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
