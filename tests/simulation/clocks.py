"""The machine's clocks, and the module ``time`` of the client."""

from .outside import Outside
from .scheduler import Scheduler

# Any number: a monotonic clock starts where it likes.
_BOOTED = 1000.0
_FIRST_DAY = 1_750_000_000.0


class Clock(Outside):
    """The clocks of the simulated machine: also what the client uses as its ``Clock``."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        # What somebody has added to the wall clock.
        self.shift = 0.0

    def monotonic(self) -> float:
        """Return the time of the monotonic clock."""
        return _BOOTED + self._scheduler.now

    def wall(self) -> float:
        """Return the time of the wall clock."""
        return _FIRST_DAY + self._scheduler.now + self.shift

    # The names of the module ``time``.
    time = wall
    perf_counter = monotonic

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self._scheduler.sleep(seconds)
