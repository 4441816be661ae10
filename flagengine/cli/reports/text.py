"""Findings for people, under the flag or cohort that they are about, or one to a line."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from flagengine.analysis.lint import Severity
from flagengine.cli.output import Cell
from flagengine.cli.reports.checked import CheckedFile, counts_of, summary
from flagengine.definitions.document import read_document
from flagengine.definitions.issues import SnapshotError
from flagengine.definitions.reading import pointer_to

__all__ = ["concise", "report"]

_STYLES: Final = {
    Severity.ERROR: "bold red",
    Severity.WARNING: "yellow",
    Severity.INFO: "cyan",
}


def report(files: Sequence[CheckedFile]) -> Iterator[Sequence[Cell]]:
    """Yield the findings with a heading for each flag and cohort; of several files, with its line."""
    is_alone = len(files) == 1
    for file in files:
        yield from _of_file(file, is_alone=is_alone)
        yield [_closing(file.path, file.counts)]
    if not is_alone:
        yield []
        yield [_closing(f"{len(files)} files", counts_of(files))]


def concise(files: Sequence[CheckedFile]) -> Iterator[Sequence[Cell]]:
    """Yield one line for each finding, which begins with the file, the line and the column."""
    for file in files:
        places = file.positions()
        for finding in file.shown:
            place = places[finding.pointer]
            yield [
                (f"{file.path}:{place.line}:{place.column}: ", "bold"),
                (finding.severity.value, _STYLES[finding.severity]),
                f": {finding.message} [{finding.code}]",
            ]
    yield [_closing(files[0].path if len(files) == 1 else f"{len(files)} files", counts_of(files))]


def _of_file(file: CheckedFile, *, is_alone: bool) -> Iterator[Sequence[Cell]]:
    names, places = _names(file.text), file.positions()
    for place, about in groupby(
        file.shown, lambda finding: "/".join(finding.pointer.split("/")[:3])
    ):
        findings = list(about)
        heading = names.get(place, "the document")
        line = "" if is_alone else f"  {file.path}:{places[findings[0].pointer].line}"
        yield [(heading, "bold"), (line, "dim"), (f"  {place}" if place else "", "dim")]
        for finding in findings:
            below = finding.pointer.removeprefix(place)
            severity = (f"{finding.severity.value:7}", _STYLES[finding.severity])
            yield ["  ", severity, f"  {finding.message}"]
            yield [" " * 11, (f"{finding.code}{' at ' if below else ''}{below}", "dim")]
            yield [" " * 11, finding.hint]
        yield []


def _names(text: str) -> dict[str, str]:
    """Return the headings of flags and cohorts by pointer."""
    try:
        document: dict[str, Any] = read_document(text)
    except SnapshotError:
        return {}
    cohorts = document.get("cohorts")
    ids = cohorts if isinstance(cohorts, dict) else ()
    names = {pointer_to("/cohorts", cohort_id): f"cohort {cohort_id}" for cohort_id in ids}
    for index, flag in enumerate(document["flags"]):
        key = flag.get("key") if isinstance(flag, dict) else None
        names[f"/flags/{index}"] = f"flag {key}" if isinstance(key, str) else f"flag {index}"
    return names


def _closing(name: str, counts: Mapping[Severity, int]) -> Cell:
    return f"{name}: {summary(counts)}", "bold" if any(counts.values()) else "green"
