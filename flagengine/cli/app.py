"""The command group: each module of ``commands`` is a command, found by its file name.

Other packages add commands as entry points of the group ``flagengine.commands``. A command is imported
when it is used, so what one needs costs the others nothing.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import click

from flagengine import __version__
from flagengine.cli import commands
from flagengine.cli.added_commands import added_commands, load_command
from flagengine.cli.trouble import EXIT_CODES, Trouble, did_you_mean
from flagengine.hashing.buckets import ACCELERATOR
from flagengine.values.printable import printable

__all__ = ["cli"]


class Commands(click.Group):
    """The modules of :mod:`flagengine.cli.commands`, and the commands that other packages add."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands."""
        del ctx
        return sorted({*_own(), *added_commands()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None for an unknown name. A name of this package wins."""
        del ctx
        if cmd_name in _own():
            module = import_module(f"{commands.__name__}.{cmd_name.replace('-', '_')}")
            command: click.Command = module.command
            return command
        return load_command(cmd_name)

    def main(self, *args: Any, **options: Any) -> Any:
        """Run the command line, or complete what a shell asks for."""
        if "_FLAGENGINE_COMPLETE" in os.environ:
            from flagengine.cli.completion import register  # noqa: PLC0415 for shells only

            register()
        return super().main(*args, **options)

    def make_context(self, *args: Any, **options: Any) -> click.Context:
        """Read the arguments before the command's name; the error is printable."""
        with _printable_errors():
            return super().make_context(*args, **options)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; its error, also one of click's about an argument, is printable."""
        with _printable_errors():
            return super().invoke(ctx)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; raise `Trouble` that suggests the nearest known command."""
        # The commands of other packages are looked for only if the name is not one of this package's.
        if args and args[0] not in _own() and not args[0].startswith("-"):
            known = self.list_commands(ctx)
            if args[0] not in known:
                raise Trouble(f"unknown command {args[0]!r}{did_you_mean(args[0], known)}")
        return super().resolve_command(ctx, args)


def _own() -> list[str]:
    return [name.replace("_", "-") for _, name, _ in iter_modules(commands.__path__)]


@contextmanager
def _printable_errors() -> Iterator[None]:
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise  # its message is the help
    except click.ClickException as error:
        setattr(error, "message", printable(error.message))  # noqa: B010 (Final in some releases)
        raise


@click.group(
    cls=Commands, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, message=f"%(prog)s %(version)s, hash accelerator: {ACCELERATOR}")
def cli() -> None:
    """Evaluate, explain and check feature flag definitions on this machine.

    FILE holds the body of GET /flags/definitions?send_cohorts; - reads standard input.
    """
