"""EDGE: the ``flagengine`` command. Reads files and prints; decides nothing about flags.

One file per command under ``commands/``; a file put there is a command, by its name.
"""

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line, or say which extra it needs."""
    try:
        import click  # noqa: F401, PLC0415 (an extra)
        import rich  # noqa: F401, PLC0415 (an extra)
    except ModuleNotFoundError as error:
        need = f"flagengine: the command line needs {error.name}: pip install 'flagengine[cli]'"
        print(need, file=sys.stderr)  # noqa: T201 (nothing to print with)
        raise SystemExit(2) from None
    from flagengine.cli.app import cli  # noqa: PLC0415 (only now it can be imported)

    cli(prog_name="flagengine")
