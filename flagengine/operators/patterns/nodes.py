"""The meaning of a pattern as a small tree, without its syntax.

This module knows nothing of RE2 or of the server's engines.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from flagengine.operators.patterns.charset import CharSet

__all__ = [
    "EMPTY",
    "Alternatives",
    "Assertion",
    "Chars",
    "Group",
    "Literal",
    "Node",
    "Repeat",
    "Sequence",
    "children",
    "is_nullable",
    "walk",
]


class Assertion(Enum):
    """A condition on a position."""

    TEXT_START = auto()
    TEXT_END = auto()
    LINE_START = auto()
    LINE_END = auto()
    WORD_BOUNDARY = auto()
    NO_WORD_BOUNDARY = auto()


@dataclass(frozen=True, slots=True)
class Literal:
    """One character that matches itself."""

    char: str


@dataclass(frozen=True, slots=True)
class Chars:
    """Any one character of a set."""

    members: CharSet


@dataclass(frozen=True, slots=True)
class Sequence:
    """The items one after another; the empty sequence is `EMPTY`."""

    items: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Alternatives:
    """Any one of the items."""

    items: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Group:
    """A capturing group; it captures nothing, but may be repeated even if it is empty."""

    item: "Node"


@dataclass(frozen=True, slots=True)
class Repeat:
    """The item `least` to `most` times in a row; without an upper limit if `most` is None."""

    item: "Node"
    least: int
    most: int | None


Node = Literal | Chars | Assertion | Sequence | Alternatives | Group | Repeat
EMPTY: Final = Sequence(())


def walk(node: Node) -> Iterator[Node]:
    """Yield the node and everything below it."""
    yield node
    for child in children(node):
        yield from walk(child)


def children(node: Node) -> "tuple[Node, ...]":
    """Return the nodes directly below a node."""
    if isinstance(node, Sequence | Alternatives):
        return node.items
    return (node.item,) if isinstance(node, Group | Repeat) else ()


def is_nullable(node: Node) -> bool:
    """Tell whether the node can match the empty text."""
    if isinstance(node, Repeat) and node.least == 0:
        return True
    if isinstance(node, Alternatives):
        return any(map(is_nullable, node.items))
    return not isinstance(node, Literal | Chars) and all(map(is_nullable, children(node)))
