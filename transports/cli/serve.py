"""``flagengine serve``: a server that SDKs take for PostHog's."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import click

from flagengine.cli.output import print_error
from flagengine.cli.trouble import EXIT_CODES, Trouble

from .keys import PROJECT_VARIABLES, SECRET_VARIABLES
from .serve_checks import check_definitions, check_paths
from .serve_configuration import configuration_from

if TYPE_CHECKING:  # not for the help
    from ..server.configuration import Configuration
    from ..server.server import Server

__all__ = ["command"]

_OF_THIS_MACHINE: Final = ("127.0.0.1", "localhost", "::1")
_FEW: Final = 5


@click.command(epilog=EXIT_CODES)
@click.argument("source", metavar="[FILE]", required=False)
@click.option(
    "--config",
    "config",
    metavar="FILE",
    help="A TOML file with all settings; only --host and --port may stand beside it.",
)
@click.option(
    "--check", is_flag=True, help="Check the settings and the definitions in files, and end."
)
@click.option("--host", metavar="ADDRESS", help="Where to listen. Default: 127.0.0.1.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    help="Default: 8765; 0 is any free port.",
)
@click.option(
    "--upstream",
    metavar="URL",
    help="Be a relay of this PostHog host: definitions come from there, and events go there.",
)
@click.option(
    "--project-key",
    metavar="KEY",
    help=f"The key of the project (phc_...), which is no secret. Default: {' or '.join(PROJECT_VARIABLES)}; "
    "for a FILE any key.",
)
@click.option(
    "--secret-key-env",
    multiple=True,
    metavar="NAME",
    help="A variable with a secret or personal key that may read definitions; the first is used upstream. "
    f"Default: {' or '.join(SECRET_VARIABLES)}; for a FILE any key.",
)
@click.option(
    "--secret-key-file", multiple=True, metavar="FILE", help="A file with such a key instead."
)
@click.option("--poll-interval", type=float, metavar="SECONDS", help="Default: 30; for a FILE 1.")
@click.option(
    "--redis-url-env",
    metavar="NAME",
    help="A variable with the address of the Redis that shares definitions.",
)
@click.option(
    "--shared-folder",
    metavar="FOLDER",
    help="The folder in which servers of this host share definitions.",
)
@click.option(
    "--events", metavar="FOLDER", help="Where accepted events are kept until upstream has them."
)
@click.option(
    "--overrides", metavar="FILE", help="Forced values, JSON or TOML; read again when it changes."
)
@click.option(
    "--complete/--no-complete",
    default=None,
    help="Whether the properties in a request are all there are. Default: they are without --upstream.",
)
@click.option(
    "--development/--no-development",
    default=None,
    help="Show the page at /, keep events readable, and take forced values in a header. Default: for a FILE.",
)
@click.option(
    "--compare-with",
    metavar="FILE",
    help="A definitions file that the page at / compares with, besides those that are given to it.",
)
@click.option(
    "--control-key-env", metavar="NAME", help="A variable with the key that opens the control API."
)
@click.option(
    "--origin",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    help="An origin that browsers may call from. Default: all.",
)
@click.option(
    "--allowed-host",
    "allowed_hosts",
    multiple=True,
    metavar="NAME",
    help="A name, besides localhost and addresses, by which browsers may open the page at / and read events; "
    "*.example.com is all below, * all.",
)
@click.option(
    "--prefix", metavar="PATH", help="The path that the server is mounted under, such as /ph."
)
@click.option(
    "--requests-per-second",
    type=float,
    metavar="NUMBER",
    help="The most requests of the project's key.",
)
@click.option(
    "--access-log",
    type=click.Choice(["text", "json", "none"]),
    help="A line for each request. Default: none.",
)
@click.option(
    "--traces", is_flag=True, default=None, help="Give OpenTelemetry a span for each request."
)
def command(source: str | None, config: str | None, *, check: bool, **given: Any) -> None:
    """Serve flags to PostHog's SDKs and OpenFeature's.

    With a definitions FILE, for development and tests: no account and no keys are needed, and the file is read
    again when it changes. With --upstream, as a relay for a whole fleet.

    \b
    flagengine serve definitions.json
    flagengine serve --upstream https://eu.i.posthog.com --events /var/lib/flagengine
    flagengine serve --config server.toml
    """  # noqa: D301 (click keeps the lines after it as they are)
    options = dict(_options())
    chosen = configuration_from(source, config, _given(given), options)
    check_paths(chosen, config, options, makes_folders=not check)
    server = _server(chosen)
    if check:
        if config is not None:  # a FILE has been read
            check_definitions(chosen, config)
        print_error("the settings are good")
        return
    _serve(server, chosen, source)


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value not in (None, ())}


def _options() -> Iterator[tuple[str, str]]:
    """Yield the name of each setting that is an option, and the option."""
    for each in command.params:
        if isinstance(each, click.Option) and each.name is not None:
            yield each.name, each.opts[0]


def _server(chosen: Configuration) -> Server:
    from ..server.server import Server  # noqa: PLC0415 not for the help

    try:
        return Server(chosen.settings)
    except ValueError as error:
        raise Trouble(str(error)) from None


def _serve(server: Server, chosen: Configuration, source: str | None) -> None:
    try:
        from ..server.run import run  # noqa: PLC0415 not for the help
    except ImportError as error:
        raise Trouble(str(error)) from None
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s")
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    settings = chosen.settings
    names = [project.name for project in settings.projects]
    projects = ", ".join(names) if len(names) <= _FEW else f"{len(names)} projects"
    what = f"the flags of {source or projects}"
    mode = " for development" if settings.is_development else ""

    def say(port: int) -> None:
        shown = chosen.host if ":" not in chosen.host else f"[{chosen.host}]"
        print_error(f"http://{shown}:{port}{settings.prefix} serves {what}{mode}; Ctrl-C ends it")
        if settings.is_development and chosen.host not in _OF_THIS_MACHINE:
            print_error(
                "warning: for development, and open to other machines: they see every event"
            )

    try:
        run(server, host=chosen.host, port=chosen.port, on_ready=say)
    except OSError as error:
        raise Trouble(error.strerror or str(error)) from None
