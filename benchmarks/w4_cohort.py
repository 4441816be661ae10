"""W4: a nested cohort of four properties.

Two ORs of two properties each, inside an AND; everyone in the cohort gets the flag.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.people import HOT

if TYPE_CHECKING:
    from benchmarks.session import Session

__all__ = ["run"]


def run(session: Session) -> None:
    """Measure `w4` in nanoseconds per call."""
    session.time("w4", "w4", HOT)
