"""W2: a draw of three variants with JSON payloads.

A property decides who takes part. The payload is read if the engine's call returns it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.people import HOT

if TYPE_CHECKING:
    from benchmarks.session import Session

__all__ = ["run"]


def run(session: Session) -> None:
    """Measure `w2` in nanoseconds per call."""
    session.time("w2", "w2", HOT)
