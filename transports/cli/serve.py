"""``flagengine serve``: a server that SDKs take for PostHog's."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import click

from flagengine.cli.output import print_error
from flagengine.cli.reading import read_snapshot
from flagengine.cli.trouble import EXIT_CODES, Trouble

from ..polling.sources.file import FileDefinitions
from ..server.settings import ProjectSettings, ServerSettings

__all__ = ["command"]


@click.command(epilog=EXIT_CODES)
@click.argument("source", metavar="FILE")
@click.option("--host", "address", default="127.0.0.1", show_default=True, metavar="ADDRESS")
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True)
def command(*, source: str, address: str, port: int) -> None:
    """Serve the flags of a definitions file to SDKs, for development and tests."""
    read_snapshot(source)
    settings = ServerSettings(
        projects=(
            ProjectSettings(source=FileDefinitions(Path(source)), poll_interval=1.0, complete=True),
        ),
        is_development=True,
    )
    try:
        from ..server.run import run  # noqa: PLC0415 not for the help
    except ModuleNotFoundError as error:
        raise Trouble(str(error)) from None
    from ..server.server import Server  # noqa: PLC0415 the same

    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s")
    print_error(f"http://{address}:{port} serves the flags of {source}")
    run(Server(settings), host=address, port=port)
