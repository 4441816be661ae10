"""EDGE: the ``flagengine`` command. It reads files and prints; it must not decide about flags.

Each module under ``commands/`` is a command of the same name.
"""

import os
import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line; exit with 2 and one line if it cannot run, or print its output."""
    if sys.stdout is None:
        raise _stopped("standard output is closed")
    try:
        import click  # noqa: F401, PLC0415 (an extra)
        import rich  # noqa: F401, PLC0415 (an extra)
    except ModuleNotFoundError as error:
        need = f"the command line needs {error.name}: pip install 'flagengine[cli]'"
        raise _stopped(need) from None
    from flagengine.cli.app import cli  # noqa: PLC0415 (needs the extra)

    try:
        cli(prog_name="flagengine")
    except OSError as error:
        if error.filename is not None:  # no failure of the output
            raise
        # What is still in the buffer would fail again when the process ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise _stopped(f"cannot print the output: {error.strerror}") from None


def _stopped(why: str) -> SystemExit:
    print(f"flagengine: {why}", file=sys.stderr)  # noqa: T201 (nothing to print with)
    return SystemExit(2)
