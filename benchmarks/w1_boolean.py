"""W1: one boolean flag.

The country is in a list of three, the e-mail contains a text, and half of all ids match. It runs over
many persons, where memory matters as much as the engine, and over few persons that stay in the caches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.people import HOT

if TYPE_CHECKING:
    from benchmarks.session import Session

__all__ = ["run"]


def run(session: Session) -> None:
    """Measure `w1` and `w1-hot` in nanoseconds per call."""
    session.time("w1", "w1", session.settings.many)
    session.time("w1-hot", "w1", HOT)
