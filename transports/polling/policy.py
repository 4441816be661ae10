"""The polling policy: intervals, backoff, and what each kind of failure means.

Nothing here reads a clock; every function is arithmetic on its arguments.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .fetch_results import Failed

__all__ = ["RETRY_AFTER_CEILING", "FailureRule", "PollPolicy", "failure_rule"]

DEFAULT_INTERVAL: Final = 30.0
MINIMUM_INTERVAL: Final = 0.1
BACKOFF_CEILING: Final = 60.0
# The longest Retry-After that polling respects, in seconds.
RETRY_AFTER_CEILING: Final = 600.0
FIRST_LOAD_DELAY: Final = 1.0
LARGEST_EXPONENT: Final = 16


@dataclass(frozen=True, slots=True)
class FailureRule:
    """What a kind of failure means for the definitions in use and for the next poll."""

    clears: bool = False
    backs_off: bool = False


# A refused key (401) and an exhausted quota (402) mean that the definitions may no longer be used.
# 403 and 429 are about this request, not about the definitions.
_BY_STATUS: Final[dict[int | None, FailureRule]] = {
    401: FailureRule(clears=True, backs_off=True),
    402: FailureRule(clears=True),
    403: FailureRule(backs_off=True),
    429: FailureRule(backs_off=True),
}
_KEEP: Final = FailureRule()


def failure_rule(failure: Failed) -> FailureRule:
    """Return the rule for `failure`; a status that is not in the table keeps the definitions."""
    return _BY_STATUS.get(failure.status, _KEEP)


@dataclass(frozen=True, slots=True)
class PollPolicy:
    """How often to poll.

    Attributes:
        interval: seconds between polls, at least 0.1.
        backoff_ceiling: the longest backoff in seconds; an interval above it is never shortened.
        first_load_delay: seconds before the first retry of a temporary failure while nothing was
            ever loaded. The delay doubles up to `interval`, so a short outage at start-up does not
            cost a whole interval.
    """

    interval: float = DEFAULT_INTERVAL
    backoff_ceiling: float = BACKOFF_CEILING
    first_load_delay: float = FIRST_LOAD_DELAY

    def __post_init__(self) -> None:
        if not self.interval >= MINIMUM_INTERVAL:
            object.__setattr__(self, "interval", MINIMUM_INTERVAL)

    def backoff(self, refusals: int) -> float:
        """Return the wait after `refusals` refusals in a row: the interval times 2 ** refusals."""
        exponent = min(refusals, LARGEST_EXPONENT)
        return max(self.interval, min(self.interval * 2.0**exponent, self.backoff_ceiling))

    def retry_first_load(self, failures: int) -> float:
        """Return the wait after `failures` temporary failures while nothing was ever loaded."""
        exponent = min(failures - 1, LARGEST_EXPONENT)
        return min(self.first_load_delay * 2.0**exponent, self.interval)
