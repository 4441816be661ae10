"""The options that commands share; person.py reads the options that describe a person."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final, TypeVar

import click

from flagengine.cli import completion
from flagengine.cli.person import read_person
from flagengine.cli.trouble import Trouble

__all__ = ["READING", "as_json", "flag_key", "flags", "person", "source", "sources"]

F = TypeVar("F", bound=Callable[..., Any])

source: Callable[[F], F] = click.argument("source", metavar="FILE", shell_complete=completion.files)
sources: Callable[[F], F] = click.argument(
    "sources", metavar="FILE...", nargs=-1, required=True, shell_complete=completion.files
)
flag_key: Callable[[F], F] = click.argument(
    "key", metavar="FLAG", shell_complete=completion.complete_with(completion.flag_keys)
)
as_json: Callable[[F], F] = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
flags: Callable[[F], F] = click.option(
    "--flag",
    "keys",
    multiple=True,
    metavar="KEY",
    help="Only this flag; may be repeated.",
    shell_complete=completion.complete_with(completion.flag_keys),
)

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
        help="Treat the given properties as complete: a missing property does not exist.",
    ),
    click.option(
        "--missing-group",
        type=click.Choice(["as_server", "unresolved", "false"]),
        default="as_server",
        show_default=True,
        help="The answer for a group that is not given; false is a deprecated name of as_server.",
    ),
)
"""The options of evaluation that commands for a person and commands for a table share."""

_PERSON: Final = (
    click.option("--distinct-id", metavar="ID", help="The person to evaluate."),
    click.option(
        "--property",
        "pairs",
        multiple=True,
        metavar="KEY=VALUE",
        shell_complete=completion.complete_with(completion.person_properties),
        help="A person property; VALUE is JSON (7, true, [1]) or text.",
    ),
    click.option(
        "--properties",
        metavar="FILE|JSON",
        shell_complete=completion.files,
        help="Person properties as a JSON object, or a file that contains the object.",
    ),
    click.option(
        "--group",
        "groups",
        multiple=True,
        metavar="TYPE=KEY",
        shell_complete=completion.complete_with(completion.groups),
        help="A group: company=acme.",
    ),
    click.option(
        "--group-property",
        "group_pairs",
        multiple=True,
        metavar="TYPE.KEY=VALUE",
        shell_complete=completion.complete_with(completion.group_properties),
        help="A property of a group: company.tier=gold.",
    ),
    click.option("--device-id", metavar="ID", help="For flags that are bucketed by device."),
    *READING,
    click.option(
        "--override",
        "overrides",
        multiple=True,
        metavar="FLAG=VALUE",
        shell_complete=completion.complete_with(completion.overrides),
        help="Use VALUE instead of evaluating: true, false, a variant, or null for no such flag.",
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
        shell_complete=completion.complete_with(completion.contexts),
        help="Leave out flags whose evaluation contexts include none of the given contexts.",
    ),
)


def person(command: F) -> F:
    """Add the options that describe a person; the command gets a `Person` as ``person``."""
    gathered: Callable[..., Any] = _gathering(command)
    for option in reversed(_PERSON):
        gathered = option(gathered)
    return gathered  # type: ignore[return-value]


def _gathering(command: F) -> F:
    @wraps(command)
    def gathered(*, source: str, **parameters: Any) -> Any:
        own = {name: parameters.pop(name) for name in _names()}
        if own["properties"] == source == "-":
            raise Trouble("only one of FILE and --properties can be - (standard input)")
        return command(source=source, person=read_person(**own), **parameters)

    return gathered  # type: ignore[return-value]


def _names() -> list[str]:
    """Return the parameter names of the person's options."""

    @click.command()
    def probe() -> None: ...

    for option in _PERSON:
        option(probe)
    return [str(parameter.name) for parameter in probe.params]
