"""``flagengine fetch``: the definitions of a project, from the server into a file."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from flagengine import Snapshot, printable
from flagengine.cli.output import print_error, print_text
from flagengine.cli.reading import snapshot_of
from flagengine.cli.trouble import EXIT_CODES, Trouble
from flagengine.cli.writing import write_whole

from ..http.hosts import DEFAULT_HOST, base_url
from ..option_values.addresses import read_host
from ..polling.fetch_results import Failed, FetchResult, Loaded
from .etags import kept_etag
from .keys import PROJECT_VARIABLES, SECRET_VARIABLES, project_key, secret_key
from .refusals import refusal

__all__ = ["command"]


@click.command(epilog=EXIT_CODES)
@click.option("-o", "--output", "target", metavar="FILE", help="Default: standard output.")
@click.option(
    "--host",
    envvar="POSTHOG_HOST",
    show_envvar=True,
    metavar="URL",
    help=f"Default: {DEFAULT_HOST}.",
)
@click.option(
    "--project-key",
    metavar="KEY",
    help=f"The key of the project (phc_...), which is no secret. Default: {' or '.join(PROJECT_VARIABLES)}.",
)
@click.option(
    "--secret-key-env",
    "variable",
    metavar="NAME",
    help="The environment variable with the secret or personal key. "
    f"Default: {' or '.join(SECRET_VARIABLES)}.",
)
@click.option(
    "--secret-key-file",
    "key_file",
    metavar="FILE",
    help="A file with that key instead; - is stdin.",
)
@click.option(
    "--etag-file",
    metavar="FILE",
    help="Where the version of OUTPUT is kept; an unchanged document is then not sent again.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0.1, 600),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="The time for the whole request.",
)
@click.option("--quiet", is_flag=True, help="Print no summary.")
def command(
    *,
    target: str | None,
    host: str | None,
    project_key: str | None,
    variable: str | None,
    key_file: str | None,
    etag_file: str | None,
    timeout: float,
    quiet: bool,
) -> None:
    """Fetch the definitions of a project with its cohorts.

    The secret key is never an argument, because other users can see arguments. The file is replaced only
    by a complete definitions document, and left alone if nothing changed.

    \b
    export POSTHOG_PROJECT_KEY=phc_... POSTHOG_SECRET_KEY=phs_...
    flagengine fetch -o definitions.json
    flagengine fetch | flagengine validate -
    """  # noqa: D301 (click keeps the lines after it as they are)
    if target == "-":
        target = None
    if etag_file is not None and target is None:
        raise Trouble("--etag-file needs an --output that it belongs to")
    url = _url(host)
    etag = None if etag_file is None or not Path(target or "").is_file() else kept_etag(etag_file)
    found = _fetched(url, project_key, (variable, key_file), timeout, etag)
    if isinstance(found, Failed):
        raise refusal(url, found)
    if not isinstance(found, Loaded):
        _say(f"{target} is unchanged", quiet=quiet)
        return
    _keep(url, found, target, etag_file, quiet=quiet)


def _url(host: str | None) -> str:
    try:
        return base_url(read_host("--host", host))
    except ValueError as error:
        raise Trouble(str(error)) from None


def _fetched(
    url: str,
    given_key: str | None,
    secret: tuple[str | None, str | None],
    timeout: float,
    etag: str | None,
) -> FetchResult:
    from ..http.live import LiveTransport  # noqa: PLC0415 not for the help
    from ..polling.sources.http import HttpDefinitions  # noqa: PLC0415 the same

    names, secret_text = project_key(given_key), secret_key(*secret)
    transport = LiveTransport()
    try:
        transport.prepare()
    except ModuleNotFoundError as error:
        message = f"fetch needs {error.name}: pip install 'flagengine[client]'"
        raise Trouble(message) from None
    source = HttpDefinitions(
        transport, host=url, project_key=names, secret_key=secret_text, timeout=timeout
    )
    try:
        return source.fetch(etag)
    finally:
        transport.close()


def _keep(
    url: str, found: Loaded, target: str | None, etag_file: str | None, *, quiet: bool
) -> None:
    data = found.document
    assert isinstance(data, bytes)  # of a response
    snapshot = snapshot_of(f"{url}/flags/definitions", data)
    if target is None:
        _print(data)
    elif _is_there(target, data):
        _say(f"{target} is unchanged", quiet=quiet)
    else:
        write_whole(target, data)
        _say(f"{target}: {_counted(snapshot, target)}", quiet=quiet)
    if etag_file is not None:
        write_whole(etag_file, f"{found.version or ''}\n".encode())


def _counted(snapshot: Snapshot, target: str) -> str:
    """Return how much the document has, and whether a part of it cannot be read."""
    flags, cohorts = len(snapshot.keys), len(snapshot.to_document().get("cohorts") or ())
    text = f"{_number(flags, 'flag')}, {_number(cohorts, 'cohort')}"
    if not snapshot.issues:
        return text
    found = _number(len(snapshot.issues), "problem")
    return f"{text}, {found}: see flagengine validate {target}"


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _is_there(target: str, data: bytes) -> bool:
    try:
        return Path(target).read_bytes() == data
    except OSError:
        return False


def _print(data: bytes) -> None:
    """Print the document: to a terminal without what a terminal obeys, otherwise as it is."""
    if sys.stdout.isatty():
        lines = data.decode("utf-8", "backslashreplace").splitlines()
        print_text("\n".join(map(printable, lines)))
        return
    sys.stdout.buffer.write(data)
    sys.stdout.flush()


def _say(text: str, *, quiet: bool) -> None:
    if not quiet:
        print_error(text)
