"""Clocks: the system's clock, and a clock that tests set by hand.

Monotonic time measures waits; wall-clock time is sent to the server.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

from .application_errors import application_errors

__all__ = ["Clock", "ClockReading", "ManualClock", "SystemClock", "guarded", "read"]


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


def guarded(clock: Clock | None) -> Clock:
    """Return a clock that never raises and whose times are sensible; None: the system's clock.

    Where an application's clock fails, its last time goes on as the system's clock does, so that
    every wait ends.
    """
    if clock is None or isinstance(clock, SystemClock | ManualClock | _GuardedClock):
        return clock or SystemClock()
    return _GuardedClock(clock)


# Thirty thousand years.
_MAX_SECONDS = 1e12


class _GuardedClock:
    def __init__(self, clock: Clock) -> None:
        self._monotonic = _Reading(clock.monotonic, time.monotonic, 0.0)
        self._wall = _Reading(clock.wall, time.time, time.time())

    def monotonic(self) -> float:
        return self._monotonic.now()

    def wall(self) -> float:
        return self._wall.now()


class _Reading:
    """One of the times of a clock, with the system's time at its last valid value."""

    def __init__(
        self, given: Callable[[], float], system: Callable[[], float], start: float
    ) -> None:
        self._given = given
        self._system = system
        self._last = start, system()

    def now(self) -> float:
        try:
            value = float(self._given())
        except application_errors():
            value = math.nan
        # NaN is not less either. Beyond the bound, adding seconds would change nothing.
        if not abs(value) < _MAX_SECONDS:
            last, at = self._last
            return last + self._system() - at
        self._last = value, self._system()
        return value
