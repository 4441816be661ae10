"""The texts that the server reads as absolute dates (SPEC R8.81, R8.89).

The server tries RFC 3339, then the form ``%Y-%m-%d`` with and without a time, in which blanks may stand
before each part and a sign before the year, then the crate ``dateparser``. Of that crate's many forms
this module reads a date and a time with an offset or the name of a zone; all others are left to the
server. This module must not know relative dates or the clock.
"""

import re
from collections.abc import Sequence
from datetime import tzinfo
from enum import Enum
from functools import cache
from typing import Final

from flagengine.values.calendars import DAY, SECOND, days_from_civil, days_in_month, instant_of_wall
from flagengine.values.lenient_dates import BLANK, YEAR, is_lenient_text

__all__ = ["LENIENT", "Lenient", "instant_of_text"]


class Lenient(Enum):
    """The type of :data:`LENIENT`."""

    LENIENT = "lenient"


LENIENT: Final = Lenient.LENIENT
"""The instant of text that only the server's lenient parser may read."""

_YEARS: Final = range(-262_143, 262_143)
"""The years of the server's date type."""
_HOURS_OF_NAMES: Final = {
    "edt": -4,
    "est": -5,
    "cdt": -5,
    "cst": -6,
    "mdt": -6,
    "mst": -7,
    "pdt": -7,
    "pst": -8,
}
"""The offsets of the names of zones; every other name counts as UTC."""

_PART: Final = f"{BLANK}*+([0-9]{{1,2}}+)"

_RFC3339: Final = (
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?"
    "(?:[Zz]|([+\u2212-])([01][0-9]|2[0-3]):([0-5][0-9]))"
)
_NAIVE: Final = (
    rf"{BLANK}*+({YEAR})-{_PART}-{_PART}(?:T?{_PART}:{_PART}(?::{_PART}(?:\.([0-9]+))?)?)?"
)
_ZONED: Final = (
    rf"([0-9]{{4}})-([0-9]{{2}})-([0-9]{{2}}){BLANK}++([0-9]{{2}}):([0-9]{{2}})(?::([0-9]{{2}}))?"
    rf"(?:\.([0-9]{{1,9}}))?({BLANK}*)([+-:a-zA-Z0-9]{{3,6}})"
)
_NAME: Final = "([a-zA-Z]+)[^:]*"
_OFFSET: Final = "([+-])([0-9]{2}):*([0-5][0-9]).*"
_SHORT_OFFSET: Final = "([+-])([0-9]{2})(?::?([0-5][0-9]))?"
_SIGNED_DIGITS: Final = "[^a-zA-Z]*[+-][^a-zA-Z]*"

_Instant = int | Lenient | None
_Groups = Sequence[str | None]


def instant_of_text(value: str, zone: tzinfo) -> _Instant:
    """Return the instant of absolute date text; None if no parser of the server reads the text."""
    form = _match(_RFC3339, value)
    if form is not None:
        instant = _at(form.groups()[:7], _offset(*form.groups()[7:]))
        if instant is not None:
            return instant
    form = _match(_NAIVE, value)
    if form is not None:
        wall = _wall_clock(form.groups())
        if wall is not None:
            return wall if wall is LENIENT else instant_of_wall(wall, zone)
    form = _match(_ZONED, value)
    instant = None if form is None else _zoned(form.groups())
    return LENIENT if instant is None and is_lenient_text(value) else instant


def _match(form: str, value: str) -> re.Match[str] | None:
    return _compiled(form).fullmatch(value)


@cache
def _compiled(form: str) -> re.Pattern[str]:
    """Compile a form at its first use, because many processes compare no dates."""
    return re.compile(form)


def _zoned(groups: _Groups) -> _Instant:
    """Return the instant of a time with a zone, read as the server's lenient parser does."""
    clock, blank, zone = list(groups[:7]), groups[7], groups[8] or ""
    second, fraction = clock[5:]
    is_odd = (second or "00") > "60" or (second is None and fraction is not None)
    if not blank and _match(_SIGNED_DIGITS, zone):
        form = _match(_SHORT_OFFSET, zone)
        return LENIENT if form is None or is_odd else _at(clock, _offset(*form.groups()))
    offset = _offset_of_zone(zone)
    if not blank:  # what is glued to a zone counts as a part of its name
        clock[5:] = [None if is_odd else second, None]
    elif is_odd and offset is not LENIENT:
        return None
    return _at(clock, offset)


def _offset_of_zone(zone: str) -> _Instant:
    named = _match(_NAME, zone)
    if named is not None:
        return _HOURS_OF_NAMES.get(named[1].lower(), 0) * 3_600 * SECOND
    form = _match(_OFFSET, zone)
    return None if form is None else _offset(*form.groups())


def _offset(sign: str | None, hours: str | None, minutes: str | None) -> int | Lenient:
    """Return an offset in nanoseconds; a whole day fails the server's request."""
    if int(hours or 0) > 23:
        return LENIENT
    nanos = (int(hours or 0) * 60 + int(minutes or 0)) * 60 * SECOND
    return nanos if sign == "+" else -nanos


def _at(clock: _Groups, offset: _Instant) -> _Instant:
    """Return the instant of a wall clock with this offset."""
    wall = _wall_clock(clock)
    if isinstance(wall, int) and isinstance(offset, int):
        return wall - offset
    return LENIENT if offset is LENIENT or (wall is LENIENT and offset is not None) else None


def _wall_clock(parts: _Groups) -> _Instant:
    """Return the nanoseconds of a wall clock in UTC; None for a time that does not exist.

    A leap second is left to the server, for which it lies between two seconds.
    """
    year = _year(parts[0] or "")
    month, day, hour, minute, second = (int(part or 0) for part in parts[1:6])
    if year not in _YEARS or not 1 <= month <= 12 or not 1 <= day <= days_in_month(year, month):
        return None
    if hour > 23 or minute > 59 or second > 60:
        return None
    if second == 60:
        return LENIENT
    fraction = int((parts[6] or "0")[:9].ljust(9, "0"))
    seconds = (hour * 60 + minute) * 60 + second
    return days_from_civil(year, month, day) * DAY + seconds * SECOND + fraction


def _year(written: str) -> int:
    """Return a year, which may have a sign and, after zeros, any number of digits."""
    digits = written.lstrip("+-").lstrip("0")[:7] or "0"
    return -int(digits) if written.startswith("-") else int(digits)
