"""The options that map a table's columns to people; this module works without the extra `batch`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final, TypeVar

import click

from flagengine.cli.options import READING
from flagengine.cli.person import moment_of
from flagengine.cli.trouble import Trouble

__all__ = ["Population", "given_options", "is_given", "needs", "population"]

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS: Final = (
    click.option(
        "--distinct-id",
        default="distinct_id",
        show_default=True,
        metavar="COLUMN",
        help="The column of distinct ids.",
    ),
    click.option(
        "--property",
        "properties",
        multiple=True,
        metavar="[NAME=]COLUMN",
        help="A column to use as a person property. Default: every column that no other option uses.",
    ),
    click.option(
        "--properties-json",
        metavar="COLUMN",
        help="A column that holds all person properties, as JSON text.",
    ),
    click.option(
        "--group", "groups", multiple=True, metavar="TYPE=COLUMN", help="A column of group keys."
    ),
    click.option(
        "--group-property",
        "group_pairs",
        multiple=True,
        metavar="TYPE.NAME=COLUMN",
        help="A column to use as a group property.",
    ),
    click.option(
        "--group-json",
        "group_json",
        multiple=True,
        metavar="TYPE=COLUMN",
        help="A column that holds all properties of a group, as JSON text.",
    ),
    click.option("--device-id", metavar="COLUMN", help="The column of device ids."),
    click.option(
        "--nulls",
        type=click.Choice(["absent", "null"]),
        default="absent",
        show_default=True,
        help="Whether a null in a column is a missing property or the value null.",
    ),
    *READING,
    click.option(
        "--threads", type=click.IntRange(1), help="Number of threads. Default: one per processor."
    ),
    click.option(
        "--batch-rows",
        type=click.IntRange(1),
        default=1 << 16,
        show_default=True,
        help="Rows per batch; more rows need more memory.",
    ),
)


@dataclass(frozen=True, slots=True)
class Population:
    """A table of people: its columns, and the options of the call."""

    columns: dict[str, Any]
    options: dict[str, Any]
    threads: int | None
    batch_rows: int

    @property
    def ids(self) -> frozenset[str]:
        """The columns of ids."""
        groups, device_id = self.columns["groups"], self.columns["device_id"]
        return frozenset({self.columns["distinct_id"], device_id, *groups.values()} - {None})

    @property
    def workers(self) -> int:
        """The number of threads."""
        from flagengine.batch.table import processors  # noqa: PLC0415 (an extra)

        return self.threads or processors()

    @property
    def arguments(self) -> dict[str, Any]:
        """The keyword arguments of the functions on tables of people."""
        shape = {"threads": self.threads, "batch_rows": self.batch_rows}
        return {**self.columns, **self.options, **shape}


def population(command: F) -> F:
    """Add the options that describe a table; the command gets them as the argument ``people``."""

    @wraps(command)
    def gathered(**parameters: Any) -> Any:
        own = {name: parameters.pop(name) for name in _NAMES}
        return command(people=_read(**own), **parameters)

    wrapped: Callable[..., Any] = gathered
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped  # type: ignore[return-value]


def given_options() -> list[str]:
    """Return the names of the options of the running command that describe a table and were given."""
    context = click.get_current_context()
    return [
        parameter.opts[0]
        for parameter in context.command.params
        if parameter.name in _NAMES and is_given(str(parameter.name))
    ]


def is_given(name: str) -> bool:
    """Return whether a parameter of the running command was given, and is not just its default."""
    source = click.get_current_context().get_parameter_source(name)
    return source is click.core.ParameterSource.COMMANDLINE


def _names() -> list[str]:
    @click.command()
    def probe() -> None: ...

    for option in _OPTIONS:
        option(probe)
    return [str(parameter.name) for parameter in probe.params]


_NAMES: Final = _names()


def _read(
    *,
    distinct_id: str,
    properties: Iterable[str],
    properties_json: str | None,
    groups: Iterable[str],
    group_pairs: Iterable[str],
    group_json: Iterable[str],
    device_id: str | None,
    nulls: str,
    now: str | None,
    timezone: str,
    complete: bool,
    missing_group: str,
    threads: int | None,
    batch_rows: int,
) -> Population:
    named = dict(_property(text) for text in properties)
    columns = {
        "distinct_id": distinct_id,
        "person_properties": named or None,
        "person_json": properties_json,
        "groups": _pairs("--group", "company=company_id", groups),
        "group_properties": _by_group(group_pairs),
        "group_json": _pairs("--group-json", "company=company_properties", group_json),
        "device_id": device_id,
        "json_nulls": nulls == "null",
    }
    options = {
        "now": moment_of(now),
        "project_timezone": timezone,
        "complete": complete,
        "missing_group": missing_group,
    }
    return Population(columns, options, threads, batch_rows)


def _property(written: str) -> tuple[str, str]:
    name, sign, column = written.partition("=")
    return (name, column) if sign else (written, written)


def _pairs(option: str, example: str, written: Iterable[str]) -> dict[str, str]:
    found = {}
    for text in written:
        name, sign, column = text.partition("=")
        if not (name and sign and column):
            raise Trouble(f"{option} must be a name, = and a column, as in {example}, got {text}")
        found[name] = column
    return found


def _by_group(written: Iterable[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    pairs = _pairs("--group-property", "company.tier=company_tier", written)
    for path, column in pairs.items():
        group, _, name = path.partition(".")
        if not (group and name):
            raise Trouble(
                "--group-property must have the group type before the property's name, "
                f"as in company.tier=company_tier, got {path}"
            )
        found.setdefault(group, {})[name] = column
    return found


def needs(extra: str) -> None:
    """Raise `Trouble` that names the extra to install if any of its packages is missing."""
    from importlib.util import find_spec  # noqa: PLC0415 (for these commands only)

    wanted = {"batch": ("pyarrow", "numpy"), "spark": ("pyspark",)}[extra]
    lacking = [name for name in wanted if find_spec(name) is None]
    if lacking:
        raise Trouble(
            f"this command needs {' and '.join(lacking)}: pip install 'flagengine[{extra}]'"
        )
