"""What shells complete: files, and names from the definitions that the command line already names.

A completion is text from the definitions in a command line that is then run. So only names without any
sign that a shell obeys are offered.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Final

import click
from click.shell_completion import BashComplete, CompletionItem, add_completion_class

from flagengine.snapshot import Snapshot

if TYPE_CHECKING:
    from flagengine.analysis.requirements import Requirements

__all__ = [
    "SHELLS",
    "complete_with",
    "contexts",
    "files",
    "flag_keys",
    "group_properties",
    "groups",
]
__all__ += ["overrides", "person_properties", "register"]

SHELLS: Final = ("bash", "zsh", "fish")

_HARMLESS: Final = re.compile(r"[A-Za-z0-9_.@%+,/][A-Za-z0-9_.:@%+,/=-]*")
_SOURCES: Final = ("source", "sources", "old_source", "new_source")
_SPACE: Final = "COMPREPLY+=($value)"

Names = Callable[[Snapshot], Iterable[str]]
Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def files(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the names of files."""
    del ctx, param
    return [CompletionItem(incomplete, type="file")]


def complete_with(names: Names) -> Complete:
    """Return a completion by names that the definitions have; nothing if they cannot be read."""

    def complete(
        ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        del param
        found: dict[str, None] = {}
        for snapshot in _snapshots(ctx):
            found.update(dict.fromkeys(names(snapshot)))
        return [
            CompletionItem(name)
            for name in found
            if name.startswith(incomplete) and _HARMLESS.fullmatch(name)
        ]

    return complete


def _snapshots(ctx: click.Context) -> Iterator[Snapshot]:
    """Yield the definitions that the command line names; standard input is not read."""
    for source in _named(ctx):
        if source != "-":
            snapshot = _read(source)
            if snapshot is not None:
                yield snapshot


def _named(ctx: click.Context) -> list[str]:
    """Return the files of definitions among the arguments.

    Where an option still lacks its value, click has not assigned the arguments to parameters.
    """
    parameters = [each.name for each in ctx.command.params if each.name in _SOURCES]
    given = [ctx.params.get(name) for name in parameters]
    found = [
        source for each in given for source in ([each] if isinstance(each, str) else each or ())
    ]
    return found or ctx.args[: len(parameters)]


def _read(source: str) -> Snapshot | None:
    from flagengine.cli.reading import read_snapshot  # noqa: PLC0415 imports this module's users

    try:
        return read_snapshot(source)
    except click.ClickException:
        return None


def _requirements(snapshot: Snapshot) -> "Iterable[Requirements]":
    from flagengine.analysis.requirements import requirements  # noqa: PLC0415 for shells only

    return requirements(snapshot).values()


def flag_keys(snapshot: Snapshot) -> Iterable[str]:
    """Return the keys of all flags."""
    return snapshot.keys


def person_properties(snapshot: Snapshot) -> Iterator[str]:
    """Yield the person properties that flags read, with the sign for a value."""
    for entry in _requirements(snapshot):
        yield from (f"{name}=" for name in entry.person_properties)


def group_properties(snapshot: Snapshot) -> Iterator[str]:
    """Yield the group properties that flags read, with the sign for a value."""
    for entry in _requirements(snapshot):
        yield from (f"{group}.{name}=" for group, name in entry.group_properties)


def groups(snapshot: Snapshot) -> Iterator[str]:
    """Yield the group types, with the sign for a key."""
    yield from (f"{name}=" for name in snapshot.group_type_mapping.values())


def overrides(snapshot: Snapshot) -> Iterator[str]:
    """Yield the flags with the values that they can be overridden by."""
    for key, flag in snapshot.flags.items():
        values = ["true", "false", *(variant.key for variant in flag.variants)]
        yield from (f"{key}={value}" for value in values)


def contexts(snapshot: Snapshot) -> Iterator[str]:
    """Yield the evaluation contexts."""
    for flag in snapshot.flags.values():
        yield from sorted(flag.evaluation_contexts)


class _Bash(BashComplete):
    """Click's script, without the space after a name that awaits its value."""

    source_template = BashComplete.source_template.replace(
        _SPACE, f"{_SPACE}\n            [[ $value == *= ]] && compopt -o nospace"
    )


def register() -> None:
    """Replace click's script for bash."""
    add_completion_class(_Bash)
