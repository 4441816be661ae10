"""The state of the definitions as OpenFeature sees it, and its changes: fresh, stale or none at all.

Nothing runs in the background. Each evaluation calls this, and the health is read at most once a
second.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from enum import Enum

from ..clock import Clock
from ..polling.health import Freshness, Health

__all__ = ["Staleness", "State"]

_LOOK_EVERY = 1.0


class State(Enum):
    """The state of the definitions. A client that loads none is always fresh: it asks the server."""

    FRESH = "fresh"
    STALE = "stale"
    MISSING = "missing"


class Staleness:
    """The remembered state; each change is returned to exactly one caller.

    While ``is_paused``, which is during the provider's initialisation, no change is returned.
    """

    def __init__(self, health: Callable[[], Health] | None, clock: Clock) -> None:
        self._health = health
        self._clock = clock
        self._lock = threading.Lock()
        self._looked_at: float | None = None
        self.state: State = State.FRESH
        self.is_paused: bool = False

    @property
    def is_stale(self) -> bool:
        """Whether answers are from definitions that are too old."""
        return self.state is State.STALE

    def look(self, *, now: bool = False) -> State | None:
        """Check the health if a check is due, or ``now``; return the new state if it has changed."""
        if self.is_paused or self._health is None or not (self._is_due() or now):
            return None
        state = _state_of(self._health())
        with self._lock:
            if state is self.state:
                return None
            self.state = state
        return state

    def reset(self) -> None:
        """Begin anew with the state that the health has now, and announce changes from now on."""
        state = State.FRESH if self._health is None else _state_of(self._health())
        with self._lock:
            self.state = state
            self.is_paused = False

    def last_error(self) -> str | None:
        """Return why the last load failed; None if it did not."""
        error = getattr(self._health() if self._health else None, "last_error", None)
        return None if error is None else str(error.message)

    def _is_due(self) -> bool:
        now = self._clock.monotonic()
        if self._looked_at is not None and now - self._looked_at < _LOOK_EVERY:
            return False
        self._looked_at = now
        return True


def _state_of(health: Health) -> State:
    if health.freshness is Freshness.EMPTY:
        # Without a source the server evaluates all flags, so nothing is missing.
        return State.MISSING if getattr(health, "has_source", False) else State.FRESH
    return State.FRESH if health.freshness is Freshness.FRESH else State.STALE
