"""W3: a hundred flags for one person.

Forty flags like W1, thirty like W2, twenty percentages, ten with five conditions of two filters. And the
same flags for a caller that names its runtime, one of them restricted to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.session import Session

__all__ = ["run"]

_WITH_RUNTIMES = ("flagengine-many", "flagengine-many-pure")


def run(session: Session) -> None:
    """Measure `w3`, and `w3-runtime`, in nanoseconds for all hundred flags."""
    persons = session.settings.for_many_flags
    session.time("w3", "w3", persons)
    session.time("w3-runtime", "w3-runtime", persons, only=_WITH_RUNTIMES)
