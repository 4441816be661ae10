"""``flagengine exposures``: each person's answers, as a table or as events."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flagengine.cli import options
from flagengine.cli.completion import files
from flagengine.cli.output import print_json, print_lines
from flagengine.cli.population import Population, needs, population
from flagengine.cli.reading import read_snapshot, shown_name
from flagengine.cli.trouble import EXIT_CODES, Trouble, check_keys

if TYPE_CHECKING:
    from flagengine.snapshot import Snapshot

__all__ = ["command"]


@click.command(epilog=EXIT_CODES, short_help="Write each person's answers as a table or events.")
@click.argument("source", metavar="DEFINITIONS", shell_complete=files)
@click.argument("table", metavar="POPULATION", shell_complete=files)
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
    "--events", is_flag=True, help="Write $feature_flag_called events to OUTPUT, a .jsonl file."
)
@click.option("--enabled-only", is_flag=True, help="Leave out people for whom the flag is off.")
@click.option("--quiet", is_flag=True, help="Print no progress bar.")
@options.as_json
def command(
    *,
    source: str,
    table: str,
    target: str,
    people: Population,
    keys: tuple[str, ...],
    events: bool,
    enabled_only: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Write each person's answers as an assignment table, or as events for a client's sink.

    Each row has an id derived from the snapshot, the flag and the person. The ids are the same in
    every run, so loading the output twice is harmless. Unresolved answers are left out.

    \b
    flagengine exposures definitions.json people.parquet -o assignments.parquet --flag checkout
    flagengine exposures definitions.json people.parquet -o events.jsonl --events
    """  # noqa: D301 (click keeps the lines after it as they are)
    if target == "-":
        raise Trouble("--output must be a file, got - (standard output)")
    needs("batch")
    snapshot = read_snapshot(source)
    check_keys(shown_name(source), keys, snapshot.keys)
    shape = {"events": events, "enabled_only": enabled_only}
    rows = _written(snapshot, table, Path(target), people, keys, shape, quiet=quiet)
    if as_json:
        print_json({"fingerprint": snapshot.fingerprint, "rows": rows})
    else:
        print_lines([f"wrote {rows:,} exposures to {target}"])


def _written(
    snapshot: "Snapshot",
    table: str,
    target: Path,
    people: Population,
    keys: tuple[str, ...],
    shape: dict[str, bool],
    *,
    quiet: bool,
) -> int:
    from flagengine.batch import exposures  # noqa: PLC0415 (an extra)
    from flagengine.batch.files import write_file, write_lines  # noqa: PLC0415 (an extra)
    from flagengine.cli.tables import opened, shown_people, troubles  # noqa: PLC0415 (an extra)

    file = opened(table, people)
    with troubles(table):
        rows = shown_people(file, quiet=quiet)
        chosen: dict[str, Any] = {"flag_keys": keys or None} | people.arguments
        found = exposures(snapshot, rows, enabled_only=shape["enabled_only"], **chosen)
        if shape["events"]:
            return write_lines(target, found.event_batches(), inputs=[Path(table)])
        return write_file(target, found.schema, found, inputs=[Path(table)])
