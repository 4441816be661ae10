"""Order, depth and circles in a reference graph, computed without recursion in linear time.

A graph is a function from a name to the names that it refers to.
"""

from collections.abc import Callable, Container, Iterable
from collections.abc import Set as AbstractSet

__all__ = ["Depths", "Edges", "on_circles", "ordered"]

Edges = Callable[[str], Iterable[str]]


def ordered(start: str, edges: Edges, known: Container[str] = ()) -> list[str]:
    """Return all names that ``start`` leads to, each after its own targets, and ``start`` last.

    Names in ``known`` are left out, with all that only they lead to. The order of names on a circle
    is arbitrary.
    """
    finished: dict[str, None] = {}
    opened: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting[-1]
        targets = []
        if name not in opened:
            opened.add(name)
            targets = [
                target for target in edges(name) if target not in opened and target not in known
            ]
        if targets:
            waiting.extend(targets)
        else:
            finished.setdefault(waiting.pop())
    return list(finished)


class Depths:
    """The number of names on the longest path from each name; None where a path is circular.

    Depths are computed on demand and remembered, so all depths of a graph take linear time.
    """

    __slots__ = ("_depths", "_edges")

    def __init__(self, edges: Edges) -> None:
        """Bind a graph, which must not change."""
        self._edges = edges
        self._depths: dict[str, int | None] = {}

    def adopt(self, other: "Depths", names: AbstractSet[str]) -> None:
        """Take over the depths of names that lead to the same names in both graphs."""
        known = other._depths.copy()  # noqa: SLF001 of this class
        self._depths.update({name: depth for name, depth in known.items() if name in names})

    def of(self, name: str) -> int | None:
        """Return the depth of a name."""
        depths = self._depths
        if name not in depths:
            for below in ordered(name, self._edges, depths):
                # A target without a depth comes later in the order, so it leads back here.
                targets = [depths.get(target) for target in self._edges(below)]
                known = [depth for depth in targets if depth is not None]
                is_circular = len(known) < len(targets)
                depths[below] = None if is_circular else 1 + max(known, default=0)
        return depths[name]


def on_circles(names: Iterable[str], edges: Edges) -> set[str]:
    """Return the names that lead back to themselves, among ``names`` and all that they lead to."""
    order: dict[str, None] = {}
    for name in names:
        if name not in order:
            order.update(dict.fromkeys(ordered(name, edges, order)))
    users: dict[str, list[str]] = {name: [] for name in order}
    for name in order:
        for target in edges(name):
            users[target].append(name)
    circular: set[str] = set()
    known: set[str] = set()
    # Kosaraju: what reaches the last finished name that is left over leads back to that name.
    for root in reversed(order):
        if root not in known:
            members = ordered(root, users.__getitem__, known)
            known.update(members)
            if len(members) > 1 or root in users[root]:
                circular.update(members)
    return circular
