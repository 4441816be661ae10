"""The proleptic Gregorian calendar for any year, and the wall clocks of zones (SPEC R8.82).

Instants and wall clocks are integer nanoseconds since 1970, because Python's dates end long before
the server's.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from flagengine.values.conversion import is_of_caller

__all__ = [
    "DAY",
    "SECOND",
    "civil_from_days",
    "days_from_civil",
    "days_in_month",
    "instant_of_wall",
    "wall_of_instant",
]

SECOND: Final = 1_000_000_000
DAY: Final = 86_400 * SECOND
_DAYS_TO_1970: Final = 719_162  # datetime.toordinal counts 0001-01-01 as day 1


def instant_of_wall(wall: int, zone: tzinfo) -> int | None:
    """Return the instant of a wall clock in ``zone``: the earlier of two, None for no instant."""
    if zone is UTC:
        return wall
    first = _offset(wall, zone, fold=0)
    if wall_of_instant(wall - first, zone) == wall:
        return wall - first
    second = _offset(wall, zone, fold=1)
    return wall - second if wall_of_instant(wall - second, zone) == wall else None


def _offset(wall: int, zone: tzinfo, fold: int) -> int:
    return _offset_of(lambda: _clamped(wall).replace(tzinfo=zone, fold=fold))


def wall_of_instant(instant: int, zone: tzinfo) -> int:
    """Return the wall clock of ``zone`` at ``instant``."""
    if zone is UTC:
        return instant
    return instant + _offset_of(lambda: _clamped(instant).replace(tzinfo=UTC).astimezone(zone))


def _offset_of(time_of: Callable[[], datetime]) -> int:
    """Return the offset of a time; 0 where the zone's own code fails (SPEC R8.82)."""
    try:
        offset = time_of().utcoffset() or timedelta()
    except Exception as error:
        if is_of_caller(error):
            raise
        offset = timedelta()
    return round(offset.total_seconds()) * SECOND


def _clamped(nanos: int) -> datetime:
    """Return the nearest datetime in Python's range; outside of it zones do not change."""
    seconds = nanos // SECOND
    lowest, highest = -62_135_510_400, 253_402_214_400  # one day inside the years 1 to 9999
    return datetime(1970, 1, 1) + timedelta(  # noqa: DTZ001 a wall clock; callers add the zone
        seconds=min(max(seconds, lowest), highest)
    )


def days_in_month(year: int, month: int) -> int:
    """Return the number of days of a month."""
    if month == 2:
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        return 29 if leap else 28
    return 30 if month in (4, 6, 9, 11) else 31


def days_from_civil(year: int, month: int, day: int) -> int:
    """Return the days since 1970-01-01 in the proleptic Gregorian calendar, for any year."""
    cycles, year_of_cycle = divmod(year, 400)
    ordinal = datetime(year_of_cycle + 400, month, day).toordinal()  # noqa: DTZ001 a calendar day
    return (cycles - 1) * 146_097 + ordinal - 1 - _DAYS_TO_1970


def civil_from_days(days: int) -> tuple[int, int, int]:
    """Return year, month and day of a day number; the inverse of :func:`days_from_civil`."""
    cycles, day_of_cycle = divmod(days + _DAYS_TO_1970, 146_097)
    within = datetime.fromordinal(day_of_cycle + 1)
    return within.year + 400 * cycles, within.month, within.day
