"""Dates as integer nanoseconds since 1970, read as the server reads them (SPEC R8.8).

Integers are used instead of datetimes, because relative dates reach far before year 1 and the
server compares nanoseconds. This module reads no clock: callers pass a :class:`Moment`.
"""

import math
import re
from datetime import UTC, datetime, timedelta, tzinfo
from enum import Enum
from typing import Any, Final

from flagengine.values.record import Record

__all__ = [
    "LENIENT",
    "Lenient",
    "Moment",
    "instant_of_filter",
    "instant_of_property",
    "is_date_text",
]

_SECOND: Final = 1_000_000_000
_DAY: Final = 86_400 * _SECOND
_STEPS: Final = {"h": 3_600 * _SECOND, "d": _DAY, "w": 7 * _DAY}
_RELATIVE: Final = re.compile(r"-?([0-9]+)([hdwmy])")
_RELATIVE_LIMIT: Final = 10_000
_DAYS_TO_1970: Final = 719_162  # datetime.toordinal counts 0001-01-01 as day 1
_SERVER_YEARS: Final = 262_142  # the range of the server's date type

_RFC3339: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:([Zz])|([+-])(\d\d):(\d\d))",
    re.ASCII,
)
_NAIVE: Final = re.compile(
    r"(\d{1,4})-(\d{1,2})-(\d{1,2})"
    r"(?:[T ](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d+))?)?)?",
    re.ASCII,
)
# The shapes that the server's lenient fallback parser may accept. Text that begins with none of them
# is certainly no date; only the server can decide text that begins with one.
_LENIENT_SHAPES: Final = re.compile(
    r"[0-9]{10}$|[0-9]{13}$|[0-9]{19}$"  # epoch digits
    r"|[0-9]{4}-(?:[0-9]{2}|[a-zA-Z]{3,9}-)"  # year first, month as digits or name
    r"|[0-9]{1,2}:[0-9]{2}"  # time of day
    r"|[a-zA-Z]{3,9}\.?\s+[0-9]{1,2}"  # May 8
    r"|[0-9]{1,2}\s+[a-zA-Z]{3,9}"  # 8 May
    r"|[0-9]{1,4}[/.][0-9]{1,2}"  # slashes and dots
    r"|[0-9]{6}\s+[0-9]{1,2}:"  # database log
    r"|[0-9]{4}年"
    r"|\s*(?:\([^)]*\)\s*)?[a-zA-Z]{3}\s*,"  # weekday first
    r"|\s+[0-9]"
)

_FLOAT: Final = re.compile(
    r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|inf(?:inity)?|nan)",
    re.IGNORECASE | re.ASCII,
)


class Lenient(Enum):
    """The type of :data:`LENIENT`."""

    LENIENT = "lenient"


LENIENT: Final = Lenient.LENIENT
"""The instant of text that only the server's lenient parser may read."""


