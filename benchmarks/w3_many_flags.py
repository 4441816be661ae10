"""W3: a hundred flags for one person.

Forty flags like W1, thirty like W2, twenty percentages, ten with five conditions of two filters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.session import Session

__all__ = ["run"]


def run(session: Session) -> None:
    """Measure `w3` in nanoseconds for all hundred flags."""
    session.time("w3", "w3", session.settings.for_many_flags)
