"""EDGE: the ``flagengine`` command. It reads files and prints; it must not decide about flags.

Each module under ``commands/`` is a command of the same name.
"""

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line; exit with 2 and the extra to install if a package is missing."""
    try:
        import click  # noqa: F401, PLC0415 (an extra)
        import rich  # noqa: F401, PLC0415 (an extra)
    except ModuleNotFoundError as error:
        need = f"flagengine: the command line needs {error.name}: pip install 'flagengine[cli]'"
        print(need, file=sys.stderr)  # noqa: T201 (nothing to print with)
        raise SystemExit(2) from None
    from flagengine.cli.app import cli  # noqa: PLC0415 (needs the extra)

    cli(prog_name="flagengine")
