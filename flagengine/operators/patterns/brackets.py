"""Bracketed classes: ranges, negation, POSIX names, nested classes and set operations.

Follows the server: its own front end finds the closing bracket, the engine behind it reads what
is between. Where the two count brackets differently, the pattern is unsupported.
"""

import re
from collections.abc import Callable
from typing import Final

from flagengine.operators.patterns.charset import (
    CharSet,
    complement,
    difference,
    fold,
    intersection,
    union,
)
from flagengine.operators.patterns.escapes import HEX_CLASSES, parse_class_escape
from flagengine.operators.patterns.names import posix_class
from flagengine.operators.patterns.outcome import InvalidPatternError, UnsupportedPatternError
from flagengine.operators.patterns.source import Source

__all__ = ["parse_class"]

_MAX_DEPTH: Final = 20
_MAX_OPERATIONS: Final = 32
_POSIX: Final = re.compile(r"\[:(\^?[a-z]+):\]")
_Operation = Callable[[CharSet, CharSet], CharSet]


def _symmetric_difference(left: CharSet, right: CharSet) -> CharSet:
    return union((difference(left, right), difference(right, left)))


_OPERATIONS: Final[dict[str, _Operation]] = {
    "&&": intersection,
    "--": difference,
    "~~": _symmetric_difference,
}


def parse_class(source: Source, depth: int = 0) -> CharSet:
    """The set that a bracket begins; the position is on the bracket."""
    if depth > _MAX_DEPTH:
        raise UnsupportedPatternError(f"classes nested deeper than {_MAX_DEPTH}")
    source.position += 1
    is_negated = source.skips("^")
    if depth and source.char == "]":
        raise UnsupportedPatternError("an unescaped bracket at the start of a nested class")
    members = _operations(source, depth)
    if source.folds:
        members = fold(members)
    return complement(members) if is_negated else members


def _operations(source: Source, depth: int) -> CharSet:
    """Unions joined by operators, which all bind alike, from the left."""
    result = union(_leading(source) + _items(source, depth))
    for _ in range(_MAX_OPERATIONS):
        operation = _OPERATIONS.get(source.ahead(2))
        if operation is None:
            source.position += 1
            return result
        source.position += 2
        result = _apply(operation, result, union(_items(source, depth)), folds=source.folds)
    raise UnsupportedPatternError(f"more than {_MAX_OPERATIONS} set operations")


def _apply(operation: _Operation, left: CharSet, right: CharSet, *, folds: bool) -> CharSet:
    return operation(fold(left), fold(right)) if folds else operation(left, right)


def _leading(source: Source) -> list[CharSet]:
    """Read hyphens, or one closing bracket, at the start, where they are literal."""
    leading: list[CharSet] = []
    while source.char == "-":
        leading.append(_single(source.take()))
    if not leading and source.char == "]":
        leading.append(_single(source.take()))
    return leading


def _items(source: Source, depth: int) -> list[CharSet]:
    """Read the items up to the next operator or the closing bracket."""
    items: list[CharSet] = []
    while source.char != "]" and source.ahead(2) not in _OPERATIONS:
        items.append(_nested(source, depth) if source.char == "[" else _range(source))
    return items


def _nested(source: Source, depth: int) -> CharSet:
    if found := _POSIX.match(source.text, source.position):
        members = posix_class(found[1], folded=source.folds)
        if members is not None:
            source.position = found.end()
            return members
    return parse_class(source, depth + 1)


def _range(source: Source) -> CharSet:
    low = _primitive(source)
    if low in HEX_CLASSES or source.char != "-" or source.ahead(2) in ("-]", "--"):
        return _single(low) if isinstance(low, str) else low
    source.position += 1
    if source.char == "[":
        raise UnsupportedPatternError("a range up to a bracket")
    return _span(low, _primitive(source), source)


def _span(low: str | CharSet, high: str | CharSet, source: Source) -> CharSet:
    if high in HEX_CLASSES:
        raise UnsupportedPatternError("a range up to a class")
    if isinstance(low, str) and isinstance(high, str) and low <= high:
        return CharSet.of([(ord(low), ord(high))])
    source.is_rejected = True
    return CharSet.of(())


def _primitive(source: Source) -> str | CharSet:
    if not source.char:
        raise InvalidPatternError
    if source.char == "\\":
        return parse_class_escape(source)
    if source.is_at_verbose_blank:
        raise UnsupportedPatternError("blanks inside a class in verbose mode")
    return source.take()


def _single(char: str) -> CharSet:
    return CharSet.of([(ord(char), ord(char))])
