"""W9: one answer of `evaluate` over forty flags: of a snapshot, a raw document, text and bytes.

posthog's evaluator always reads the raw document. Engines that answer one flag are there to compare.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.people import HOT

if TYPE_CHECKING:
    from benchmarks.session import Session

__all__ = ["run"]

_CANDIDATES = (
    "flagengine",
    "flagengine-one",
    "flagengine-one-pure",
    "flagengine-mapping",
    "flagengine-copied",
    "flagengine-text",
    "flagengine-octets",
    "eppo",
    "posthog-pure",
)


def run(session: Session) -> None:
    """Measure `w9` in nanoseconds per call."""
    session.time("w9", "forty", HOT, only=_CANDIDATES)
