"""``flagengine requirements``: what each flag needs, and whether it can be decided locally."""

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


@click.command(epilog=f"{EXIT_CODES} Findings: the flags that --fail-on asks about.")
@options.source
@options.flags
@click.option(
    "--fail-on",
    type=click.Choice(["never", "sometimes"]),
    help="Exit with 1 if a flag is decided locally never, or only sometimes.",
)
@options.as_json
def command(
    *,
    source: str,
    keys: tuple[str, ...],
    fail_on: Literal["never", "sometimes"] | None,
    as_json: bool,
) -> None:
    """Say what each flag needs to be decided locally.

    The person and group properties, groups and ids that it can depend on, those of the flags
    below it included, and whether it is decided always, sometimes or never once all are given.

    \b
    flagengine requirements definitions.json
    flagengine requirements definitions.json --fail-on never
    """  # noqa: D301 (click keeps the lines after it as they are)
    snapshot = read_snapshot(source)
    check_keys(shown_name(source), keys, snapshot.keys)
    known = requirements(snapshot)
    found = [known[key] for key in keys or snapshot.keys]
    if as_json:
        print_json({one.key: one.to_dict() for one in found})
    else:
        rows = [
            (
                one.key,
                (one.decided_locally.value, _STYLES[one.decided_locally]),
                needs(one.inputs),
                ", ".join(one.flags),
                "; ".join(one.why) if one.decided_locally is not Decidability.ALWAYS else "",
            )
            for one in found
        ]
        print_table(("flag", "local", "needs", "depends on", "in the way"), rows)
    if any(one.decided_locally in _FAILING[fail_on] for one in found):
        raise SystemExit(1)
