"""Reachability, depth and order in a reference graph, computed without recursion.

A graph is a function from a name to the names that it refers to.
"""

from collections.abc import Callable, Iterable

__all__ = ["Edges", "depth", "ordered", "reachable"]

Edges = Callable[[str], Iterable[str]]


def reachable(start: str, edges: Edges) -> set[str]:
    """Return all names that ``start`` leads to; ``start`` itself only through a cycle."""
    seen: set[str] = set()
    waiting = list(edges(start))
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(edges(name))
    return seen


def depth(start: str, edges: Edges) -> int | None:
    """Return the number of nodes on the longest path from ``start``; None if a path is circular."""
    nodes = reachable(start, edges)
    if start in nodes:
        return None
    nodes.add(start)
    waiting_for = {name: set(edges(name)) for name in nodes}
    longest = dict.fromkeys(nodes, 1)
    users: dict[str, list[str]] = {name: [] for name in nodes}
    for name, targets in waiting_for.items():
        for target in targets:
            users[target].append(name)
    ready = [name for name, targets in waiting_for.items() if not targets]
    finished = 0
    while ready:
        name = ready.pop()
        finished += 1
        for user in users[name]:
            longest[user] = max(longest[user], longest[name] + 1)
            waiting_for[user].discard(name)
            if not waiting_for[user]:
                ready.append(user)
    return longest[start] if finished == len(nodes) else None


def ordered(start: str, edges: Edges) -> list[str]:
    """Return all names that ``start`` leads to, each after its own targets, and ``start`` last.

    The order of names on a cycle is arbitrary.
    """
    finished: dict[str, None] = {}
    opened: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting[-1]
        targets = [target for target in edges(name) if target not in opened]
        opened.add(name)
        if targets:
            waiting.extend(targets)
        else:
            finished.setdefault(waiting.pop())
    return list(finished)
