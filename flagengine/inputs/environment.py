"""EDGE: the engine's reads of the clock and of the time zone database."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

__all__ = ["current_time", "time_zone"]


def current_time() -> "datetime":
    """Return the current time, aware, in UTC."""
    from datetime import UTC, datetime  # noqa: PLC0415 1 ms, and few calls compare dates

    return datetime.now(UTC)


def time_zone(name: str) -> "tzinfo":
    """Return a time zone by its IANA name; raise ValueError for an unknown name."""
    if name == "UTC":
        from datetime import UTC  # noqa: PLC0415 as above

        return UTC
    from zoneinfo import ZoneInfo  # noqa: PLC0415 3 ms, for other zones than UTC

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError, TypeError) as error:
        message = f"project_timezone must be an IANA zone such as Europe/Berlin, got {name!r}"
        raise ValueError(message) from error
