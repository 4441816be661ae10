"""Clocks: the system's clock, and a clock that tests set by hand.

Monotonic time measures waits; wall-clock time is sent to the server.
"""

from __future__ import annotations

import time
from typing import NamedTuple, Protocol

__all__ = ["Clock", "ClockReading", "ManualClock", "SystemClock", "read"]


class ClockReading(NamedTuple):
    """The time of both clocks in seconds; ``wall`` counts from 1970-01-01 UTC."""

    monotonic: float
    wall: float


class Clock(Protocol):
    """The protocol of clocks, with the two times that this package uses."""

    def monotonic(self) -> float:
        """Return the seconds since an arbitrary start; never less than before."""
        ...

    def wall(self) -> float:
        """Return the seconds since 1970-01-01 UTC; may jump when the machine's clock is set."""
        ...


class SystemClock:
    """The operating system's clocks."""

    def monotonic(self) -> float:
        """See ``Clock``."""
        return time.monotonic()

    def wall(self) -> float:
        """See ``Clock``."""
        return time.time()


class ManualClock:
    """A clock that moves only when ``advance`` or ``set_wall`` is called.

    >>> clock = ManualClock(wall=1_700_000_000.0)
    >>> clock.advance(2.5)
    >>> clock.wall(), clock.monotonic()
    (1700000002.5, 2.5)
    """

    def __init__(self, *, monotonic: float = 0.0, wall: float = 1_700_000_000.0) -> None:
        self._monotonic = monotonic
        self._wall = wall

    def monotonic(self) -> float:
        """See ``Clock``."""
        return self._monotonic

    def wall(self) -> float:
        """See ``Clock``."""
        return self._wall

    def advance(self, seconds: float) -> None:
        """Move both clocks forward."""
        if seconds < 0:
            msg = f"seconds must not be negative, got {seconds}"
            raise ValueError(msg)
        self._monotonic += seconds
        self._wall += seconds

    def set_wall(self, seconds: float) -> None:
        """Set the wall clock alone, as an administrator or NTP may do."""
        self._wall = seconds


def read(clock: Clock) -> ClockReading:
    """Return the time of both clocks."""
    return ClockReading(clock.monotonic(), clock.wall())
