"""Printing: JSON for machines, tables for people, colour only on a terminal.

All output passes through this module and all errors through `trouble.py`: both escape what is not
printable, so a flag's name cannot send commands to a terminal.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any, Final

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from flagengine.cli.layout import column_widths, stacked, wrapped
from flagengine.values.printable import printable, printable_json

__all__ = ["Cell", "print_error", "print_json", "print_lines", "print_table", "print_text"]

_PIPED: Final = 120
"""The width of tables in a pipe or a file; what machines read is printed with --json."""

_ASCII: Final = str.maketrans(
    dict(zip("├└│─✓✗…→", ["|", "`", "|", "-", "+", "x", "...", "->"], strict=True))
    | dict(zip("▁▂▃▄▅▆▇█", "12345678", strict=True))
)
"""ASCII for characters that the output's encoding may lack."""

Cell = str | tuple[str, str]
"""A text, or a text and its style."""


def print_json(value: Any) -> None:
    """Print a JSON value; what is not printable is written as JSON's own escapes."""
    is_ascii = not _is_unicode(sys.stdout.encoding or "utf-8")
    _write(printable_json(json.dumps(value, indent=2, ensure_ascii=is_ascii)))


def print_text(text: str) -> None:
    """Print text that is printable already and has its line breaks, such as generated source."""
    _write(text.removesuffix("\n"))


def print_error(text: str) -> None:
    """Print one line to standard error."""
    click.echo(printable(text), err=True)


def print_lines(lines: Iterable[Sequence[Cell]], *, wraps: bool = True) -> None:
    """Print lines, each a list of cells; on a terminal they wrap at words, unless they are code."""
    console = _console()
    wraps = wraps and sys.stdout.isatty()
    with console.capture() as captured:
        for line in lines:
            parts = [_text(cell) for cell in line]
            texts = wrapped(parts, console.width) if wraps else [_joined(parts)]
            for text in texts:
                console.print(text, soft_wrap=True)
    _write(captured.get().removesuffix("\n"))


def print_table(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Print a table whose cells wrap at words; where words would not fit, print each row as lines."""
    cells = [[_text(cell) for cell in row] for row in rows]
    console = _console()
    widths = column_widths([[Text(name) for name in header], *cells], console.width)
    with console.capture() as captured:
        if widths is None:
            for text in stacked(header, cells, console.width):
                console.print(text, soft_wrap=True)
        else:
            console.print(_table(header, cells, widths))
    lines = captured.get().splitlines()
    _write("\n".join(lines if console.is_terminal else map(str.rstrip, lines)))


def _table(header: Sequence[str], cells: Sequence[Sequence[Text]], widths: Sequence[int]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name, width in zip(header, widths, strict=True):
        table.add_column(name, width=width)
    for row in cells:
        table.add_row(*row)
    return table


def _console() -> Console:
    width = None if sys.stdout.isatty() else _PIPED
    return Console(width=width, highlight=False, markup=False, emoji=False)


def _joined(parts: Sequence[Text]) -> Text:
    return Text.assemble(*parts)


def _text(cell: Cell) -> Text:
    text, style = (cell, "") if isinstance(cell, str) else cell
    return Text(printable(text), style)


def _write(text: str) -> None:
    """Print text in the encoding of the output."""
    encoding = sys.stdout.encoding or "utf-8"
    if not _is_unicode(encoding):
        text = text.translate(_ASCII)
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    sys.stdout.flush()


def _is_unicode(encoding: str) -> bool:
    return encoding.lower().replace("-", "").startswith("utf")
