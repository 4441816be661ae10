"""The commands that other packages add, as entry points of the group ``flagengine.commands``.

An entry point names a :class:`click.Command`. What cannot be loaded is a command that says so, because the
others must go on working.
"""

from importlib.metadata import EntryPoint, entry_points
from typing import Final

import click

from flagengine.cli.trouble import Trouble

__all__ = ["GROUP", "added_commands", "load_command"]

GROUP: Final = "flagengine.commands"


def added_commands() -> dict[str, EntryPoint]:
    """Return the entry points by the names of their commands; of two with one name, the first."""
    found: dict[str, EntryPoint] = {}
    for entry in entry_points(group=GROUP):
        found.setdefault(entry.name, entry)
    return found


def load_command(name: str) -> click.Command | None:
    """Return a command; None for an unknown name."""
    entry = added_commands().get(name)
    if entry is None:
        return None
    try:
        command = entry.load()
    except Exception as error:  # noqa: BLE001 (of a foreign package)
        return _broken(name, f"{entry.value} cannot be loaded: {type(error).__name__}: {error}")
    if not isinstance(command, click.Command):
        kind = type(command).__name__
        return _broken(name, f"{entry.value} must be a command of click, got {kind}")
    return command


def _broken(name: str, why: str) -> click.Command:
    @click.command(
        name,
        short_help="(cannot be loaded)",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
    def command() -> None:
        raise Trouble(f"command {name}: {why}")

    return command
