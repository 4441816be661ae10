"""``flagengine validate``: everything to say about a definitions document."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Final

import click

from flagengine.analysis.lint import Finding, Severity
from flagengine.analysis.lint.validation import validate
from flagengine.cli import options
from flagengine.cli.output import Cell, print_json, print_lines
from flagengine.cli.reading import not_json, read_bytes, shown_name
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
_SEVERITIES: Final = [one.value for one in Severity]


@click.command(epilog=f"{EXIT_CODES} Findings: an error; with --strict a warning too.")
@options.source
@click.option(
    "--severity",
    type=click.Choice(_SEVERITIES),
    default="info",
    show_default=True,
    help="Show findings that are at least this bad.",
)
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings too.")
@options.as_json
def command(*, source: str, severity: str, strict: bool, as_json: bool) -> None:
    """Check definitions: the format, references, and what is hardly meant.

    Every finding has a code (see docs/findings.md), a severity, a JSON pointer and a way out.

    \b
    flagengine validate definitions.json
    flagengine validate definitions.json --strict --json
    """  # noqa: D301 (click keeps the lines after it as they are)
    data = read_bytes(source)
    findings = _findings(data)
    if any(one.code == IssueCode.NOT_JSON for one in findings):
        raise _unreadable(source, data)
    shown = [
        one for one in findings if _SEVERITIES.index(one.severity) <= _SEVERITIES.index(severity)
    ]
    counts = Counter(one.severity for one in findings)
    if as_json:
        by_severity = {one.value: counts[one] for one in Severity}
        print_json({"counts": by_severity, "findings": [one.to_dict() for one in shown]})
    else:
        print_lines([*_report(shown, data), [_summary(shown_name(source), counts)]])
    if counts[Severity.ERROR] or (strict and counts[Severity.WARNING]):
        raise SystemExit(1)


def _findings(data: bytes) -> tuple[Finding, ...]:
    try:
        return validate(data)
    except ModuleNotFoundError as error:
        raise Trouble(str(error)) from None


def _unreadable(source: str, data: bytes) -> Trouble:
    try:
        read_document(data)
    except SnapshotError as error:
        return not_json(shown_name(source), data, error.__cause__)
    raise AssertionError


def _report(findings: Sequence[Finding], data: bytes) -> Iterator[Sequence[Cell]]:
    """Yield the findings under a heading for each flag and cohort they are about."""
    names = _names(data)
    for place, about in groupby(findings, lambda one: "/".join(one.pointer.split("/")[:3])):
        heading = names.get(place, "the document")
        yield [(heading, "bold"), (f"  {place}" if place else "", "dim")]
        for one in about:
            below = one.pointer.removeprefix(place)
            yield ["  ", (f"{one.severity.value:7}", _STYLES[one.severity]), f"  {one.message}"]
            yield [" " * 11, (f"{one.code}{' at ' if below else ''}{below}", "dim")]
            yield [" " * 11, one.hint]
        yield []


def _names(data: bytes) -> dict[str, str]:
    """Return the headings of flags and cohorts by pointer."""
    try:
        document: dict[str, Any] = read_document(data)
    except SnapshotError:
        return {}
    cohorts = document.get("cohorts")
    ids = cohorts if isinstance(cohorts, dict) else ()
    names = {pointer_to("/cohorts", one): f"cohort {one}" for one in ids}
    for index, flag in enumerate(document["flags"]):
        key = flag.get("key") if isinstance(flag, dict) else None
        names[f"/flags/{index}"] = f"flag {key}" if isinstance(key, str) else f"flag {index}"
    return names


def _summary(name: str, counts: Counter[Severity]) -> Cell:
    if not counts:
        return f"{name}: nothing to say", "green"
    parts = []
    for one in Severity:
        plural = "" if counts[one] == 1 or one is Severity.INFO else "s"
        if counts[one]:
            parts.append(f"{counts[one]} {one.value}{plural}")
    return f"{name}: {', '.join(parts)}", "bold"
