"""EDGE: the engine's reads of the clock and of the time zone database."""

from datetime import UTC, datetime, tzinfo

__all__ = ["current_time", "time_zone"]


def current_time() -> datetime:
    """Return the current time, aware, in UTC."""
    return datetime.now(UTC)


def time_zone(name: str) -> tzinfo:
    """Return a time zone by its IANA name; raise ValueError for an unknown name."""
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo  # noqa: PLC0415 3 ms, for other zones than UTC

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError, TypeError) as error:
        message = f"project_timezone must be an IANA zone such as Europe/Berlin, got {name!r}"
        raise ValueError(message) from error
