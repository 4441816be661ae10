"""RFC 3339 timestamps in UTC: formatting the clock's, normalising the caller's."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

__all__ = ["format_utc", "normalise_timestamp"]


def format_utc(wall: float) -> str:
    """Seconds since 1970 as RFC 3339 text with milliseconds.

    >>> format_utc(1735787045.25)
    '2025-01-02T03:04:05.250Z'
    """
    # "+00:00", the last six characters, is what Z abbreviates.
    return datetime.fromtimestamp(wall, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def normalise_timestamp(value: object) -> str | None:
    """A datetime, date or ISO 8601 text as the same instant in UTC; None when unreadable.

    A value without a zone is UTC (capture contract, our reading): guessing local time would make
    the answer depend on the machine.

    >>> normalise_timestamp("2025-01-02T08:34:05+05:30")
    '2025-01-02T03:04:05Z'
    """
    try:
        moment = _to_datetime(value)
        return None if moment is None else _render(_in_utc(moment))
    except (ValueError, OverflowError):
        return None


def _to_datetime(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time())
    return datetime.fromisoformat(value.strip()) if isinstance(value, str) else None


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _render(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat() + "Z"