class Moment(Record):
    """The point in time and the project's zone for date comparisons."""

    now: int
    """Nanoseconds since 1970, UTC."""
    zone: tzinfo = UTC

    @classmethod
    def of(cls, now: datetime, zone: tzinfo = UTC) -> "Moment":
        """Return the moment of an aware datetime."""
        delta = now - datetime(1970, 1, 1, tzinfo=UTC)
        micros = (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds
        return cls(micros * 1_000, zone)


def instant_of_property(value: Any, moment: Moment) -> int | Lenient | None:
    """Return the instant of a property value: Unix seconds or date text; None for other values.

    Text that parses as a float is also Unix seconds, so ``"2024"`` is in 1970.
    """
    if isinstance(value, str):
        if _FLOAT.fullmatch(value):
            return _from_seconds(float(value))
        return instant_of_filter(value, moment)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return _from_seconds(float(value))
    except OverflowError:
        return None


def _from_seconds(seconds: float) -> int | None:
    """Return an instant as the server computes it: floor the seconds, round the fraction."""
    if math.isnan(seconds):
        return 0
    if abs(seconds) > _SERVER_YEARS * 365.2425 * 86_400:
        return None
    nanos = max(0, round(math.fmod(seconds, 1.0) * _SECOND))
    whole = math.floor(seconds)
    if nanos >= _SECOND and whole % 60 != 59:
        return None
    return whole * _SECOND + nanos


def instant_of_filter(value: str, moment: Moment) -> int | Lenient | None:
    """Return the instant of relative, RFC 3339 or naive date text, or LENIENT (SPEC R8.8)."""
    relative = _RELATIVE.fullmatch(value)
    if relative and _small(relative[1]):
        return _relative(int(relative[1]), relative[2], moment)
    absolute = _RFC3339.fullmatch(value)
    if absolute:
        return _rfc3339(absolute)
    naive = _NAIVE.fullmatch(value)
    if naive:
        wall = _wall_clock(naive.groups())
        return None if wall is None else _to_utc(wall, moment.zone)
    return LENIENT if _LENIENT_SHAPES.match(value) else None


def is_date_text(value: str) -> bool:
    """Tell whether text has the shape of a date for this module or for the server's parser."""
    relative = _RELATIVE.fullmatch(value)
    if relative:
        return _small(relative[1])
    shapes = (_RFC3339.fullmatch, _NAIVE.fullmatch, _LENIENT_SHAPES.match)
    return any(shape(value) for shape in shapes)


def _small(digits: str) -> bool:
    significant = digits.lstrip("0")
    return len(significant) < len(str(_RELATIVE_LIMIT))


def _rfc3339(match: re.Match[str]) -> int | None:
    wall = _wall_clock(match.groups()[:7])
    if wall is None:
        return None
    if match[8]:
        return wall
    hours, minutes = int(match[10]), int(match[11])
    if hours > 23 or minutes > 59:
        return None
    offset = (hours * 3_600 + minutes * 60) * _SECOND
    return wall - offset if match[9] == "+" else wall + offset


def _wall_clock(parts: tuple[str | None, ...]) -> int | None:
    """Return the nanoseconds of a wall clock in UTC; None for a time that does not exist."""
    year, month, day, hour, minute, second = (int(part or 0) for part in parts[:6])
    if not 1 <= month <= 12 or not 1 <= day <= _days_in_month(year, month):
        return None
    if hour > 23 or minute > 59 or second > 60:
        return None
    fraction = int((parts[6] or "0")[:9].ljust(9, "0"))
    seconds = (hour * 60 + minute) * 60 + second
    return _days_from_civil(year, month, day) * _DAY + seconds * _SECOND + fraction


def _to_utc(wall: int, zone: tzinfo) -> int | None:
    """Return the instant of a wall clock in ``zone``: the earlier of two, None for no instant."""
    if zone is UTC:
        return wall
    first = _offset(wall, zone, fold=0)
    if _local(wall - first, zone) == wall:
        return wall - first
    second = _offset(wall, zone, fold=1)
    return wall - second if _local(wall - second, zone) == wall else None


def _offset(wall: int, zone: tzinfo, fold: int) -> int:
    naive = _clamped(wall).replace(tzinfo=zone, fold=fold)
    return round((naive.utcoffset() or timedelta()).total_seconds()) * _SECOND


def _local(instant: int, zone: tzinfo) -> int:
    """Return the wall clock of ``zone`` at ``instant``."""
    if zone is UTC:
        return instant
    aware = _clamped(instant).replace(tzinfo=UTC)
    try:
        offset = aware.astimezone(zone).utcoffset() or timedelta()
    except OverflowError:
        offset = timedelta()
    return instant + round(offset.total_seconds()) * _SECOND


def _clamped(nanos: int) -> datetime:
    """Return the nearest datetime in Python's range; outside of it zones do not change."""
    seconds = nanos // _SECOND
    lowest, highest = -62_135_510_400, 253_402_214_400  # one day inside the years 1 to 9999
    return datetime(1970, 1, 1) + timedelta(  # noqa: DTZ001 a wall clock; callers add the zone
        seconds=min(max(seconds, lowest), highest)
    )


def _relative(count: int, unit: str, moment: Moment) -> int | None:
    """Return the instant ``count`` units ago; months and years are clamped at each step."""
    wall = _local(moment.now, moment.zone)
    step = _STEPS.get(unit)
    if step is not None:
        return _to_utc(wall - count * step, moment.zone)
    days, time_of_day = divmod(wall, _DAY)
    year, month, day = _civil_from_days(days)
    for _ in range(count):
        if unit == "y":
            year -= 1
        else:
            year, month = (year - 1, 12) if month == 1 else (year, month - 1)
        day = min(day, _days_in_month(year, month))
    return _to_utc(_days_from_civil(year, month, day) * _DAY + time_of_day, moment.zone)


def _days_in_month(year: int, month: int) -> int:
    if month == 2:
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        return 29 if leap else 28
    return 30 if month in (4, 6, 9, 11) else 31


def _days_from_civil(year: int, month: int, day: int) -> int:
    """Return the days since 1970-01-01 in the proleptic Gregorian calendar, for any year."""
    cycles, year_of_cycle = divmod(year, 400)
    ordinal = datetime(year_of_cycle + 400, month, day).toordinal()  # noqa: DTZ001 a calendar day
    return (cycles - 1) * 146_097 + ordinal - 1 - _DAYS_TO_1970


def _civil_from_days(days: int) -> tuple[int, int, int]:
    """Return year, month and day of a day number; the inverse of :func:`_days_from_civil`."""
    cycles, day_of_cycle = divmod(days + _DAYS_TO_1970, 146_097)
    within = datetime.fromordinal(day_of_cycle + 1)
    return within.year + 400 * cycles, within.month, within.day
