"""Overlaps of flags as HTML for a notebook, from their ``to_dict``."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from flagengine.display.parts import Html, block, code, dim, number, table
from flagengine.values.excerpts import name_excerpt

__all__ = ["overlaps_html"]

_MOST: Final = 12
"""The most flags that are shown: a wider table would not be read."""


def overlaps_html(found: Mapping[str, Any]) -> str:
    """Return a table with the share of each flag's people for whom another flag is on."""
    keys, counts = found["flags"][:_MOST], found["counts"]
    title = f"Flags that are on for the same of {found['people']:,} people"
    header = ["of the people with", number("on for"), *(number(name_excerpt(key)) for key in keys)]
    rows = [
        [code(name_excerpt(key)), number(f"{line[place]:,}"), *_shares(line, place, len(keys))]
        for place, (key, line) in enumerate(zip(keys, counts, strict=False))
    ]
    left = len(found["flags"]) - len(keys)
    more = dim(f"and {left:,} more flags: .to_pandas() has all") if left else Html()
    return block(title, table(header, rows), more)


def _shares(line: Sequence[int], own: int, most: int) -> list[Html]:
    return [
        number(dim("-") if place == own else f"{both / max(line[own], 1):.1%}")
        for place, both in enumerate(line[:most])
    ]
