"""What one lane of a pipeline is made of."""

from __future__ import annotations

from dataclasses import dataclass, field

from .limits import LaneLimits, Overflow
from .sinks.base import Sink
from .spool.spool import Spool

__all__ = ["LaneSetup"]

# transports contract 1.22: seconds.
REQUEST_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class LaneSetup:
    """Where a lane ends, its numbers, and the spool that ``overflow="spill"`` needs."""

    sink: Sink
    limits: LaneLimits = field(default_factory=LaneLimits)
    request_timeout: float = REQUEST_TIMEOUT
    spool: Spool | None = None

    def __post_init__(self) -> None:
        if (self.limits.overflow is Overflow.SPILL) != (self.spool is not None):
            msg = 'overflow="spill" and a spool belong together: give both or neither'
            raise ValueError(msg)
