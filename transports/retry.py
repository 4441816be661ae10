"""The arithmetic of retries: which statuses to retry, and how long to wait.

Nothing here reads a clock, draws random numbers or sleeps; the time and the draw are arguments.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus

__all__ = [
    "EVENTS_RETRY",
    "FLAGS_RETRY",
    "RetryPolicy",
    "clamp_retry_after",
    "is_retryable_status",
    "parse_retry_after",
]

# The longest Retry-After that events and flags respect, in seconds.
MAX_RETRY_AFTER = 30.0
# Jitter only lengthens a wait, so it never undercuts the server's Retry-After.
MAX_JITTER = 0.1
# Avoids an overflow at 2.0 ** 1024; every ``max_delay`` is far below 2 ** 64 seconds.
_MAX_EXPONENT = 64


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """A policy of ``max_retries`` retries, after ``base_delay * 2**i`` but at most ``max_delay`` s.

    >>> [RetryPolicy().delay(i) for i in range(6)]
    [1.0, 2.0, 4.0, 8.0, 16.0, 30.0]
    """

    max_retries: int = 3
    base_delay: float = 1.0
    max_delay: float = 30.0
    jitter: float = 0.0

    def __post_init__(self) -> None:
        if self.max_retries < 0 or self.base_delay < 0 or self.max_delay < 0:
            msg = f"retries and delays must not be negative, got {self}"
            raise ValueError(msg)
        if not 0.0 <= self.jitter <= 1.0:
            msg = f"jitter must be between 0 and 1, got {self.jitter}"
            raise ValueError(msg)

    @property
    def max_attempts(self) -> int:
        """The number of attempts: the first attempt and the retries."""
        return self.max_retries + 1

    def is_exhausted(self, attempts: int) -> bool:
        """Return whether no attempt is left after ``attempts``."""
        return attempts >= self.max_attempts

    def delay(
        self, retry_index: int, *, retry_after: float | None = None, draw: float = 0.0
    ) -> float:
        """Return the seconds before retry number ``retry_index`` (0 is the first).

        ``retry_after`` is the server's minimum, clamped; ``draw`` in [0, 1) scales the jitter.
        """
        exponent = min(max(retry_index, 0), _MAX_EXPONENT)
        backoff = min(self.base_delay * 2.0**exponent, self.max_delay)
        return max(backoff * (1.0 + self.jitter * draw), clamp_retry_after(retry_after))


# 1, 2, 4 ... 30 s; three retries.
EVENTS_RETRY = RetryPolicy(jitter=MAX_JITTER)
# One retry after 300 ms; with more retries, 600 ms and so on; no jitter.
FLAGS_RETRY = RetryPolicy(max_retries=1, base_delay=0.3)


def is_retryable_status(status: int) -> bool:
    """Return whether the same request may be sent again after ``status``."""
    return status in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS} or status >= (
        HTTPStatus.INTERNAL_SERVER_ERROR
    )


def clamp_retry_after(seconds: float | None, most: float = MAX_RETRY_AFTER) -> float:
    """Return the seconds to wait, between 0 and ``most``, so that no header causes a wait of a day.

    >>> [clamp_retry_after(seconds) for seconds in (3.0, 86_400.0, -1.0, float("nan"), None)]
    [3.0, 30.0, 0.0, 0.0, 0.0]
    """
    if seconds is None or not seconds > 0:
        return 0.0
    return min(seconds, most)


def parse_retry_after(value: str | None, *, wall: float) -> float | None:
    """Return a ``Retry-After`` header as seconds from ``wall``; None if absent or unreadable.

    RFC 9110 section 10.2.3 allows whole seconds and an HTTP date; some servers send decimals.

    >>> parse_retry_after("3", wall=0.0)
    3.0
    >>> parse_retry_after("Thu, 01 Jan 1970 00:01:00 GMT", wall=50.0)
    10.0
    """
    if value is None:
        return None
    text = value.strip()
    seconds = _parse_seconds(text)
    if seconds is None:
        seconds = _parse_http_date(text, wall)
    return None if seconds is None else max(seconds, 0.0)


def _parse_seconds(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) else None


def _parse_http_date(text: str, wall: float) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
        # HTTP dates are always in UTC.
        return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() - wall
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
