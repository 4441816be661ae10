"""Bracketed classes: ranges, negation, POSIX names, nested classes and set operations.

On the server the front end finds the closing bracket, and the engine behind it reads the text in
between. Where the two count brackets differently, the pattern is unsupported.
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
from flagengine.operators.patterns.source import PatternReader

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


def parse_class(reader: PatternReader, depth: int = 0) -> CharSet:
    """Read a class; the position is on the opening bracket."""
    if depth > _MAX_DEPTH:
        raise UnsupportedPatternError(f"classes nested deeper than {_MAX_DEPTH}")
    reader.position += 1
    is_negated = reader.skips("^")
    if depth and reader.char == "]":
        raise UnsupportedPatternError("an unescaped bracket at the start of a nested class")
    members = _operations(reader, depth)
    if reader.folds:
        members = fold(members)
    return complement(members) if is_negated else members


def _operations(reader: PatternReader, depth: int) -> CharSet:
    """Read unions joined by operators, which all have the same precedence, from the left."""
    result = union(_leading(reader) + _items(reader, depth))
    for _ in range(_MAX_OPERATIONS):
        operation = _OPERATIONS.get(reader.ahead(2))
        if operation is None:
            reader.position += 1
            return result
        reader.position += 2
        result = _apply(operation, result, union(_items(reader, depth)), folds=reader.folds)
    raise UnsupportedPatternError(f"more than {_MAX_OPERATIONS} set operations")


def _apply(operation: _Operation, left: CharSet, right: CharSet, *, folds: bool) -> CharSet:
    return operation(fold(left), fold(right)) if folds else operation(left, right)


def _leading(reader: PatternReader) -> list[CharSet]:
    """Read the literal hyphens, or the literal closing bracket, at the start of a class."""
    leading: list[CharSet] = []
    while reader.char == "-":
        leading.append(_single(reader.take()))
    if not leading and reader.char == "]":
        leading.append(_single(reader.take()))
    return leading


def _items(reader: PatternReader, depth: int) -> list[CharSet]:
    """Read the items up to the next operator or the closing bracket."""
    items: list[CharSet] = []
    while reader.char != "]" and reader.ahead(2) not in _OPERATIONS:
        items.append(_nested(reader, depth) if reader.char == "[" else _range(reader))
    return items


def _nested(reader: PatternReader, depth: int) -> CharSet:
    if found := _POSIX.match(reader.text, reader.position):
        members = posix_class(found[1], folded=reader.folds)
        if members is not None:
            reader.position = found.end()
            return members
    return parse_class(reader, depth + 1)


def _range(reader: PatternReader) -> CharSet:
    low = _primitive(reader)
    if low in HEX_CLASSES or reader.char != "-" or reader.ahead(2) in ("-]", "--"):
        return _single(low) if isinstance(low, str) else low
    reader.position += 1
    if reader.char == "[":
        raise UnsupportedPatternError("a range up to a bracket")
    return _span(low, _primitive(reader), reader)


def _span(low: str | CharSet, high: str | CharSet, reader: PatternReader) -> CharSet:
    if high in HEX_CLASSES:
        raise UnsupportedPatternError("a range up to a class")
    if isinstance(low, str) and isinstance(high, str) and low <= high:
        return CharSet.of([(ord(low), ord(high))])
    reader.is_rejected = True
    return CharSet.of(())


def _primitive(reader: PatternReader) -> str | CharSet:
    if not reader.char:
        raise InvalidPatternError
    if reader.char == "\\":
        return parse_class_escape(reader)
    if reader.is_at_verbose_blank:
        raise UnsupportedPatternError("blanks inside a class in verbose mode")
    return reader.take()


def _single(char: str) -> CharSet:
    return CharSet.of([(ord(char), ord(char))])
