"""The rate limit of reported exceptions: a token bucket for each type.

A failing loop must not fill the queue with copies of an exception, nor suppress other exceptions.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from cachetools import LRUCache

from ..clock import Clock, SystemClock

__all__ = ["MOST_EXCEPTIONS", "ExceptionRateLimiter"]

DEFAULT_SIZE = 10
DEFAULT_REFILL = 1
DEFAULT_INTERVAL = 10.0
MOST_EXCEPTIONS = 100
# A limit of memory, because an application may create any number of types.
_MOST_TYPES = 1000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float


class ExceptionRateLimiter:
    """A limiter with a bucket of ``size`` tokens per type, refilled with ``refill`` tokens.

    A refill happens every ``interval`` seconds. Sizes and refills are clamped to 0 to 100; a size of
    0 admits nothing.

    >>> limiter = ExceptionRateLimiter(size=2)
    >>> [limiter.admits("ValueError") for _ in range(3)], limiter.admits("KeyError")
    ([True, True, False], True)
    """

    def __init__(
        self,
        size: int = DEFAULT_SIZE,
        refill: int = DEFAULT_REFILL,
        interval: float = DEFAULT_INTERVAL,
        clock: Clock | None = None,
    ) -> None:
        self._size = _clamped(size)
        self._refill = _clamped(refill)
        self._interval = interval if interval > 0 else DEFAULT_INTERVAL
        self._clock = clock or SystemClock()
        self._buckets: LRUCache[str, _Bucket] = LRUCache(_MOST_TYPES)
        self._lock = threading.Lock()

    def admits(self, type_name: str) -> bool:
        """Take a token of the type; return whether a token was left."""
        now = self._clock.monotonic()
        with self._lock:
            bucket = self._buckets.get(type_name) or _Bucket(self._size, now)
            self._buckets[type_name] = bucket
            self._fill(bucket, now)
            if bucket.tokens < 1:
                return False
            bucket.tokens -= 1
            return True

    def after_fork(self) -> None:
        """Renew the lock in a forked child."""
        self._lock = threading.Lock()

    def _fill(self, bucket: _Bucket, now: float) -> None:
        """Refill the bucket for each complete interval."""
        intervals = int((now - bucket.filled_at) / self._interval)
        if intervals > 0:
            bucket.tokens = min(self._size, bucket.tokens + intervals * self._refill)
            bucket.filled_at += intervals * self._interval


def _clamped(number: int) -> int:
    return max(0, min(MOST_EXCEPTIONS, int(number)))
