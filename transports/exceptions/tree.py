"""An exception with its causes, contexts and members as a list, parents before children.

The list is in depth-first order, has no exception twice, and is limited in length.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from .safe_attributes import children

__all__ = ["MAX_ENTRIES", "Node", "flatten"]

MAX_ENTRIES = 50


@dataclass(frozen=True, slots=True)
class Node:
    """An exception in the list.

    ``parent`` is the position of its parent; ``source`` says how the parent refers to it.
    """

    error: BaseException
    parent: int | None = None
    source: str | None = None


def flatten(error: BaseException) -> list[Node]:
    """Return the exception's tree as a list of at most ``MAX_ENTRIES``."""
    nodes: list[Node] = []
    seen: set[int] = set()
    waiting = [Node(error)]
    while waiting and len(nodes) < MAX_ENTRIES:
        node = waiting.pop()
        if id(node.error) in seen:
            continue
        seen.add(id(node.error))
        waiting.extend(reversed(_nodes_below(node.error, len(nodes), seen)))
        nodes.append(node)
    return nodes


def _nodes_below(error: BaseException, position: int, seen: set[int]) -> list[Node]:
    unseen = (
        Node(child, position, source) for source, child in children(error) if id(child) not in seen
    )
    return list(islice(unseen, MAX_ENTRIES))
