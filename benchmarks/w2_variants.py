"""W2: a draw between three variants with JSON payloads.

One property decides who takes part. The payload is read where the engine's call hands it over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.people import HOT

if TYPE_CHECKING:
    from benchmarks.session import Session

__all__ = ["run"]


def run(session: Session) -> None:
    """`w2`, nanoseconds a call."""
    session.time("w2", "w2", HOT)
