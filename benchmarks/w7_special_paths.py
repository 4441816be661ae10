"""W7: the unresolved, dependent, grouped and overridden paths beside the plain one.

A property that is missing, a flag that depends on another, a chain of dependencies, a group's flag,
an overridden flag; beside them W1, so that the factor can be read off. Only what reads PostHog's
format has these.
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
    """`w7-plain` and one line for each special path, nanoseconds a call."""
    session.time("w7-plain", "w1", HOT, only=_CANDIDATES)
    for name in SPECIAL:
        session.time(name, name, HOT, only=_CANDIDATES)
