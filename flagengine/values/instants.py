"""Dates as integer nanoseconds since 1970, read as the server reads them (SPEC R8.8).

Integers are used instead of datetimes, because relative dates reach far before year 1 and the
server compares nanoseconds. This module reads no clock: callers pass a :class:`Moment`.
"""

import math
import re
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from flagengine.values.calendars import (
    DAY,
    SECOND,
    civil_from_days,
    days_from_civil,
    days_in_month,
    instant_of_wall,
    wall_of_instant,
)
from flagengine.values.date_texts import LENIENT, Lenient, instant_of_text
from flagengine.values.record import Record

__all__ = [
    "LENIENT",
    "Lenient",
    "Moment",
    "instant_of_filter",
    "instant_of_property",
]

_STEPS: Final = {"h": 3_600 * SECOND, "d": DAY, "w": 7 * DAY}
_RELATIVE: Final = re.compile(r"-?([0-9]+)([hdwmy])")
_RELATIVE_LIMIT: Final = 10_000
_FIRST_SECOND: Final = -8_334_601_228_800  # the range of the server's date type, in Unix seconds
_LAST_SECOND: Final = 8_210_266_876_799

_FLOAT: Final = re.compile(
    r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|inf(?:inity)?|nan)",
    re.IGNORECASE | re.ASCII,
)


class Moment(Record):
    """The point in time and the project's zone for date comparisons."""

    now: int
    """Nanoseconds since 1970, UTC."""
    zone: tzinfo = UTC

    @classmethod
    def of(cls, now: datetime, zone: tzinfo | None = None) -> "Moment":
        """Return the moment of an aware datetime, by default in UTC."""
        delta = now - datetime(1970, 1, 1, tzinfo=UTC)
        micros = (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds
        return cls(micros * 1_000, zone or UTC)


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
    """Return an instant as the server computes it: floor the seconds, round the fraction, halves up."""
    if math.isnan(seconds):
        return 0
    if not _FIRST_SECOND <= seconds < _LAST_SECOND + 1:
        return None
    fraction = max(0.0, math.fmod(seconds, 1.0) * SECOND)
    nanos = math.floor(fraction)
    nanos += fraction - nanos >= 0.5
    whole = math.floor(seconds)
    if nanos >= SECOND and whole % 60 != 59:
        return None
    return whole * SECOND + nanos


def instant_of_filter(value: str, moment: Moment) -> int | Lenient | None:
    """Return the instant of relative or absolute date text, or LENIENT (SPEC R8.8)."""
    relative = _RELATIVE.fullmatch(value)
    if relative and len(relative[1].lstrip("0")) < len(str(_RELATIVE_LIMIT)):
        return _relative(int(relative[1]), relative[2], moment)
    return instant_of_text(value, moment.zone)


def _relative(count: int, unit: str, moment: Moment) -> int | None:
    """Return the instant ``count`` units ago; months and years are clamped at each step."""
    wall = wall_of_instant(moment.now, moment.zone)
    step = _STEPS.get(unit)
    if step is not None:
        return instant_of_wall(wall - count * step, moment.zone)
    days, time_of_day = divmod(wall, DAY)
    year, month, day = civil_from_days(days)
    for _ in range(count):
        if unit == "y":
            year -= 1
        else:
            year, month = (year - 1, 12) if month == 1 else (year, month - 1)
        day = min(day, days_in_month(year, month))
    return instant_of_wall(days_from_civil(year, month, day) * DAY + time_of_day, moment.zone)
