"""``flagengine generate``: typed accessors for the flags, or OpenFeature's manifest of them."""

import json
from collections.abc import Iterator
from difflib import unified_diff
from typing import TYPE_CHECKING, Any

import click

from flagengine.cli import options
from flagengine.cli.completion import files
from flagengine.cli.output import Cell, print_error, print_lines, print_text
from flagengine.cli.reading import read_bytes, read_snapshot, shown_name
from flagengine.cli.trouble import EXIT_CODES, Trouble, check_keys
from flagengine.cli.writing import write_whole
from flagengine.values.excerpts import name_excerpt

if TYPE_CHECKING:
    from flagengine.analysis.accessors.module import Caller
    from flagengine.snapshot import Snapshot

__all__ = ["command"]


@click.command(epilog=f"{EXIT_CODES} Findings: with --check, a file that differs.")
@options.source
@click.option(
    "-o",
    "--output",
    "target",
    metavar="FILE",
    shell_complete=files,
    help="Default: standard output.",
)
@click.option(
    "--check",
    "checked",
    metavar="FILE",
    shell_complete=files,
    help="Write nothing; compare with this file.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["python", "openfeature"]),
    default="python",
    show_default=True,
    help="A Python module, or a flag manifest for OpenFeature's command line.",
)
@click.option(
    "--for",
    "callers",
    type=click.Choice(["client", "async-client"]),
    multiple=True,
    help="The kind of client: Client, the default, or AsyncClient; may be repeated for both.",
)
@options.flags
def command(
    *,
    source: str,
    target: str | None,
    checked: str | None,
    form: str,
    callers: "tuple[Caller, ...]",
    keys: tuple[str, ...],
) -> None:
    """Write a Python module with a typed accessor for each flag.

    A type checker then finds misspelt flags, variants and payload members. The text depends on the
    definitions alone, so --check tells whether the module is up to date.

    \b
    flagengine generate definitions.json -o flags.py
    flagengine generate definitions.json --check flags.py
    flagengine generate definitions.json --format openfeature -o flags.json
    """  # noqa: D301 (click keeps the lines after it as they are)
    if target is not None and checked is not None:
        raise Trouble("only one of --output and --check can be given")
    if form != "python" and callers:
        raise Trouble(f"--for is for Python modules, got --format {form}")
    snapshot = read_snapshot(source)
    check_keys(shown_name(source), keys, snapshot.keys)
    text = _python(snapshot, keys, callers) if form == "python" else _manifest(snapshot, keys)
    if checked is not None:
        _compare(checked, text)
    elif target is None or target == "-":
        print_text(text)
    else:
        write_whole(target, text.encode())


def _python(snapshot: "Snapshot", keys: tuple[str, ...], callers: "tuple[Caller, ...]") -> str:
    from flagengine.analysis.accessors.module import python_module  # noqa: PLC0415 one format

    return python_module(snapshot, keys or None, callers or ("client",))


def _manifest(snapshot: "Snapshot", keys: tuple[str, ...]) -> str:
    from flagengine.analysis.accessors.manifest import (  # noqa: PLC0415 one format
        flag_manifest,
        without_place,
    )

    for key in without_place(snapshot, keys or None):
        print_error(f"left out {name_excerpt(key)!r}: a manifest cannot hold it")
    manifest: Any = flag_manifest(snapshot, keys or None)
    return json.dumps(manifest, indent=2) + "\n"


def _compare(name: str, wanted: str) -> None:
    """Exit with 1 if a file differs from the text, and print the differences."""
    there = read_bytes(name).decode("utf-8", "backslashreplace").splitlines()
    lines = wanted.splitlines()
    if there == lines:
        print_lines([[(f"{name} is up to date", "green")]])
        return
    print_lines(_differences(name, there, lines), wraps=False)
    raise SystemExit(1)


def _differences(name: str, there: list[str], lines: list[str]) -> Iterator[list[Cell]]:
    styles = {"+": "green", "-": "red", "@": "cyan"}
    for line in unified_diff(there, lines, name, "as generated now", lineterm=""):
        yield [(line, styles.get(line[:1], ""))]
    yield [f"{name} differs from the definitions: generate the file again"]
