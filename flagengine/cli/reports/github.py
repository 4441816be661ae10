"""Findings as annotations: workflow commands that GitHub shows beside the lines of a change."""

from collections.abc import Iterator, Sequence
from typing import Final

from flagengine.analysis.lint import Severity
from flagengine.cli.reports.checked import CheckedFile

__all__ = ["annotations"]

_COMMANDS: Final = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "notice",
}
_IN_TEXT: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_IN_PROPERTY: Final = _IN_TEXT | str.maketrans({":": "%3A", ",": "%2C"})


def annotations(files: Sequence[CheckedFile]) -> Iterator[str]:
    """Yield a workflow command for each finding."""
    for file in files:
        places = file.positions()
        for finding in file.shown:
            place = places[finding.pointer]
            properties = {
                "file": file.path,
                "line": str(place.line),
                "col": str(place.column),
                "title": finding.code,
            }
            written = ",".join(
                f"{name}={value.translate(_IN_PROPERTY)}" for name, value in properties.items()
            )
            text = f"{finding.message}\n{finding.hint}".translate(_IN_TEXT)
            yield f"::{_COMMANDS[finding.severity]} {written}::{text}"
