"""W5: W1 from one thread and from two.

With the interpreter lock no engine gains, and an engine that locks at every read loses. On a
free-threaded build, two threads should do twice as much.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.measure import interleave
from benchmarks.people import HOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.processes import Process
    from benchmarks.session import Session

__all__ = ["run"]

#: A slot must be many times longer than 5 ms, after which the interpreter switches threads.
_SLOT_NS = 60_000_000
#: The reads of clients, measured beside the engines.
_CLIENTS = ("flagengine-client-told", "posthog-client-told")


def run(session: Session) -> None:
    """Measure `w5-one` and `w5-two` in thousands of calls per second."""

    def prepare(process: Process) -> None:
        process.ask("open", workload="w1", persons=HOT)
        process.ask("calibrate", least_ns=_SLOT_NS)

    ready = session.ready("w5", prepare, (*session.common(), *_CLIENTS))
    rounds = max(3, session.settings.rounds // 2)
    samplers = {
        f"{label} {name}": _sampler(process, count)
        for name, process in ready.items()
        for label, count in (("w5-one", 1), ("w5-two", 2))
    }
    samples = interleave(samplers, rounds)
    for label in ("w5-one", "w5-two"):
        session.record(label, "kops/s", {name: samples[f"{label} {name}"] for name in ready})


def _sampler(process: Process, count: int) -> Callable[[], float]:
    return lambda: process.value("threads", count=count)
