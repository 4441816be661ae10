"""W14: a table of people from Parquet to Parquet, evaluated, and merely copied, in turn."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.processes import AbsentError

if TYPE_CHECKING:
    from benchmarks.session import Session

__all__ = ["run"]

_OURS, _COPY = "flagengine-table", "parquet-copy"
_THREADS = 2


def run(session: Session) -> None:
    """Measure `w14` in seconds for all rows and twenty flags."""
    if not {_OURS, _COPY} <= {*session.settings.candidates}:
        return
    try:
        from benchmarks import batch_scale  # noqa: PLC0415 the tables need pyarrow
    except ImportError as error:
        for candidate in (_OURS, _COPY):
            session.absent("w14", candidate, AbsentError(str(error)))
        return
    samples: dict[str, list[float]] = {_OURS: [], _COPY: []}
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "people.parquet", Path(folder) / "flags.parquet"
        batch_scale.make(source, session.settings.rows)
        for _ in range(session.settings.tables):
            evaluated = batch_scale.run("--work", source, target, "--threads", _THREADS)
            samples[_OURS].append(evaluated[0])
            samples[_COPY].append(batch_scale.run("--floor", source, target)[0])
    session.record("w14", "s", samples)
