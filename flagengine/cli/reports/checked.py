"""A file that was checked: its findings with their lines, or why it cannot be read."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flagengine.analysis.lint import Finding, Severity
from flagengine.analysis.lint.positions import Position, positions
from flagengine.values.printable import printable

__all__ = ["CheckedFile", "counts_of", "json_report", "summary"]


@dataclass(frozen=True)
class CheckedFile:
    """A file by its ``name`` for messages, its text, and its findings.

    ``shown`` are the findings that are severe enough to be shown; ``counts`` counts all of them.
    ``trouble`` says why the file cannot be read.
    """

    name: str
    text: str = ""
    shown: Sequence[Finding] = ()
    counts: Counter[Severity] = field(default_factory=Counter)
    trouble: str | None = None

    def positions(self) -> Mapping[str, Position]:
        """Return the place of each finding shown, by its pointer."""
        return positions(self.text, (finding.pointer for finding in self.shown))

    @property
    def path(self) -> str:
        """The name, printable."""
        return printable(self.name)


def counts_of(files: Iterable[CheckedFile]) -> Counter[Severity]:
    """Return the number of findings of all files."""
    total: Counter[Severity] = Counter()
    for file in files:
        total.update(file.counts)
    return total


def summary(counts: Mapping[Severity, int]) -> str:
    """Return the numbers of findings in words."""
    parts = []
    for severity in Severity:
        number = counts.get(severity, 0)
        plural = "" if number == 1 or severity is Severity.INFO else "s"
        if number:
            parts.append(f"{number} {severity.value}{plural}")
    return ", ".join(parts) or "no findings"


def json_report(files: Sequence[CheckedFile]) -> dict[str, Any]:
    """Return the report as JSON values."""
    total = counts_of(files)
    return {
        "counts": {level.value: total[level] for level in Severity},
        "findings": [
            {
                "file": file.name,
                "line": places[finding.pointer].line,
                "column": places[finding.pointer].column,
                **finding.to_dict(),
            }
            for file in files
            for places in [file.positions()]
            for finding in file.shown
        ],
    }
