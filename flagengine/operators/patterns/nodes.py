"""The meaning of a pattern as a small tree, and how much work it can be.

`weight` bounds the size of the server's compiled program, `steps` the work of its backtracking
engine; both are upper bounds on purpose. Knows nothing of pattern syntax or of RE2.
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
    "is_nullable",
    "steps",
    "walk",
    "weight",
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
    """One character, as it is."""

    char: str


@dataclass(frozen=True, slots=True)
class Chars:
    """Any one character of a set."""

    members: CharSet


@dataclass(frozen=True, slots=True)
class Sequence:
    """One after the other; the empty sequence is `EMPTY`."""

    items: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Alternatives:
    """Any one of the items."""

    items: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Group:
    """A capturing group: only search matters, so all that is kept is that it may be repeated."""

    item: "Node"


@dataclass(frozen=True, slots=True)
class Repeat:
    """The item `least` to `most` times in a row; `most` None has no end."""

    item: "Node"
    least: int
    most: int | None


Node = Literal | Chars | Assertion | Sequence | Alternatives | Group | Repeat
EMPTY: Final = Sequence(())

# Bytes of the server's compiled program, measured at its size limit and rounded up.
_LITERAL_WEIGHT: Final = 250
_SET_WEIGHT: Final = 1_100
_RANGE_WEIGHT: Final = 150
_NAME_WEIGHT: Final = 55_000


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it."""
    yield node
    for child in _children(node):
        yield from walk(child)


def _children(node: Node) -> "tuple[Node, ...]":
    if isinstance(node, Sequence | Alternatives):
        return node.items
    return (node.item,) if isinstance(node, Group | Repeat) else ()


def is_nullable(node: Node) -> bool:
    """Whether the node can match nothing at all."""
    if isinstance(node, Repeat) and node.least == 0:
        return True
    if isinstance(node, Alternatives):
        return any(map(is_nullable, node.items))
    return not isinstance(node, Literal | Chars) and all(map(is_nullable, _children(node)))


def weight(node: Node) -> int:
    """No less than the bytes that the server's compiled program takes."""
    if isinstance(node, Literal):
        return _LITERAL_WEIGHT
    if isinstance(node, Chars):
        spans = len(node.members.ranges or ()) + len(node.members.ascii_ranges())
        names = len(node.members.names) or (node.members.ranges is None)
        return _SET_WEIGHT + _RANGE_WEIGHT * spans + _NAME_WEIGHT * names
    inner = _LITERAL_WEIGHT + sum(map(weight, _children(node)))
    if isinstance(node, Repeat):
        return inner * max(node.least + 1 if node.most is None else node.most, 1)
    return inner


def steps(node: Node, length: int) -> float:
    """No less than the branches a backtracking search tries in a text of this length."""
    return (length + 1) * (1 + _branches(node, length)[1]) + 1


def _branches(node: Node, length: int) -> tuple[float, float]:
    """From one position: the ways to match, and the branches tried to find them all."""
    if isinstance(node, Sequence):
        return _sequence_branches(node, length)
    if isinstance(node, Alternatives):
        pairs = [_branches(item, length) for item in node.items]
        return sum(ways for ways, _ in pairs), sum(tried + 1 for _, tried in pairs)
    if isinstance(node, Group):
        return _branches(node.item, length)
    if isinstance(node, Repeat):
        return _repeat_branches(node, length)
    return 1.0, 0.0


def _sequence_branches(node: Sequence, length: int) -> tuple[float, float]:
    ways, tried = 1.0, 0.0
    for item in node.items:
        item_ways, item_tried = _branches(item, length)
        tried += ways * item_tried
        ways *= item_ways
    return ways, tried


def _repeat_branches(node: Repeat, length: int) -> tuple[float, float]:
    item_ways, item_tried = _branches(node.item, length)
    rounds = length if node.most is None else node.most
    if not is_nullable(node.item):
        rounds = min(rounds, length)
    if item_ways == 1:
        return rounds + 1.0, (rounds + 1.0) * (1 + item_tried)
    ways, tried, reached = 0.0, 0.0, 1.0
    for _ in range(rounds + 1):
        ways += reached
        tried += reached * (1 + item_tried)
        reached *= item_ways
        if tried > _HOPELESS:
            return _HOPELESS, _HOPELESS
    return ways, tried


# Far beyond any limit, and far from overflowing when multiplied along a pattern.
_HOPELESS: Final = 1e9
