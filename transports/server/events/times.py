"""The time of an event: what its sender says, corrected by what the sender's clock shows.

A batch says when it was sent. If that differs from now, the sender's clock is wrong by the
difference, and so are its events' times. A second and less is the way of the request, no wrong clock, so
these times stay as they were sent.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any, Final

from ...batching.event_fields import format_utc, normalise_timestamp

__all__ = ["moment_of", "skew_of", "timestamp_of"]

_NO_SKEW: Final = 1.0
_MILLISECOND: Final = 0.001
_FUTURE: Final = 23 * 3600.0
_WITHOUT_ZONE: Final = -len("+00:00")


def moment_of(value: object) -> float | None:
    """Return ISO 8601 text as seconds since 1970, without a zone in UTC; None if it is invalid.

    >>> moment_of("2025-01-02T03:04:05.250Z"), moment_of("soon"), moment_of(5)
    (1735787045.25, None, None)
    """
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def skew_of(sent_at: float | None, now: float) -> float:
    """Return the seconds by which a sender's clock is behind; 0.0 if it is about right or not known."""
    if sent_at is None:
        return 0.0
    skew = now - sent_at
    return skew if abs(skew) > _NO_SKEW else 0.0


def timestamp_of(given: Any, offset: Any, *, skew: float, now: float) -> str:
    """Return when an event happened, as text in UTC.

    Args:
        given: the event's ``timestamp``; anything but ISO 8601 text counts as absent, which means now.
        offset: the event's ``offset``: how many milliseconds ago it happened. It wins.
        skew: the seconds to add to ``given``.
        now: the time of this server, in seconds since 1970.

    >>> timestamp_of("2025-01-02T03:04:05Z", None, skew=60.0, now=1_800_000_000.0)
    '2025-01-02T03:05:05Z'
    """
    if offset is not None and _is_number(offset):
        return format_utc(now - offset * _MILLISECOND)
    if isinstance(given, str):
        try:
            return _shifted(given.strip(), skew, now) if skew else _as_sent(given.strip())
        except (ValueError, OverflowError):
            pass
    return format_utc(now)


def _as_sent(text: str) -> str:
    datetime.fromisoformat(text)
    # The form of RFC 3339, which every reader knows; others become it.
    if text[-1] == "Z" and text[4:5] == text[7:8] == "-" and text[13:14] == text[16:17] == ":":
        return text
    return _known(normalise_timestamp(text))


def _shifted(text: str, seconds: float, now: float) -> str:
    moment = datetime.fromisoformat(text) + timedelta(seconds=seconds)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    if moment.timestamp() > now + _FUTURE:
        # As PostHog does: no event happens tomorrow, so the time or the correction is nonsense.
        return format_utc(now)
    if moment.tzinfo is UTC:  # as almost always
        return moment.isoformat()[:_WITHOUT_ZONE] + "Z"
    return _known(normalise_timestamp(moment))


def _known(timestamp: str | None) -> str:
    if timestamp is None:
        msg = "beyond the years 1 to 9999 in UTC"
        raise ValueError(msg)
    return timestamp


def _is_number(value: object) -> bool:
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    except OverflowError:  # an integer beyond all floats
        return False
