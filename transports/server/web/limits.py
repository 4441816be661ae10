"""A limit of requests per second: a bucket of tokens, which fills with time."""

from __future__ import annotations

import math

from ...clock import Clock, SystemClock

__all__ = ["RateLimit"]


class RateLimit:
    """At most ``per_second`` requests on average, and at most two seconds' worth at once; None: no limit."""

    def __init__(self, per_second: float | None, *, clock: Clock | None = None) -> None:
        self._per_second = per_second
        self._clock = clock or SystemClock()
        self._most = max(1.0, 2 * (per_second or 0.0))
        self._tokens = self._most
        self._filled_at = self._clock.monotonic()

    def refused_for(self) -> int:
        """Count a request; return 0 if it is allowed, else after how many seconds to ask again, at least 1."""
        if self._per_second is None:
            return 0
        now = self._clock.monotonic()
        grown = max(0.0, now - self._filled_at) * self._per_second
        self._tokens, self._filled_at = min(self._most, self._tokens + grown), now
        if self._tokens >= 1:
            self._tokens -= 1
            return 0
        return max(1, math.ceil((1 - self._tokens) / self._per_second))
