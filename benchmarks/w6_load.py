"""W6: the time and memory from the JSON text of a thousand flags to an engine that answers.

Each load runs in a new process, which has only imported the engine.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.loading import FIGURES
from benchmarks.processes import AbsentError, Process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from benchmarks.session import Session

__all__ = ["load_repeatedly", "run"]

#: A candidate per engine, because its calls make no difference to loading.
_CANDIDATES = (
    "flagengine",
    "eppo",
    "statsig",
    "posthog-pure",
    "posthog-client",
    "growthbook",
    "flagsmith",
    "launchdarkly",
    "unleash",
)


def run(session: Session) -> None:
    """Measure `w6-ready`, `w6-first`, `w6-all` in ms; `w6-memory`, `w6-memory-all` in MiB."""
    loads = load_repeatedly(session, "w6", "w6", "w6-first", _CANDIDATES)
    for figure, unit in FIGURES.items():
        samples = {name: [load[figure] for load in found] for name, found in loads.items()}
        session.record(f"w6-{figure}", unit, samples)


def load_repeatedly(
    session: Session, label: str, workload: str, first: str, candidates: Iterable[str]
) -> dict[str, list[dict[str, float]]]:
    """Return the figures of each candidate's loads, each in a new process, in turn."""
    with tempfile.TemporaryDirectory() as folder:
        found: dict[str, list[dict[str, float]]] = {}
        for name in candidates:
            path = str(Path(folder, name))
            if session.ready(label, _writer(workload, path), only=(name,)):
                found[name] = []
        for _ in range(session.settings.loads):
            for name in list(found):
                path = str(Path(folder, name))
                try:
                    found[name].append(_load(name, workload, first, path))
                except AbsentError as error:
                    session.absent(label, name, error)
                    del found[name]
    return found


def _writer(workload: str, path: str) -> Callable[[Process], object]:
    return lambda process: process.ask("write", workload=workload, path=path)


def _load(name: str, workload: str, first: str, path: str) -> dict[str, float]:
    with Process(name) as fresh:
        return fresh.ask("load", workload=workload, first=first, path=path)
