"""Findings as a SARIF log (2.1.0), which code scanning services read."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from flagengine import __version__
from flagengine.analysis.lint import Finding, Severity
from flagengine.analysis.lint.catalogue import CATALOGUE
from flagengine.analysis.lint.positions import Position
from flagengine.cli.reports.checked import CheckedFile

__all__ = ["log"]

_LEVELS: Final = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "note",
}


def log(files: Sequence[CheckedFile]) -> dict[str, Any]:
    """Return the log as JSON values."""
    codes = sorted({finding.code for file in files for finding in file.shown})
    driver = {
        "name": "flagengine",
        "version": __version__,
        "rules": [_rule(code) for code in codes],
    }
    results = []
    for file in files:
        places = file.positions()
        results += [_result(file, each, places[each.pointer], codes) for each in file.shown]
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
        ],
    }


def _rule(code: str) -> dict[str, Any]:
    entry = CATALOGUE[code]
    return {
        "id": code,
        "shortDescription": {"text": entry.meaning},
        "help": {"text": entry.way_out},
        "defaultConfiguration": {"level": _LEVELS[entry.severity]},
    }


def _result(
    file: CheckedFile, finding: Finding, place: Position, codes: Sequence[str]
) -> dict[str, Any]:
    # A relative name stays relative to the folder of the run.
    uri = quote(Path(file.name).as_posix()) if file.name != "standard input" else "stdin"
    location = {
        "physicalLocation": {
            "artifactLocation": {"uri": uri},
            "region": {"startLine": place.line, "startColumn": place.column},
        },
        "logicalLocations": [{"fullyQualifiedName": finding.pointer}],
    }
    return {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.message}. {finding.hint}"},
        "locations": [location],
    }
