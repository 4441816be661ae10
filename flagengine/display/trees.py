"""A tree of lines as HTML that can be folded, without a script."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, Protocol

from flagengine.display.parts import Html, block, dim, html, joined, tag

__all__ = ["Branch", "tree_html"]

_MOST: Final = 500
"""The most lines that are shown: the text form has all."""

_OPEN: Final = 2
"""The levels that are open at first, conditions and their filters."""

_MARKS: Final = {"✓": "yes", "✗": "no", "?": "doubt"}


class Branch(Protocol):
    """A line, and the lines below it."""

    @property
    def text(self) -> str:
        """The text of the line, which begins with a mark if it is of a test."""

    @property
    def children(self) -> Sequence[Any]:
        """The lines below, which are branches too."""


def tree_html(title: object, branches: Sequence[Branch]) -> str:
    """Return a tree below a title."""
    lines = _Lines(_MOST)
    content = lines.of(branches, 0)
    left = f"only the first {_MOST} lines are shown; print the explanation to see all"
    return block(title, content, dim(left) if lines.left < 0 else "")


class _Lines:
    """The lines of a tree, as long as there is room for more."""

    def __init__(self, most: int) -> None:
        self.left = most

    def of(self, branches: Sequence[Branch], level: int) -> Html:
        items = joined(self._items(branches, level))
        start = "<ul>" if level else '<ul class="fe-tree">'
        return Html(f"{start}{items}</ul>")

    def _items(self, branches: Sequence[Branch], level: int) -> Iterator[Html]:
        for branch in branches:
            self.left -= 1
            if self.left < 0:
                return
            text = _marked(branch.text)
            if branch.children:
                state = " open" if level < _OPEN else ""
                below = self.of(branch.children, level + 1)
                text = Html(f"<details{state}><summary>{text}</summary>{below}</details>")
            yield Html(f"<li>{text}</li>")


def _marked(text: str) -> Html:
    mark, space, rest = text.partition(" ")
    if space and mark in _MARKS:
        return joined([tag(mark, _MARKS[mark]), " ", rest])
    return html(text)
