"""W7: the unresolved, dependent, grouped and overridden paths compared with the plain path.

A missing property, a flag that depends on another flag, a chain of dependencies, a group's flag, an
overridden flag; and W1 for comparison. Only engines that read PostHog's format can evaluate these; Eppo
evaluates W1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.people import HOT
from benchmarks.special_workloads import SPECIAL

if TYPE_CHECKING:
    from benchmarks.session import Session

__all__ = ["run"]

_CANDIDATES = ("flagengine", "flagengine-pure", "posthog-pure", "posthog-client")


def run(session: Session) -> None:
    """Measure `w7-plain` and each special path in nanoseconds per call."""
    session.time("w7-plain", "w1", HOT, only=(*_CANDIDATES, "eppo"))
    for name in SPECIAL:
        session.time(name, name, HOT, only=_CANDIDATES)
