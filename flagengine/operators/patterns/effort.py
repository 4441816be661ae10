"""Upper bounds of the work that a pattern is for the server's engines, and for RE2.

`weight` bounds the size of the server's compiled program, and `steps` the work of the server's
backtracking engine in ASCII text. If the bounds are within the server's limits, the server
certainly gives an answer. `places` is what RE2 may look at for each character of a text.
"""

from itertools import zip_longest
from typing import Final

from flagengine.operators.patterns.charset import CharSet
from flagengine.operators.patterns.nodes import (
    Alternatives,
    Assertion,
    Chars,
    Group,
    Literal,
    Node,
    Repeat,
    Sequence,
    children,
    is_nullable,
)

__all__ = ["places", "steps", "weight"]

# Bytes of the server's compiled program, measured at its size limit and rounded up.
_LITERAL_WEIGHT: Final = 250
_SET_WEIGHT: Final = 1_100
_RANGE_WEIGHT: Final = 150
_NAME_WEIGHT: Final = 55_000
# Far above every limit, and small enough that products along a pattern do not overflow.
_HOPELESS: Final = 1e9
_ASCII: Final = (1 << 128) - 1


def weight(node: Node) -> int:
    """Return an upper bound of the bytes of the server's compiled program."""
    if isinstance(node, Literal):
        return _LITERAL_WEIGHT
    if isinstance(node, Chars):
        spans = len(node.members.ranges or ()) + len(node.members.ascii_ranges())
        names = len(node.members.names) or (node.members.ranges is None)
        return _SET_WEIGHT + _RANGE_WEIGHT * spans + _NAME_WEIGHT * names
    inner = _LITERAL_WEIGHT + sum(map(weight, children(node)))
    if isinstance(node, Repeat):
        return inner * max(node.least + 1 if node.most is None else node.most, 1)
    return inner


def places(node: Node) -> int:
    """Return the number of characters and classes of a pattern, with every repetition written out."""
    if isinstance(node, Repeat):
        rounds = node.least + 1 if node.most is None else node.most
        return places(node.item) * max(rounds, 1)
    return sum(map(places, children(node))) if children(node) else 1


def steps(node: Node, length: int) -> float:
    """Return an upper bound of the branches of a backtracking search in a text of this length."""
    starts = length + 1
    tried = _branches(node, length)[1]
    return starts + tried if _is_anchored(node) else starts * (1 + tried)


def _branches(node: Node, length: int) -> tuple[float, float]:
    """Return the number of ways to match from a position, and of the branches that find them."""
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
    for item, following in zip_longest(node.items, node.items[1:]):
        item_ways, item_tried = _branches(item, length)
        tried += ways * item_tried
        # A repetition that must end where the next item begins can end in only one place; the
        # other ends fail at once, and each is already counted as a branch.
        ways = min(ways * (1.0 if _is_pinned(item, following) else item_ways), _HOPELESS)
    return ways, tried


def _is_anchored(node: Node) -> bool:
    first = node.items[0] if isinstance(node, Sequence) else node
    return first is Assertion.TEXT_START


def _is_pinned(item: Node, following: Node | None) -> bool:
    if not isinstance(item, Repeat):
        return False
    run, end = _one_character(item.item), _first_character(following)
    return run is not None and end is not None and not run & end & _ASCII


def _first_character(node: Node | None) -> int | None:
    """Return the mask of the characters that a match begins with; None when it is not known."""
    if isinstance(node, Repeat) and node.least:
        return _one_character(node.item)
    return _one_character(node)


def _one_character(node: Node | None) -> int | None:
    if isinstance(node, Chars):
        return node.members.mask
    if isinstance(node, Literal):
        return CharSet.of([(ord(node.char), ord(node.char))]).mask
    return None


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
