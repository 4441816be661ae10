"""Watches all connections of a server: ends those that are late, and counts and logs those that were refused.

Each connection notes when it must have got further. One look at all of them, some times a second at most,
costs less than a timer for each request.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Final, Protocol

from ...incidents import Incidents
from ...log_fields import log_fields
from .limits import ConnectionLimits
from .refusals import Refusal

__all__ = ["ConnectionGuard", "Expiring"]

_log = logging.getLogger("flagengine.server")

_LOOKS_PER_TIMEOUT: Final = 4
_RAREST_LOOK: Final = 1.0
_LOG_AGAIN: Final = 10.0


class Expiring(Protocol):
    """A connection, as the guard sees it."""

    def expire(self, now: float) -> None:
        """End the connection if it has not got further in time; ``now`` is the time of the event loop."""
        ...


class ConnectionGuard:
    """The guard of one server. Used by the event loop alone.

    ``counts`` gets the refusals by reason. A reason is logged when it first occurs, then at most every ten
    seconds, with the number of refusals.
    """

    def __init__(self, limits: ConnectionLimits, counts: Counter[str] | None = None) -> None:
        self.limits: ConnectionLimits = limits
        self._counts: Counter[str] = Counter() if counts is None else counts
        self._incidents = Incidents()
        self._logged_at: float | None = None
        self.held: int = 0
        """The bytes of all bodies that have arrived and are not yet answered."""
        self._timer: asyncio.TimerHandle | None = None

    @property
    def refused(self) -> Mapping[str, int]:
        """How many connections were refused or dropped, by reason."""
        return self._counts

    def note(self, refusal: Refusal, client: str | None) -> None:
        """Count a refusal, and log it unless the same was logged a moment ago."""
        self._counts[refusal.name.lower()] += 1
        if self._incidents.opens(refusal):
            _log.warning(
                "a connection from %s was refused: %s",
                client or "an unknown address",
                refusal.reason,
                extra=log_fields(count=1),
            )

    def hold(self, size: int) -> bool:
        """Count bytes of a body that are kept until its request is answered; return whether there is room."""
        self.held += size
        return self.held <= self.limits.max_held_bodies

    def release(self, size: int) -> None:
        """Count bytes that are no longer kept."""
        self.held -= size

    def watch(self, connections: Collection[Expiring]) -> None:
        """Look after the connections from now on, in the running event loop; the collection may change."""
        loop = asyncio.get_running_loop()
        pause = min(_RAREST_LOOK, self.limits.shortest / _LOOKS_PER_TIMEOUT)

        def look() -> None:
            self.look(connections, loop.time())
            self._timer = loop.call_later(pause, look)

        self._timer = loop.call_later(pause, look)

    def look(self, connections: Collection[Expiring], now: float) -> None:
        """End the connections that are late at the time ``now`` of the event loop."""
        for each in tuple(connections):
            each.expire(now)
        if self._logged_at is None or now - self._logged_at >= _LOG_AGAIN:
            self._logged_at = now
            self._summarise()

    def close(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._summarise()

    def _summarise(self) -> None:
        for refusal, count in self._incidents.close_all().items():
            if count > 1 and isinstance(refusal, Refusal):
                message = "%d connections were refused within %g seconds: %s"
                extra = log_fields(count=count)
                _log.warning(message, count, _LOG_AGAIN, refusal.reason, extra=extra)
