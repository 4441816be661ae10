"""EDGE: the one place that reads the clock; everything else is told what time it is."""

from datetime import UTC, datetime

__all__ = ["current_time"]


def current_time() -> datetime:
    """Return the current time, aware, in UTC."""
    return datetime.now(UTC)
