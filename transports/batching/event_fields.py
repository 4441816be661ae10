"""The UUIDs and timestamps of events: the validation of the caller's values, and the text of a time."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from uuid import UUID

__all__ = ["canonical_uuid", "format_utc", "normalise_timestamp"]

_USUAL_FORM = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_RFC_3339_UTC = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3])(?::[0-9]{2}){2}(?:\.[0-9]{1,6})?Z"
)
# The beginning of the year 1 and the last second of the year 9999.
_FIRST_SECOND = -62135596800.0
_LAST_SECOND = 253402300799.0
_MILLION = 1_000_000
# How the text of a time ends, for each millisecond.
_MILLISECONDS = tuple(f".{number:03}Z" for number in range(1_000))


def canonical_uuid(value: object) -> str | None:
    """Return the caller's UUID as text; None if it is not a UUID.

    Return text in the usual 8-4-4-4-12 form unchanged, capitals included.

    >>> canonical_uuid("0190A5D2-7C4B-7000-8000-000000000000")
    '0190A5D2-7C4B-7000-8000-000000000000'
    >>> canonical_uuid("no")
    """
    if isinstance(value, UUID):
        return str(value)
    if not isinstance(value, str):
        return None
    if _USUAL_FORM.fullmatch(value):
        return value
    try:
        parsed = str(UUID(value))
    except ValueError:
        return None
    return value if value.lower() == parsed else parsed


def format_utc(wall: float) -> str:
    """Return seconds since 1970 as RFC 3339 text with milliseconds.

    RFC 3339 has the years 1 to 9999 only; other times become the nearest of these.

    >>> format_utc(1735787045.25), format_utc(1e15)
    ('2025-01-02T03:04:05.250Z', '9999-12-31T23:59:59.000Z')
    """
    try:
        second = int(wall)
        known, text = _latest[0]
        if second != known:
            text = _without_zone(datetime.fromtimestamp(second, UTC).isoformat())
            _latest[0] = second, text
        # Rounded as `fromtimestamp` does it.
        microseconds = round((wall - second) * 1e6)
        if 0 <= microseconds < _MILLION:
            return text + _MILLISECONDS[microseconds // 1_000]
    except (ValueError, OverflowError, OSError):
        pass
    return _format_any(wall)


# The latest second that was asked for, with its text: a pair that is replaced as one, for threads.
_latest: list[tuple[int, str]] = [(-1, "")]


def _format_any(wall: float) -> str:
    try:
        moment = datetime.fromtimestamp(wall, UTC)
    except (ValueError, OverflowError, OSError):
        moment = datetime.fromtimestamp(_in_range(wall), UTC)
    return _without_zone(moment.isoformat(timespec="milliseconds")) + "Z"


def _without_zone(text: str) -> str:
    return text.removesuffix("+00:00")


def _in_range(wall: float) -> float:
    # min and max would return NaN for NaN.
    if not wall > _FIRST_SECOND:
        return _FIRST_SECOND
    return min(_LAST_SECOND, wall)


def normalise_timestamp(value: object) -> str | None:
    """Return a datetime, date or ISO 8601 text as the same instant in UTC; None if it is invalid.

    A value without a time zone is in UTC. If it were in the local time zone, the result would
    depend on the machine. Text that is RFC 3339 in UTC, as browsers write it, stays as it is.

    >>> normalise_timestamp("2025-01-02T08:34:05+05:30")
    '2025-01-02T03:04:05Z'
    """
    try:
        moment = _to_datetime(value)
        if type(value) is str and _RFC_3339_UTC.fullmatch(value):
            return value
        return None if moment is None else _render(_in_utc(moment))
    except (ValueError, OverflowError):
        return None


def _to_datetime(value: object) -> datetime | None:
    if isinstance(value, str):
        return datetime.fromisoformat(value.strip())
    if isinstance(value, datetime):
        return value
    return datetime.combine(value, time()) if isinstance(value, date) else None


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is UTC:
        return moment
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _render(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat() + "Z"
