"""The results of a run, as data and as a JSON file: samples, absences, and the environment."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import Summary, summarise
from benchmarks.rivals.catalogue import CANDIDATES

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Absence", "Measurement", "Results", "describe_machine", "load", "save"]

_FORMAT = 1
_ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Measurement:
    """All samples of a candidate in a workload."""

    workload: str
    candidate: str
    unit: str
    samples: tuple[float, ...]

    @property
    def summary(self) -> Summary:
        """The median and the spread."""
        return summarise(self.samples)


@dataclass(frozen=True, slots=True)
class Absence:
    """A candidate that could not be measured, with the reason; `wrong` if its answers were wrong."""

    workload: str
    candidate: str
    reason: str
    wrong: bool = False


@dataclass(slots=True)
class Results:
    """All results of a run."""

    meta: dict[str, object] = field(default_factory=dict)
    measurements: list[Measurement] = field(default_factory=list)
    absences: list[Absence] = field(default_factory=list)

    def find(self, workload: str, candidate: str) -> Measurement | None:
        """Return the measurement, or None."""
        for measurement in self.measurements:
            if (measurement.workload, measurement.candidate) == (workload, candidate):
                return measurement
        return None

    def workloads(self) -> tuple[str, ...]:
        """Return the workloads in the order in which they ran."""
        return tuple(dict.fromkeys(found.workload for found in self.measurements))

    def candidates(self) -> tuple[str, ...]:
        """Return the candidates in the order of the catalogue."""
        present = {found.candidate for found in self.measurements}
        present |= {absence.candidate for absence in self.absences}
        return tuple(c.name for c in CANDIDATES if c.name in present)


def describe_machine() -> dict[str, object]:
    """Return what the numbers depend on: processor, interpreter, versions, commit, and load."""
    return {
        "taken": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": [round(number, 2) for number in os.getloadavg()],
        "system": f"{platform.system()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "commit": _commit(),
        "versions": _versions(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    fields = dict(_split(lines))
    sha = " with SHA-NI" if "sha_ni" in fields.get("flags", "").split() else ""
    return fields.get("model name", platform.processor()) + sha


def _split(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    for line in lines:
        name, _, value = line.partition(":")
        yield name.strip(), value.strip()


def _commit() -> str:
    """Return the commit, with a plus if the files differ from it."""
    if not (commit := _git("rev-parse", "--short=12", "HEAD")):
        return "unknown"
    return commit + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=_ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _versions() -> dict[str, str]:
    return {c.distribution: c.version for c in CANDIDATES if c.version}


def save(results: Results, path: Path) -> None:
    """Write the file, and create its folder if it is missing."""
    document = {"format": _FORMAT, **asdict(results)}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def load(path: Path) -> Results:
    """Read a file that `save` wrote."""
    document = json.loads(path.read_text(encoding="utf-8"))
    if document.get("format") != _FORMAT:
        message = f"{path}: expected results of format {_FORMAT}, found {document.get('format')!r}"
        raise ValueError(message)
    return Results(
        meta=document["meta"],
        measurements=[
            Measurement(**{**found, "samples": tuple(found["samples"])})
            for found in document["measurements"]
        ],
        absences=[Absence(**absence) for absence in document["absences"]],
    )
