"""W12: a poll that changes one of a thousand flags.

From the text to the answers of all flags for a person, without parsing the JSON. All flags have been
answered before, and each sample changes another flag.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.processes import Process
    from benchmarks.session import Session

__all__ = ["run"]

_CANDIDATES = ("flagengine-many", "flagengine-many-pure", "posthog-pure")


def run(session: Session) -> None:
    """Measure `w12` in milliseconds."""

    def change(process: Process, number: int) -> float:
        return process.value("poll", number=number)

    session.sample("w12", "ms", change, _CANDIDATES)
