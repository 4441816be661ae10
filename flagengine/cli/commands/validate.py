"""``flagengine validate``: check definitions documents."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Final

import click

from flagengine.analysis.lint import Finding, Severity
from flagengine.analysis.lint.validation import validate
from flagengine.cli import options
from flagengine.cli.completion import files
from flagengine.cli.output import print_error, print_json, print_lines, print_text
from flagengine.cli.reading import not_json, read_bytes, read_snapshot, shown_name
from flagengine.cli.reports.checked import CheckedFile, counts_of, json_report
from flagengine.cli.trouble import EXIT_CODES, Trouble
from flagengine.definitions.document import read_document
from flagengine.definitions.issues import IssueCode, SnapshotError
from flagengine.snapshot import Snapshot
from flagengine.values.printable import printable_json

__all__ = ["command"]

_SEVERITIES: Final = [severity.value for severity in Severity]
_FORMATS: Final = ["text", "concise", "json", "github", "sarif", "junit"]


@click.command(
    epilog=f"{EXIT_CODES} Findings: an error; with --strict a warning too.",
    short_help="Check definitions for errors and likely mistakes.",
)
@options.sources
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
    shell_complete=files,
    help="The definitions in use: also report rules whose new order changes answers.",
)
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings too.")
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    default="text",
    show_default=True,
    help="concise: one line for each finding, with file, line and column. github: annotations of "
    "workflows. sarif, junit: reports for continuous integration.",
)
@options.as_json
def command(
    *,
    sources: tuple[str, ...],
    severity: str,
    current: str | None,
    strict: bool,
    form: str,
    as_json: bool,
) -> None:
    """Check definitions: the format, references and likely mistakes.

    Every finding has a code (see docs/findings.md), a severity, a JSON pointer and a remedy.

    \b
    flagengine validate definitions.json
    flagengine validate flags/*.json --strict --format github
    """  # noqa: D301 (click keeps the lines after it as they are)
    if [*sources, current].count("-") > 1:
        raise Trouble("only one FILE can be - (standard input)")
    if as_json and form not in ("text", "json"):
        raise Trouble(f"only one of --json and --format {form} can be given")
    replaced = None if current is None else read_snapshot(current)
    checked = [_checked(source, replaced, severity) for source in sources]
    readable = [file for file in checked if file.trouble is None]
    unreadable = [file.trouble for file in checked if file.trouble is not None]
    if len(sources) == 1 and unreadable and (as_json or form in ("text", "concise", "json")):
        raise Trouble(unreadable[0])
    _print("json" if as_json else form, checked, readable)
    for trouble in unreadable:
        print_error(f"Error: {trouble}")
    if unreadable:
        raise SystemExit(2)
    counts = counts_of(checked)
    if counts[Severity.ERROR] or (strict and counts[Severity.WARNING]):
        raise SystemExit(1)


def _checked(source: str, replaced: Snapshot | None, severity: str) -> CheckedFile:
    name = shown_name(source)
    try:
        data = read_bytes(source)
    except Trouble as error:
        return CheckedFile(name, trouble=error.message)
    findings = _findings(data, replaced)
    least = _SEVERITIES.index(severity)
    shown = [each for each in findings if _SEVERITIES.index(each.severity) <= least]
    counts = Counter(finding.severity for finding in findings)
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    trouble = None
    if any(finding.code == IssueCode.NOT_JSON for finding in findings):
        text, trouble = "", _unreadable(name, data)
    return CheckedFile(name, text, shown, counts, trouble)


def _findings(data: bytes, replaced: Snapshot | None) -> tuple[Finding, ...]:
    try:
        return validate(data, replaced)
    except ModuleNotFoundError as error:
        raise Trouble(str(error)) from None


def _unreadable(name: str, data: bytes) -> str:
    try:
        read_document(data)
    except SnapshotError as error:
        return str(not_json(name, data, error.__cause__).message)
    raise AssertionError


def _print(form: str, files: Sequence[CheckedFile], readable: Sequence[CheckedFile]) -> None:
    """Print the report; those of continuous integration also have what cannot be read."""
    from flagengine.cli.reports import github, junit, sarif, text  # noqa: PLC0415 one of them

    if form == "json":
        print_json(json_report(readable))
    elif form == "github":
        print_lines([line] for line in github.annotations(files))
    elif form == "sarif":
        print_text(printable_json(json.dumps(sarif.log(files), indent=2)))
    elif form == "junit":
        print_text(junit.suites(files))
    elif readable:
        print_lines((text.concise if form == "concise" else text.report)(readable))
