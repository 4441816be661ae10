"""``flagengine requirements``: the inputs of each flag, and whether it can be decided locally."""

from typing import Final, Literal

import click

from flagengine.analysis.requirements import Decidability, requirements
from flagengine.cli import options
from flagengine.cli.output import print_json, print_table
from flagengine.cli.reading import read_snapshot, shown_name
from flagengine.cli.trouble import EXIT_CODES, check_keys
from flagengine.cli.wording import needs

__all__ = ["command"]

_STYLES: Final = {
    Decidability.ALWAYS: "green",
    Decidability.SOMETIMES: "yellow",
    Decidability.NEVER: "red",
}
_FAILING: Final = {
    None: (),
    "never": (Decidability.NEVER,),
    "sometimes": (Decidability.NEVER, Decidability.SOMETIMES),
}


@click.command(epilog=f"{EXIT_CODES} Findings: a flag that --fail-on rules out.")
@options.source
@options.flags
@click.option(
    "--fail-on",
    type=click.Choice(["never", "sometimes"]),
    help="Exit with 1 if a flag can never, or not always, be decided locally.",
)
@options.as_json
def command(
    *,
    source: str,
    keys: tuple[str, ...],
    fail_on: Literal["never", "sometimes"] | None,
    as_json: bool,
) -> None:
    """List what each flag needs to be decided locally.

    Print the properties, groups and ids that the flag and its dependencies can need, and
    whether the flag is always, sometimes or never decided once all of these are given.

    \b
    flagengine requirements definitions.json
    flagengine requirements definitions.json --fail-on never
    """  # noqa: D301 (click keeps the lines after it as they are)
    snapshot = read_snapshot(source)
    check_keys(shown_name(source), keys, snapshot.keys)
    known = requirements(snapshot)
    found = [known[key] for key in keys or snapshot.keys]
    if as_json:
        print_json({entry.key: entry.to_dict() for entry in found})
    else:
        rows = [
            (
                entry.key,
                (entry.decided_locally.value, _STYLES[entry.decided_locally]),
                needs(entry.inputs),
                ", ".join(entry.flags),
                "; ".join(entry.why) if entry.decided_locally is not Decidability.ALWAYS else "",
            )
            for entry in found
        ]
        print_table(("flag", "local", "needs", "depends on", "obstacles"), rows)
    if any(entry.decided_locally in _FAILING[fail_on] for entry in found):
        raise SystemExit(1)
