"""Reading a flag is an event, ``$feature_flag_called``: once for each person, flag and value.

What it holds is the flags package's business; here it is decided whether one is sent.
"""

from __future__ import annotations

from ..flags.called_event import (
    FlagRead,
    flag_called_properties,
    is_minimal,
    minimal_properties,
)
from .parts import Parts

__all__ = ["EVENT", "tell_read"]

EVENT = "$feature_flag_called"


def tell_read(parts: Parts, read: FlagRead, *, disable_geoip: bool | None = None) -> None:
    """Send the event, unless this was read before, or nothing may be sent."""
    if not parts.status.is_active or (read.flag is not None and read.flag.is_override):
        return
    if not parts.tracker.is_first(
        read.distinct_id, read.key, read.response, read.groups, read.device_id
    ):
        return
    parts.outbox.queue(
        parts.preparation.prepare(
            EVENT,
            distinct_id=read.distinct_id,
            properties=flag_called_properties(read),
            disable_geoip=disable_geoip,
            keep=minimal_properties if is_minimal(read) else None,
        )
    )
