"""A ramp as HTML for a notebook, from its ``to_dict``."""

from collections.abc import Mapping
from typing import Any

from flagengine.display.parts import bar, block, code, joined, number, table
from flagengine.values.excerpts import name_excerpt

__all__ = ["steps_html"]


def steps_html(found: Mapping[str, Any]) -> str:
    """Return a table of the steps."""
    people = max(found["people"], 1)
    title = [
        code(name_excerpt(found["flag"])),
        f" over {found['people']:,} people; now it is on for ",
    ]
    title += [f"{found['on_now']:,} ({found['on_now'] / people:.1%})"]
    rows = (
        (
            number(f"{step['percentage']:g} %"),
            number(f"{step['on']:,}"),
            number(f"{step['share']:.1%}"),
            bar(step["share"]),
            number(f"{step['turned_on']:,}"),
            number(f"{step['turned_off']:,}"),
            number(f"{step['changed']:,}"),
        )
        for step in found["steps"]
    )
    names = ("rollout", "on for", "share", "", "turned on", "turned off", "changed")
    return block(joined(title), table([number(name) if name else "" for name in names], rows))
