"""Lines and columns of JSON pointers in the text of a document."""

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from typing import Final

from flagengine.values.record import Record

__all__ = ["Position", "positions"]

_TOKENS: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[][{},:]|[^][{},:"\s]++', re.DOTALL)


class Position(Record):
    """A place in a text; line and column count from 1, the column in characters."""

    line: int
    column: int


class _Node:
    """A value that is looked for: where it begins, and the parts of it that are looked for too."""

    __slots__ = ("offset", "parts")

    def __init__(self) -> None:
        self.offset: int | None = None
        self.parts: dict[str, _Node] = {}

    def found(self, offset: int) -> None:
        """Note where the value is; a name that is repeated replaces the earlier value."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            node.offset = None
            waiting += node.parts.values()
        self.offset = offset


class _Container:
    """An object or a list that is being read: the next name or index in it."""

    __slots__ = ("awaits_name", "index", "is_list", "node")

    def __init__(self, node: _Node | None, *, is_list: bool) -> None:
        self.node = node
        self.is_list = is_list
        self.index = 0
        self.awaits_name = not is_list

    def part(self, name: str) -> _Node | None:
        return None if self.node is None else self.node.parts.get(name)


def positions(text: str, pointers: Iterable[str]) -> Mapping[str, Position]:
    r"""Return where the value of each JSON pointer begins; ``text`` is JSON.

    A pointer to something that is missing, or that is too long to be whole, has the position of what
    should contain it. The time is linear in the text, whatever its depth.

    >>> positions('{"flags": [\n  {"key": 7}]}', ["/flags/0/key"])["/flags/0/key"]
    Position(line=2, column=11)
    """
    root, wanted = _Node(), dict.fromkeys(pointers)
    for pointer in wanted:
        _looked_for(root, pointer)
    _find(text, root)
    lines = [0, *(match.end() for match in re.finditer("\n", text))]
    return {pointer: _position(_deepest(root, pointer), lines) for pointer in wanted}


def _steps(pointer: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def _looked_for(node: _Node, pointer: str) -> None:
    for step in _steps(pointer):
        node = node.parts.setdefault(step, _Node())


def _deepest(node: _Node, pointer: str) -> int:
    """Return the offset of the deepest value on the way that is there."""
    offset = node.offset or 0
    for step in _steps(pointer):
        node = node.parts[step]
        if node.offset is None:
            break
        offset = node.offset
    return offset


def _position(offset: int, lines: list[int]) -> Position:
    line = bisect_right(lines, offset)
    return Position(line, offset - lines[line - 1] + 1)


def _find(text: str, root: _Node) -> None:
    containers: list[_Container] = []
    node: _Node | None = root  # of the next value
    for token in _TOKENS.finditer(text):
        first = text[token.start()]
        inside = containers[-1] if containers else None
        if first == ":":
            continue
        if first == "," and inside is not None:
            inside.index += 1
            inside.awaits_name = not inside.is_list
            node = inside.part(str(inside.index)) if inside.is_list else None
        elif first in "]}":
            containers.pop()
        elif inside is not None and inside.awaits_name:
            inside.awaits_name = False
            node = inside.part(json.loads(token[0])) if inside.node is not None else None
        else:
            if node is not None:
                node.found(token.start())
            if first in "[{":
                container = _Container(node, is_list=first == "[")
                containers.append(container)
                node = container.part("0") if container.is_list else None
