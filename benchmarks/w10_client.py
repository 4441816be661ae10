"""W10: the clients: a read whose event was sent before and without event, all flags, `capture`.

Batches go to a transport that discards them, and are flushed between slots, outside the timing. The
rates of delivery are measured with a server in another process, which counts the events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.people import HOT
from benchmarks.sink import Sink

if TYPE_CHECKING:
    from benchmarks.processes import Process
    from benchmarks.session import Session

__all__ = ["CANDIDATES", "run"]

_TOLD = ("flagengine-client-told", "posthog-client-told")
_SILENT = ("flagengine-client", "posthog-client")
_MANY = ("flagengine-evaluate-flags", "posthog-evaluate-flags", "eppo")
_CAPTURE = ("flagengine-capture", "posthog-capture")
_DELIVERING = (
    "flagengine-capture",
    "flagengine-capture-zstd",
    "flagengine-capture-json",
    "posthog-capture",
)
#: All of them, for a run of the client alone.
CANDIDATES = tuple(dict.fromkeys((*_TOLD, *_SILENT, *_MANY, *_CAPTURE, *_DELIVERING)))


def run(session: Session) -> None:
    """Measure `w10-read` and so on in nanoseconds per call, `w10-events` in kevents/s."""
    session.time("w10-read", "w1", HOT, only=_TOLD)
    session.time("w10-silent", "w1", HOT, only=_SILENT)
    session.time("w10-forty", "mix/40", session.settings.for_many_flags, only=_MANY)
    session.time("w10-capture", "capture", HOT, only=_CAPTURE)
    events = session.settings.events
    with Sink() as sink:

        def rate(process: Process, _number: int) -> float:
            reached = process.value("deliver", host=sink.host, events=events)
            sink.expect(events)
            return reached

        rounds = max(1, session.settings.rounds // 3)
        session.sample("w10-events", "kevents/s", rate, _DELIVERING, rounds=rounds)
