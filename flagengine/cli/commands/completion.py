"""``flagengine completion``: the script that makes a shell complete commands, files and flags."""

from typing import Final

import click
from click.shell_completion import get_completion_class

from flagengine.cli.completion import SHELLS, register
from flagengine.cli.output import print_text
from flagengine.cli.trouble import EXIT_CODES

__all__ = ["command"]

_VARIABLE: Final = "_FLAGENGINE_COMPLETE"


@click.command(
    epilog=EXIT_CODES, short_help="Print the script that completes in bash, zsh or fish."
)
@click.argument("shell", metavar="SHELL", type=click.Choice(SHELLS))
@click.pass_context
def command(context: click.Context, *, shell: str) -> None:
    """Print the script that makes SHELL (bash, zsh or fish) complete flagengine.

    Put one of these lines into the shell's start file:

    \b
    eval "$(flagengine completion bash)"        # ~/.bashrc
    eval "$(flagengine completion zsh)"         # ~/.zshrc
    flagengine completion fish | source         # ~/.config/fish/config.fish
    """  # noqa: D301 (click keeps the lines after it as they are)
    register()
    kind = get_completion_class(shell)
    assert kind is not None  # click has all of them
    root = context.find_root().command
    print_text(kind(root, {}, "flagengine", _VARIABLE).source())
