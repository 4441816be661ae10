"""``flagengine validate``: check a definitions document."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Final

import click

from flagengine.analysis.lint import Finding, Severity
from flagengine.analysis.lint.validation import validate
from flagengine.cli import options
from flagengine.cli.output import Cell, print_json, print_lines
from flagengine.cli.reading import not_json, read_bytes, read_snapshot, shown_name
from flagengine.cli.trouble import EXIT_CODES, Trouble
from flagengine.definitions.document import read_document
from flagengine.definitions.issues import IssueCode, SnapshotError
from flagengine.definitions.reading import pointer_to

__all__ = ["command"]

_STYLES: Final = {
    Severity.ERROR: "bold red",
    Severity.WARNING: "yellow",
    Severity.INFO: "cyan",
}
_SEVERITIES: Final = [severity.value for severity in Severity]


@click.command(epilog=f"{EXIT_CODES} Findings: an error; with --strict a warning too.")
@options.source
@click.option(
    "--severity",
    type=click.Choice(_SEVERITIES),
    default="info",
    show_default=True,
    help="Show findings of this severity and above.",
)
@click.option(
    "--current",
    metavar="FILE",
    help="The definitions in use: also report rules whose new order changes answers.",
)
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings too.")
@options.as_json
def command(
    *, source: str, severity: str, current: str | None, strict: bool, as_json: bool
) -> None:
    """Check definitions: the format, references and likely mistakes.

    Every finding has a code (see docs/findings.md), a severity, a JSON pointer and a remedy.

    \b
    flagengine validate definitions.json
    flagengine validate definitions.json --strict --json
    """  # noqa: D301 (click keeps the lines after it as they are)
    data = read_bytes(source)
    findings = _findings(data, current)
    if any(finding.code == IssueCode.NOT_JSON for finding in findings):
        raise _unreadable(source, data)
    shown = [
        finding
        for finding in findings
        if _SEVERITIES.index(finding.severity) <= _SEVERITIES.index(severity)
    ]
    counts = Counter(finding.severity for finding in findings)
    if as_json:
        by_severity = {level.value: counts[level] for level in Severity}
        print_json({"counts": by_severity, "findings": [finding.to_dict() for finding in shown]})
    else:
        print_lines([*_report(shown, data), [_summary(shown_name(source), counts)]])
    if counts[Severity.ERROR] or (strict and counts[Severity.WARNING]):
        raise SystemExit(1)


def _findings(data: bytes, current: str | None) -> tuple[Finding, ...]:
    replaced = None if current is None else read_snapshot(current)
    try:
        return validate(data, replaced)
    except ModuleNotFoundError as error:
        raise Trouble(str(error)) from None


def _unreadable(source: str, data: bytes) -> Trouble:
    try:
        read_document(data)
    except SnapshotError as error:
        return not_json(shown_name(source), data, error.__cause__)
    raise AssertionError


def _report(findings: Sequence[Finding], data: bytes) -> Iterator[Sequence[Cell]]:
    """Yield the findings, with a heading for each flag and cohort."""
    names = _names(data)
    for place, about in groupby(findings, lambda finding: "/".join(finding.pointer.split("/")[:3])):
        heading = names.get(place, "the document")
        yield [(heading, "bold"), (f"  {place}" if place else "", "dim")]
        for finding in about:
            below = finding.pointer.removeprefix(place)
            yield [
                "  ",
                (f"{finding.severity.value:7}", _STYLES[finding.severity]),
                f"  {finding.message}",
            ]
            yield [" " * 11, (f"{finding.code}{' at ' if below else ''}{below}", "dim")]
            yield [" " * 11, finding.hint]
        yield []


def _names(data: bytes) -> dict[str, str]:
    """Return the headings of flags and cohorts by pointer."""
    try:
        document: dict[str, Any] = read_document(data)
    except SnapshotError:
        return {}
    cohorts = document.get("cohorts")
    ids = cohorts if isinstance(cohorts, dict) else ()
    names = {pointer_to("/cohorts", cohort_id): f"cohort {cohort_id}" for cohort_id in ids}
    for index, flag in enumerate(document["flags"]):
        key = flag.get("key") if isinstance(flag, dict) else None
        names[f"/flags/{index}"] = f"flag {key}" if isinstance(key, str) else f"flag {index}"
    return names


def _summary(name: str, counts: Counter[Severity]) -> Cell:
    if not counts:
        return f"{name}: no findings", "green"
    parts = []
    for severity in Severity:
        plural = "" if counts[severity] == 1 or severity is Severity.INFO else "s"
        if counts[severity]:
            parts.append(f"{counts[severity]} {severity.value}{plural}")
    return f"{name}: {', '.join(parts)}", "bold"
