"""``flagengine diff``: what changes when a snapshot is published, and who changes."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flagengine.analysis.changes.comparison import compare
from flagengine.cli import options
from flagengine.cli.changes import Failure, failures, parse_rules, report_changes
from flagengine.cli.completion import files
from flagengine.cli.output import print_json, print_lines, print_table
from flagengine.cli.population import Population, given_options, needs, population
from flagengine.cli.reading import read_snapshot
from flagengine.cli.trouble import EXIT_CODES, Trouble, did_you_mean

if TYPE_CHECKING:
    from flagengine.batch.impact import Impact, Sample
    from flagengine.snapshot import Snapshot

__all__ = ["command"]


@click.command(
    short_help="Compare two snapshots, or who changes with them.",
    epilog=f"{EXIT_CODES} Findings: a flag that changes for more people than --fail-if-changed allows; "
    "without POPULATION and with --fail, any change.",
)
@click.argument("old_source", metavar="OLD", shell_complete=files)
@click.argument("new_source", metavar="NEW", shell_complete=files)
@click.argument("table", metavar="[POPULATION]", required=False, shell_complete=files)
@population
@options.flags
@click.option(
    "--sample",
    metavar="N",
    help="Evaluate a sample: a share below 1, or an approximate number of rows. "
    "Shares then have confidence intervals.",
)
@click.option("--seed", default=0, show_default=True, help="The seed of the sample.")
@click.option(
    "--fail-if-changed",
    "written_rules",
    multiple=True,
    metavar="'FLAG:>5%'",
    help="Exit with 1 if the flag (* for any) changes for more than this share or number of "
    "people.",
)
@click.option("--fail", is_flag=True, help="Without POPULATION: exit with 1 if anything changes.")
@click.option(
    "--html",
    "page",
    metavar="FILE",
    shell_complete=files,
    help="Also write the report as an HTML page.",
)
@click.option("--quiet", is_flag=True, help="Print no progress bar.")
@options.as_json
def command(
    *,
    old_source: str,
    new_source: str,
    table: str | None,
    people: Population,
    keys: tuple[str, ...],
    sample: str | None,
    seed: int,
    written_rules: tuple[str, ...],
    fail: bool,
    page: str | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Compare two snapshots: what changes in the flags, or who changes in a population.

    Without POPULATION, print what was added, removed and edited. With a table of people, print who
    changes, from what to what, and why.

    \b
    flagengine diff old.json new.json
    flagengine diff old.json new.json people.parquet
    flagengine diff old.json new.json people.parquet --fail-if-changed '*:>5%' --html report.html
    """  # noqa: D301 (click keeps the lines after it as they are)
    if [old_source, new_source, table].count("-") > 1:
        raise Trouble("only one of OLD, NEW and POPULATION can be - (standard input)")
    old, new = read_snapshot(old_source), read_snapshot(new_source)
    known = dict.fromkeys([*new.keys, *old.keys])
    for key in keys:
        if key not in known:
            raise Trouble(
                f"unknown flag {key!r}: neither snapshot has it{did_you_mean(key, known)}"
            )
    if table is None:
        given: dict[str, object] = {
            "--sample": sample,
            "--fail-if-changed": written_rules,
            "--html": page,
        }
        given |= dict.fromkeys(given_options(), "given")
        _refuse(given, "needs a POPULATION")
        report_changes(compare(old, new), keys, as_json=as_json, fail=fail)
        return
    _refuse({"--fail": fail}, "is for a diff without POPULATION; use --fail-if-changed '*:>0'")
    needs("batch")
    rules = parse_rules(written_rules, known)
    with _written(page, (old_source, new_source, table)) as write:
        chosen = keys or tuple(known)
        impact, taken = _measured(old, new, table, people, chosen, (sample, seed), quiet)
        if write is not None:
            from flagengine.batch import impact_page  # noqa: PLC0415 (an extra)

            write(impact_page(impact))
    _report(impact, taken, as_json=as_json)
    _stop_if(failures(rules, impact), quiet_output=as_json)


def _refuse(given: Mapping[str, object], why: str) -> None:
    """Raise `Trouble` for the first option that is given."""
    for name, value in given.items():
        if value:
            raise Trouble(f"{name} {why}")


@contextmanager
def _written(page: str | None, inputs: Iterable[str]) -> Iterator[Callable[[str], object] | None]:
    """Yield a function that writes the page, which is moved into place at the end; None without a page."""
    from flagengine.batch.files.formats import FileError  # noqa: PLC0415 (an extra)
    from flagengine.batch.files.placing import guarded_writing, placed  # noqa: PLC0415 (an extra)

    if page is None:
        yield None
        return
    try:
        with placed(Path(page), map(Path, inputs)) as draft:
            # A key may have a lone surrogate, which no file can hold.
            encoding = ("utf-8", "backslashreplace")
            yield lambda text: guarded_writing(Path(page), draft.write_text, text, *encoding)
    except FileError as error:
        raise Trouble(str(error)) from None


def _measured(
    old: "Snapshot",
    new: "Snapshot",
    table: str,
    people: Population,
    keys: tuple[str, ...],
    sample: tuple[str | None, int],
    quiet: bool,
) -> "tuple[Impact, Sample | None]":
    from flagengine.batch import diff  # noqa: PLC0415 (an extra)
    from flagengine.cli.tables import opened, shown_people, troubles  # noqa: PLC0415 (an extra)

    file = opened(table, people)
    with troubles(table):
        taken = _sample(sample, file.rows)
        batches = shown_people(file, quiet=quiet)
        impact = diff(old, new, batches, flag_keys=keys, sample=taken, **people.arguments)
    return impact, taken


def _sample(written: tuple[str | None, int], rows: int | None) -> "Sample | None":
    from flagengine.batch.impact import Sample  # noqa: PLC0415 (an extra)

    size, seed = written
    if size is None:
        return None
    try:
        number = float(size)
    except ValueError:
        number = 0.0
    if not number > 0:
        raise Trouble(f"--sample must be a share such as 0.05 or a number of rows, got {size}")
    if number < 1:
        return Sample(number, seed)
    if rows is None:
        raise Trouble(f"--sample {size}: the number of rows in this file is unknown; give a share")
    return Sample(min(number / max(rows, 1), 1.0), seed)


def _report(impact: "Impact", sample: "Sample | None", *, as_json: bool) -> None:
    from flagengine.batch.impact.words import headline  # noqa: PLC0415 (an extra)
    from flagengine.cli.impact_words import rows_of  # noqa: PLC0415 (an extra)

    if as_json:
        print_json(impact.to_dict())
        return
    print_lines(headline(impact, sample))
    rows: list[Any] = rows_of(impact, sample)
    if rows:
        print_table(("flag", "change", "people", "share", "because", "for example"), rows)


def _stop_if(found: list[Failure], *, quiet_output: bool) -> None:
    if not quiet_output:
        print_lines([failure.text] for failure in found)
    if found:
        raise SystemExit(1)
