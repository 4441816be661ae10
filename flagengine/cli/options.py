"""The options that commands share; person.py reads those that describe a person."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final, TypeVar

import click

from flagengine.cli.person import read_person
from flagengine.cli.trouble import Trouble

__all__ = ["READING", "as_json", "flags", "person", "source"]

F = TypeVar("F", bound=Callable[..., Any])

source = click.argument("source", metavar="FILE")
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for machines.")
flags = click.option("--flag", "keys", multiple=True, metavar="KEY", help="Only this flag.")

READING: Final = (
    click.option(
        "--now",
        metavar="TIME",
        help="The time for date filters: 2026-11-24T12:00:00+01:00. Default: the present.",
    ),
    click.option(
        "--timezone",
        default="UTC",
        show_default=True,
        metavar="ZONE",
        help="The project's time zone, for dates without an offset.",
    ),
    click.option(
        "--complete",
        is_flag=True,
        help="The properties given are complete: absent properties answer as on the server.",
    ),
    click.option(
        "--missing-group",
        type=click.Choice(["as_server", "unresolved", "false"]),
        default="as_server",
        show_default=True,
        help="What a group that is not given means; false is a deprecated name of as_server.",
    ),
)
"""How inputs are read, whether of one person or of a table."""

_PERSON: Final = (
    click.option("--distinct-id", metavar="ID", help="Who is evaluated."),
    click.option(
        "--property",
        "pairs",
        multiple=True,
        metavar="KEY=VALUE",
        help="A person property; VALUE is JSON (7, true, [1]), or else text.",
    ),
    click.option(
        "--properties",
        metavar="FILE|JSON",
        help="Person properties as a JSON object, or a file that holds one.",
    ),
    click.option(
        "--group", "groups", multiple=True, metavar="TYPE=KEY", help="A group: company=acme."
    ),
    click.option(
        "--group-property",
        "group_pairs",
        multiple=True,
        metavar="TYPE.KEY=VALUE",
        help="A property of a group: company.tier=gold.",
    ),
    click.option("--device-id", metavar="ID", help="For flags that are bucketed by device."),
    *READING,
    click.option(
        "--override",
        "overrides",
        multiple=True,
        metavar="FLAG=VALUE",
        help="Use true, false, a variant, or null for no such flag, instead of evaluating.",
    ),
    click.option(
        "--runtime",
        type=click.Choice(["client", "server"]),
        help="Leave out the flags of the other runtime.",
    ),
    click.option(
        "--context",
        "contexts",
        multiple=True,
        metavar="NAME",
        help="Leave out flags that are tagged with none of these evaluation contexts.",
    ),
)


def person(command: F) -> F:
    """Add the options that describe a person; the command gets them as one ``person``."""
    gathered: Callable[..., Any] = _gathering(command)
    for option in reversed(_PERSON):
        gathered = option(gathered)
    return gathered  # type: ignore[return-value]


def _gathering(command: F) -> F:
    @wraps(command)
    def gathered(*, source: str, **parameters: Any) -> Any:
        own = {name: parameters.pop(name) for name in _names()}
        if own["properties"] == source == "-":
            raise Trouble("standard input cannot hold both the definitions and --properties")
        return command(source=source, person=read_person(**own), **parameters)

    return gathered  # type: ignore[return-value]


def _names() -> list[str]:
    """Return the parameter names of the person's options."""

    @click.command()
    def probe() -> None: ...

    for option in _PERSON:
        option(probe)
    return [str(parameter.name) for parameter in probe.params]
