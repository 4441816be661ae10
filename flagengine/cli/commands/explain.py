"""``flagengine explain``: why one person gets one answer."""

from typing import Final

import click

from flagengine.cli import options
from flagengine.cli.output import print_json, print_lines
from flagengine.cli.person import Person
from flagengine.cli.reading import read_snapshot, shown_name
from flagengine.cli.trouble import EXIT_CODES, check_keys, wrong_argument
from flagengine.evaluator import explain
from flagengine.overrides import Overrides

__all__ = ["command"]

_STYLES: Final = {"✓": "green", "✗": "red", "?": "yellow"}
_BRANCHES: Final = "│├└─ "


@click.command(epilog=EXIT_CODES)
@options.source
@click.argument("key", metavar="FLAG")
@options.person
@click.option("--redact", is_flag=True, help="Leave out the values of properties.")
@options.as_json
def command(*, source: str, key: str, person: Person, redact: bool, as_json: bool) -> None:
    """Explain one flag's answer for one person.

    Every condition with its filters, the values compared, bucket numbers against their bounds,
    what decided, and if nothing did, the fewest inputs that would.

    \b
    flagengine explain definitions.json new-checkout --distinct-id user-1 --property plan=pro
    """  # noqa: D301 (click keeps the lines after it as they are)
    snapshot = read_snapshot(source)
    overridden = Overrides.parse(person.options.get("overrides")).flags
    check_keys(shown_name(source), [key], {**snapshot.keys, **overridden})
    try:
        explanation = explain(
            snapshot,
            key,
            person.distinct_id,
            person.properties,
            redact=redact,
            **person.options,
        )
    except (TypeError, ValueError) as error:
        raise wrong_argument(error) from None
    if as_json:
        print_json(explanation.to_dict())
    else:
        first, *rest = str(explanation).split("\n")
        print_lines([(first, "bold"), *((line, _style(line)) for line in rest)])


def _style(line: str) -> str:
    return _STYLES.get(line.lstrip(_BRANCHES)[:1], "")
