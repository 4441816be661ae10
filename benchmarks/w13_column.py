"""W13: the hash of a column of ids, compared with the bare instructions in a single stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.processes import Process
    from benchmarks.session import Session

__all__ = ["run"]

#: 2.4 MB of text: a batch of a table.
_ROWS = 1 << 16
_CANDIDATES = ("flagengine", "floor")


def run(session: Session) -> None:
    """Measure `w13` in nanoseconds per id."""

    def hash_column(process: Process, _number: int) -> float:
        return process.value("column", rows=_ROWS)

    session.sample("w13", "ns", hash_column, _CANDIDATES)
