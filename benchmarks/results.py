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
    from collections.abc import Iterable, Sequence

__all__ = [
    "Absence",
    "Measurement",
    "Results",
    "describe_machine",
    "load",
    "merged",
    "record",
    "save",
]

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
        "avx512": _has("avx512vbmi"),
        "cores": os.cpu_count(),
        "load": [round(number, 2) for number in os.getloadavg()],
        "system": f"{platform.system()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "commit": _commit(),
        "versions": _versions(),
    }


def _processor() -> str:
    extensions = (("sha_ni", "SHA-NI"), ("avx512vbmi", "AVX-512"))
    present = [title for flag, title in extensions if _has(flag)]
    name = _cpu().get("model name", platform.processor())
    return f"{name} with {' and '.join(present)}" if present else name


def _has(flag: str) -> bool:
    return flag in _cpu().get("flags", "").split()


def _cpu() -> dict[str, str]:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    return dict(_split(lines))


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


def merged(parts: Sequence[Results]) -> Results:
    """Return the results of several files; the environment is that of the first."""
    return Results(
        parts[0].meta,
        [found for part in parts for found in part.measurements],
        [absence for part in parts for absence in part.absences],
    )


def record(path: Path, measurement: Measurement) -> None:
    """Put a measurement into a file of its own or add it to a file, in place of an older one."""
    found = load(path) if path.exists() else Results(meta=describe_machine())
    key = (measurement.workload, measurement.candidate)
    kept = [one for one in found.measurements if (one.workload, one.candidate) != key]
    found.measurements = [*kept, measurement]
    save(found, path)


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
