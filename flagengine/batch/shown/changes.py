"""The impact of a snapshot as HTML for a notebook, from its ``to_dict``."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from flagengine.display.parts import Html, bar, block, code, dim, joined, number, table
from flagengine.values.excerpts import name_excerpt

__all__ = ["changes_html"]

_MOST: Final = 50
"""The most changes that are shown; the table form has all."""


def changes_html(found: Mapping[str, Any]) -> str:
    """Return a table of the changes, the flag that changes most first."""
    flags = found["flags"]
    changed = [key for key, flag in flags.items() if flag["changed"]]
    title = f"{len(changed):,} of {len(flags):,} flags change for at least 1 of {found['people']:,} people"
    rows = [row for key in changed[: _MOST + 1] for row in _rows(key, flags[key])]
    parts: list[object] = []
    if found["sample"] is not None:
        estimated = f"estimated from a sample of {found['looked_at']:,} people, with 95 % confidence intervals"
        parts.append(dim(estimated))
    if rows:
        header = ("flag", "change", number("people"), "", "because", "for example")
        parts.append(table(header, rows[:_MOST]))
    left = sum(len(flag["transitions"]) for flag in flags.values()) - _MOST
    if left > 0:
        parts.append(dim(f"and {left:,} more changes: .to_pandas() or .to_dict() has all"))
    return block(title, *parts)


def _rows(key: str, flag: Mapping[str, Any]) -> Iterator[tuple[object, ...]]:
    for place, found in enumerate(flag["transitions"]):
        old, new = name_excerpt(found["old"]), name_excerpt(found["new"])
        causes = [name_excerpt(cause["text"]) for cause in found["causes"][:3]]
        if len(found["causes"]) > 3:
            causes.append(f"and {len(found['causes']) - 3} other causes")
        yield (
            "" if place else code(name_excerpt(key)),
            f"{old} → {new}" if old != new else f"{old}: payload changes",
            number(f"{found['rows']:,}"),
            _share(found["share"], found.get("share_95")),
            joined(causes, "; "),
            joined((code(name_excerpt(name)) for name in found["examples"]), ", "),
        )


def _share(share: float, bounds: Sequence[float] | None) -> Html:
    between = "" if bounds is None else f" ({bounds[0]:.2%} to {bounds[1]:.2%})"
    return joined([bar(share), dim(f"{share:.2%}{between}")])
