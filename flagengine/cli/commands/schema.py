"""``flagengine schema``: the JSON Schemas of what commands print with ``--json``."""

import json
from importlib.resources import files
from typing import Any

import click

from flagengine.cli.output import print_json
from flagengine.cli.trouble import EXIT_CODES

__all__ = ["command", "names", "schema"]


def names() -> list[str]:
    """Return the names of the commands that have a schema."""
    folder = files("flagengine.cli.schemas")
    return sorted(
        path.name.removesuffix(".json") for path in folder.iterdir() if path.name.endswith(".json")
    )


def schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema of what a command prints with ``--json``."""
    source = files("flagengine.cli.schemas").joinpath(f"{name}.json")
    found: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    return found


@click.command(epilog=EXIT_CODES)
@click.argument("name", metavar="COMMAND", type=click.Choice(names()))
def command(*, name: str) -> None:
    """Print the JSON Schema of what COMMAND prints with --json.

    \b
    flagengine schema evaluate
    """  # noqa: D301 (click keeps the lines after it as they are)
    print_json(schema(name))
