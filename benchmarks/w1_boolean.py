"""W1: one boolean flag.

Country in a list of three, e-mail contains a text, half of all ids. Once over many persons, where
memory counts as much as the engine, and once over few that stay in the caches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.people import HOT

if TYPE_CHECKING:
    from benchmarks.session import Session

__all__ = ["run"]


def run(session: Session) -> None:
    """`w1` and `w1-hot`, nanoseconds a call."""
    session.time("w1", "w1", session.settings.many)
    session.time("w1-hot", "w1", HOT)
