"""``flagengine explain``: the reasons for one person's answer."""

from collections.abc import Iterator, Sequence
from typing import Final

import click

from flagengine.analysis.explanation import Line, explain
from flagengine.cli import options
from flagengine.cli.output import Cell, print_json, print_lines
from flagengine.cli.person import Person
from flagengine.cli.reading import read_snapshot, shown_name
from flagengine.cli.trouble import EXIT_CODES, check_keys, wrong_argument
from flagengine.inputs.overrides import Overrides

__all__ = ["command"]

_STYLES: Final = {"✓": "green", "✗": "red", "?": "yellow"}


@click.command(epilog=EXIT_CODES)
@options.source
@options.flag_key
@options.person
@click.option("--redact", is_flag=True, help="Hide the values of properties.")
@options.as_json
def command(*, source: str, key: str, person: Person, redact: bool, as_json: bool) -> None:
    """Explain one flag's answer for one person.

    Print every condition with its filters, the values compared, the bucket numbers and their
    bounds, and what decided; if nothing did, print the fewest inputs that would.

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
        tree = explanation.to_line()
        print_lines([[(tree.text, "bold")], *_drawn(tree.children, "")])


def _drawn(lines: Sequence[Line], indent: str) -> Iterator[Sequence[Cell]]:
    """Yield the tree line by line, so that a line break in a name cannot break a line."""
    for position, line in enumerate(lines):
        is_last = position == len(lines) - 1
        branch = f"{indent}{'└─' if is_last else '├─'} "
        yield [branch, (line.text, _STYLES.get(line.text[:1], ""))]
        yield from _drawn(line.children, indent + ("   " if is_last else "│  "))
