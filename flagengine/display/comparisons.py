"""What changed between two documents, as a table for a notebook."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from flagengine.display.parts import Html, block, code, dim, html, joined, table, tag
from flagengine.values.excerpts import name_excerpt

__all__ = ["comparison_html"]

_MOST: Final = 100
"""The most flags that are shown: the text form has all."""

_KINDS: Final = {"added": "yes", "removed": "bad", "changed": "doubt", "affected": "doubt"}


def comparison_html(found: Mapping[str, Any]) -> str:
    """Return a comparison in its form as JSON values: the project first, then a row for each flag."""
    flags = found["flags"]
    if not flags and not found["project"]:
        return block("no changes")
    rows: list[Sequence[object]] = []
    if found["project"]:
        rows.append(("the project", "", _changes(found["project"])))
    for flag in flags[:_MOST]:
        status = tag(flag["status"], _KINDS[flag["status"]])
        rows.append((code(name_excerpt(flag["key"])), status, _changes(flag["changes"])))
    title = f"{len(flags):,} {'flag differs' if len(flags) == 1 else 'flags differ'}"
    left = len(flags) - _MOST
    more = dim(f"and {left:,} more; print the comparison to see all") if left > 0 else ""
    return block(title, table(("", "", "changes"), rows), more)


def _changes(changes: Sequence[Mapping[str, Any]]) -> Html:
    return joined(Html(f"<div>{html(change['text'])}</div>") for change in changes)
