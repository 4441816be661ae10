"""The share of lines and branches that the tests must reach, by part of the code.

    python -m tests.coverage_floors     # reads .coverage; see `make coverage`

It fails for a part below its floor, and prints the lines that were not reached.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from coverage import Coverage

ROOT = Path(__file__).parents[1]

WHOLE = {
    "format 2 reader": ("flagengine/definitions/rules/*",),
    "plan": ("flagengine/plan/*",),
    "interpreter": ("flagengine/evaluation/*", "flagengine/results/verdicts.py"),
    "operators": ("flagengine/operators/*",),
    "compiled": ("flagengine/compiled/*",),
    "batch kernel": tuple(
        f"flagengine/columnar/{name}.py"
        for name in (
            "cases",
            "verdicts",
            "vocabulary",
            "walk",
            "rules",
            "flag_kernel",
            "engine",
            "rows",
        )
    ),
}
"""The parts that decide answers, in which tests must reach every line and every branch."""

REST = {"rest of flagengine": ("flagengine/*",), "transports": ("transports/*",)}
REST_PERCENT = 95.0

ENGINES = {
    "pyspark": "flagengine/batch/adapters/spark*.py",
    "ray": "flagengine/batch/adapters/ray.py",
}
"""The parts that count only if their engine is installed; `.ci/run` installs them."""


@dataclass
class Part:
    """The coverage of some files."""

    name: str
    floor: float
    reached: int = 0
    there: int = 0
    unreached: tuple[str, ...] = ()

    @property
    def percent(self) -> float:
        """The percentage of reached lines and branches."""
        return 100.0 * self.reached / max(self.there, 1)

    def add(self, path: str, file: Mapping[str, Any]) -> None:
        """Add a file."""
        summary = file["summary"]
        self.reached += summary["covered_lines"] + summary["covered_branches"]
        self.there += summary["num_statements"] + summary["num_branches"]
        lines = [str(line) for line in file["missing_lines"]]
        branches = [f"{start}->{end}" for start, end in file["missing_branches"]]
        if lines or branches:
            self.unreached += (f"{path}: {', '.join(lines + branches)}",)


def _measured() -> dict[str, Any]:
    coverage = Coverage()
    coverage.load()
    with TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"
        coverage.json_report(outfile=str(report))
        files: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))["files"]
    return files


def parts(files: Mapping[str, Any]) -> Iterator[Part]:
    """Yield every part; a file belongs to the first part with a matching pattern."""
    absent = [pattern for engine, pattern in ENGINES.items() if find_spec(engine) is None]
    left = {
        path: file
        for path, file in files.items()
        if not any(fnmatch(path, pattern) for pattern in absent)
    }
    floors = [(WHOLE, 100.0), (REST, REST_PERCENT)]
    for table, floor in floors:
        for name, patterns in table.items():
            part = Part(name, floor)
            for pattern in patterns:
                fitting = [path for path in left if fnmatch(path, pattern)]
                assert fitting, f"no measured file fits {pattern}: see tests/coverage_floors.py"
                for path in fitting:
                    part.add(path, left.pop(path))
            yield part


def main() -> int:
    """Print a line for each part, and the unreached lines of parts below their floor."""
    below = False
    for part in parts(_measured()):
        print(f"{part.name:20} {part.percent:6.2f} %  of {part.there:5}, floor {part.floor:g} %")
        if part.percent < part.floor:
            below = True
            print(*(f"    {line}" for line in part.unreached), sep="\n")
    return below


if __name__ == "__main__":
    sys.exit(main())
