"""The fields of log records, for handlers that write JSON: a few names that mean the same everywhere.

Each is an attribute of the record and begins with ``flagengine_``. No field has a key, a property's value
or the id of a person.
"""

from __future__ import annotations

from typing import Any

__all__ = ["log_fields"]


def log_fields(
    *,
    flag: str | None = None,
    event: str | None = None,
    lane: str | None = None,
    count: int | None = None,
    reason: str | None = None,
    error: BaseException | str | None = None,
    status: int | None = None,
    seconds: float | None = None,
) -> dict[str, Any]:
    """Return the fields for the ``extra`` of a log call, without those that are None.

    Args:
        flag: the key of a flag.
        event: the name of an event.
        lane: the queue of events: ``events`` or ``ai``.
        count: how many events, loads or flags it is about.
        reason: why events were lost, or a flag is not decided, as a code.
        error: an error, whose class's name is the field; or that name.
        status: the HTTP status of a response; by default that of an error of the client.
        seconds: how long something lasts.

    >>> log_fields(flag="beta", error=ValueError("secret"))
    {'flagengine_flag': 'beta', 'flagengine_error': 'ValueError'}
    """
    name = type(error).__name__ if isinstance(error, BaseException) else error
    if status is None and isinstance(error, BaseException):
        # Not an attribute of the application's errors, whose code would run.
        status = error.__dict__.get("status")
    given = {
        "flag": flag,
        "event": event,
        "lane": lane,
        "count": count,
        "reason": None if reason is None else str(reason),
        "error": name,
        "status": status if isinstance(status, int) else None,
        "seconds": seconds,
    }
    return {f"flagengine_{field}": value for field, value in given.items() if value is not None}
