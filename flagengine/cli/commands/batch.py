"""``flagengine batch``: every flag for every row of a table."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flagengine.cli import options
from flagengine.cli.completion import files
from flagengine.cli.output import print_json, print_lines, print_table
from flagengine.cli.population import Population, is_given, needs, population
from flagengine.cli.reading import read_snapshot, shown_name
from flagengine.cli.standard_streams import FORMATS, table_in, table_out
from flagengine.cli.trouble import EXIT_CODES, Trouble, check_keys
from flagengine.values.json_values import text

if TYPE_CHECKING:
    from flagengine.batch import Stats
    from flagengine.snapshot import Snapshot

__all__ = ["command"]


@click.command(epilog=f"{EXIT_CODES} Findings: unresolved answers, with --fail-on unresolved.")
@click.argument("source", metavar="DEFINITIONS", shell_complete=files)
@click.argument("table", metavar="INPUT", shell_complete=files)
@click.option(
    "-o",
    "--output",
    "target",
    required=True,
    metavar="OUTPUT",
    shell_complete=files,
    help="The output file.",
)
@population
@options.flags
@click.option(
    "--shape",
    type=click.Choice(["wide", "long"]),
    default="wide",
    show_default=True,
    help="wide: a column per flag; long: a row per person and flag, with the reason.",
)
@click.option(
    "--carry", multiple=True, metavar="COLUMN", help="An input column to copy to the output."
)
@click.option("--carry-all", is_flag=True, help="Copy all input columns to the output.")
@click.option("--prefix", default="", metavar="TEXT", help="A prefix for the flags' column names.")
@click.option(
    "--fail-on",
    type=click.Choice(["unresolved"]),
    help="Exit with 1 if any answer is unresolved; the output is still written.",
)
@click.option("--quiet", is_flag=True, help="Print no progress bar and no summary.")
@click.option(
    "--input-format",
    type=click.Choice(FORMATS),
    default=FORMATS[0],
    show_default=True,
    help="The format of standard input, if INPUT is -.",
)
@click.option(
    "--output-format",
    type=click.Choice(FORMATS),
    default=FORMATS[0],
    show_default=True,
    help="The format of standard output, if OUTPUT is -; the summary is then left out.",
)
@click.option(
    "--engine",
    type=click.Choice(["local", "spark"]),
    default="local",
    show_default=True,
    help="The engine that evaluates. Spark writes a folder of parts; without --threads, "
    "spark-defaults.conf and PYSPARK_SUBMIT_ARGS configure Spark.",
)
@options.as_json
def command(
    *,
    source: str,
    table: str,
    target: str,
    people: Population,
    keys: tuple[str, ...],
    shape: str,
    carry: tuple[str, ...],
    carry_all: bool,
    prefix: str,
    fail_on: str | None,
    quiet: bool,
    input_format: str,
    output_format: str,
    engine: str,
    as_json: bool,
) -> None:
    """Evaluate flags for every row of a table.

    The suffix of INPUT and of OUTPUT gives the format: .parquet, .csv, .jsonl, .arrow (IPC file),
    .arrows (IPC stream); a folder holds Parquet files. A failed run leaves no partial OUTPUT. A folder is
    replaced only if it holds nothing but an earlier OUTPUT. - reads standard input, or writes standard output.

    \b
    flagengine batch definitions.json people.parquet -o flags.parquet
    flagengine batch definitions.json persons.csv -o flags.csv --distinct-id id
        --properties-json properties --group company=company_id
    zcat persons.csv.gz | flagengine batch definitions.json - -o - --input-format csv
    """  # noqa: D301 (click keeps the lines after it as they are)
    needs("batch")
    _check_streams(source, table, target, engine, as_json=as_json)
    snapshot = read_snapshot(source)
    check_keys(shown_name(source), keys, snapshot.keys)
    more: dict[str, Any] = {
        "flag_keys": keys or None,
        "output": shape,
        "carry": "all" if carry_all else list(carry) or None,
        "prefix": prefix,
    }
    is_piped = target == "-"
    with table_in(table, input_format) as found, table_out(target, output_format) as place:
        if engine == "spark":
            stats = _written_by_spark(snapshot, found, place, people, more)
        else:
            stats = _written(snapshot, found, Path(place), people, more, quiet=quiet)
    if as_json:
        print_json({"fingerprint": snapshot.fingerprint, **_summary(stats)})
    elif not (quiet or is_piped):
        _print(stats)
    if fail_on and any(
        resolution.unresolved_reason for counts in stats.answers.values() for resolution in counts
    ):
        raise SystemExit(1)


def _check_streams(source: str, table: str, target: str, engine: str, *, as_json: bool) -> None:
    if source == table == "-":
        raise Trouble("only one of DEFINITIONS and INPUT can be - (standard input)")
    if target == "-" and as_json:
        raise Trouble("only one of the table (-o -) and --json can be on standard output")
    for name, place in (("input", table), ("output", target)):
        if place != "-" and is_given(f"{name}_format"):
            raise Trouble(
                f"--{name}-format is for {name.upper()} -; the suffix of {place} gives its format"
            )
    if engine == "spark" and "-" in (table, target):
        raise Trouble("Spark reads and writes files; INPUT and OUTPUT must not be -")


def _written(
    snapshot: "Snapshot",
    table: str,
    target: Path,
    people: Population,
    more: dict[str, Any],
    *,
    quiet: bool,
) -> "Stats":
    from flagengine.batch import evaluate_table  # noqa: PLC0415 (an extra)
    from flagengine.batch.files import write_file  # noqa: PLC0415 (an extra)
    from flagengine.cli.tables import opened, shown_rows, troubles  # noqa: PLC0415 (an extra)

    file = opened(table, people, encoded=True)
    with (
        troubles(table),
        evaluate_table(
            snapshot,
            file.batches,
            **people.columns,
            **people.options,
            threads=people.threads,
            batch_rows=people.batch_rows,
            **more,
        ) as result,
    ):
        rows = shown_rows(result, file.rows, quiet=quiet)
        write_file(target, result.schema, rows, inputs=[Path(table)])
    return result.stats


def _written_by_spark(
    snapshot: "Snapshot", table: str, target: str, people: Population, more: dict[str, Any]
) -> "Stats":
    needs("spark")
    from flagengine.batch.adapters.spark_files import evaluate_files  # noqa: PLC0415 (an extra)
    from flagengine.cli.tables import troubles  # noqa: PLC0415 (an extra)

    with troubles(table):
        return evaluate_files(
            snapshot,
            table,
            target,
            cores=people.threads,
            batch_rows=people.batch_rows,
            **people.columns,
            **people.options,
            **more,
        )


def _summary(stats: "Stats") -> dict[str, object]:
    flags = {
        key: {"values": _by_value(stats, key), "fallback_rows": stats.fallback_rows.get(key, 0)}
        for key in stats.answers
    }
    return {"rows": stats.rows, "flags": flags}


def _by_value(stats: "Stats", key: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for resolution, count in stats.answers[key].items():
        value = "(none)" if resolution.value is None else text(resolution.value)
        if resolution.unresolved_reason:
            value = f"unresolved: {resolution.unresolved_reason.value}"
        found[value] = found.get(value, 0) + count
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def _print(stats: "Stats") -> None:
    rows = [
        (key if place == 0 else "", value, f"{count:,}", f"{count / max(stats.rows, 1):.2%}")
        for key in stats.answers
        for place, (value, count) in enumerate(_by_value(stats, key).items())
    ]
    print_table(("flag", "value", "rows", "share"), rows)
    fallback = sum(stats.fallback_rows.values())
    print_lines([f"{stats.rows:,} rows; the scalar engine evaluated {fallback:,} cases"])
