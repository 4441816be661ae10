"""How tables and lines fit into a width: words stay whole, so what does not fit is stacked or wrapped."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from rich.cells import cell_len
from rich.text import Text

__all__ = ["GAP", "column_widths", "stacked", "wrapped"]

GAP: Final = 3
"""The columns between two cells of a table."""

_INDENT: Final = 2
_LEAST: Final = 16
"""The narrowest column in which lines go on below a part."""

_BRANCHES: Final = str.maketrans({"├": "│", "└": " ", "─": " "})
"""What goes on below a branch of a tree."""


def column_widths(rows: Sequence[Sequence[Text]], width: int) -> list[int] | None:
    """Return the width of each column, the header's row included; None if a word would not fit.

    A column is as wide as its longest cell if there is room. Otherwise the widest columns are cut to
    equal widths, but none below its longest word.
    """
    columns = list(zip(*rows, strict=True))
    longest = [max(map(_longest_line, column)) for column in columns]
    least = [max(map(_longest_word, column)) for column in columns]
    room = width - GAP * (len(columns) - 1)
    if sum(least) > room:
        return None

    def cut(most: int) -> list[int]:
        pairs = zip(longest, least, strict=True)
        return [min(whole, max(word, most)) for whole, word in pairs]

    low, high = 0, max(longest)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if sum(cut(middle)) <= room else (low, middle - 1)
    return cut(low)


def _longest_line(text: Text) -> int:
    return cell_len(text.plain)


def _longest_word(text: Text) -> int:
    return max(map(cell_len, text.plain.split()), default=0)


def stacked(header: Sequence[str], rows: Sequence[Sequence[Text]], width: int) -> Iterator[Text]:
    """Yield each row as a heading, its first cell, with a line for each other cell that is not empty."""
    label = max(map(cell_len, header[1:]), default=0)
    for place, (first, *others) in enumerate(rows):
        if place:
            yield Text()
        if first.plain:
            yield from wrapped([Text(), first], width)
        for name, cell in zip(header[1:], others, strict=True):
            if cell.plain:
                start = Text(f"{' ' * _INDENT}{name.ljust(label)}{' ' * _INDENT}", style="dim")
                yield from wrapped([start, cell], width)


def wrapped(parts: Sequence[Text], width: int) -> Iterator[Text]:
    """Yield a line, or the lines that it takes; the others begin below the last part of the first.

    Where that would leave too little of the width, they begin two columns after the first.
    """
    whole = Text.assemble(*parts)
    if cell_len(whole.plain) <= width:
        yield whole
        return
    last = parts[-1].plain
    start = len(whole.plain) - len(last.lstrip())
    if width - cell_len(whole.plain[:start]) >= _LEAST:
        branches = (char if char in "├└│" else " " for char in whole.plain[:start])
        hanging = "".join(branches).translate(_BRANCHES)
    else:
        start = len(whole.plain) - len(whole.plain.lstrip())
        hanging = " " * (start + _INDENT)
    head, rest = whole.divide([start]) if start else (Text(), whole)
    room = max(width - cell_len(hanging), 1)
    for number, line in enumerate(rest.divide(_breaks(rest.plain, room))):
        line.rstrip()
        yield Text.assemble(hanging if number else head, line)


def _breaks(text: str, room: int) -> list[int]:
    """Return where a text is broken into lines: before words; a word that is too long stays whole."""
    found, start = [], 0
    for word in re.finditer(r"\S+", text):
        if word.start() > start and cell_len(text[start : word.end()]) > room:
            start = word.start()
            found.append(start)
    return found
