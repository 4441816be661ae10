"""Decides how a pattern is searched for: text methods, RE2 for every text, or for some."""

from collections.abc import Callable
from typing import Final

from flagengine.operators.patterns.engine import (
    compile_re2,
    literal_search,
    search_any,
    search_ascii,
    search_assigned,
)
from flagengine.operators.patterns.nodes import (
    Assertion,
    Chars,
    Literal,
    Node,
    Repeat,
    Sequence,
    is_nullable,
    steps,
    walk,
    weight,
)
from flagengine.operators.patterns.outcome import (
    INVALID,
    CompiledPattern,
    InvalidPatternError,
    Search,
    Unsupported,
    UnsupportedPatternError,
)
from flagengine.operators.patterns.source import Source
from flagengine.operators.patterns.syntax import parse_pattern
from flagengine.operators.patterns.translation import translate

__all__ = ["compile_pattern"]

_MAX_LENGTH: Final = 10_000
# The server gives up compiling at 10 MiB, and backtracking after 10,000 steps.
_MAX_WEIGHT: Final = 8_000_000
_MAX_STEPS: Final = 9_000
_WORD_BOUNDARIES: Final = frozenset((Assertion.WORD_BOUNDARY, Assertion.NO_WORD_BOUNDARY))


def compile_pattern(pattern: str) -> CompiledPattern:
    """What the server's engine makes of the pattern, as far as it can be told here.

    Total: never raises. See the package for what is translated, deferred and invalid.
    """
    try:
        return _compile(pattern)
    except InvalidPatternError:
        return INVALID
    except UnsupportedPatternError as error:
        return Unsupported(str(error))


def _compile(pattern: str) -> CompiledPattern:
    _check_text(pattern)
    source = Source(pattern)
    node = parse_pattern(source)
    backtracks = any(one in _WORD_BOUNDARIES for one in walk(node) if isinstance(one, Assertion))
    if source.is_rejected:
        return Unsupported("a doubtful part beside a word boundary") if backtracks else INVALID
    if weight(node) > _MAX_WEIGHT:
        reason = "a pattern that may be too large for the server"
        raise UnsupportedPatternError(reason)
    return Search(pattern, _search_function(node, backtracks=backtracks))


def _check_text(pattern: str) -> None:
    if len(pattern) > _MAX_LENGTH:
        reason = f"more than {_MAX_LENGTH} characters"
        raise UnsupportedPatternError(reason)
    if "(?#" in pattern:
        reason = "comments"
        raise UnsupportedPatternError(reason)
    if any("\ud800" <= char <= "\udfff" for char in pattern):
        reason = "a lone surrogate"
        raise UnsupportedPatternError(reason)


def _search_function(node: Node, *, backtracks: bool) -> Callable[[str], bool | None]:
    if backtracks:
        return search_ascii(compile_re2(translate(node, ascii_only=True)), _longest(node))
    if (literal := _as_literal(node)) is not None:
        return literal
    sets = [one.members for one in walk(node) if isinstance(one, Chars)]
    if any(members.ranges is None for members in sets):
        return search_ascii(compile_re2(translate(node, ascii_only=True)), None)
    match = compile_re2(translate(node, ascii_only=False))
    return search_any(match) if all(one.is_plain for one in sets) else search_assigned(match)


def _as_literal(node: Node) -> Callable[[str], bool | None] | None:
    parts = node.items if isinstance(node, Sequence) else (node,)
    at_start = parts[:1] == (Assertion.TEXT_START,)
    at_end = parts[at_start:][-1:] == (Assertion.TEXT_END,)
    inner = parts[at_start : len(parts) - at_end]
    if not all(isinstance(part, Literal) for part in inner):
        return None
    needle = "".join(part.char for part in inner if isinstance(part, Literal))
    return literal_search(needle, at_start=at_start, at_end=at_end)


def _longest(node: Node) -> int:
    """The longest text for which the server certainly does not run out of steps."""
    for one in walk(node):
        if isinstance(one, Repeat) and one.most is None and is_nullable(one.item):
            reason = "an endless repetition of nothing beside a word boundary"
            raise UnsupportedPatternError(reason)
    low, high = -1, _MAX_STEPS
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if steps(node, middle) <= _MAX_STEPS else (low, middle - 1)
    if low < 0:
        reason = "a word boundary in a pattern of too many branches"
        raise UnsupportedPatternError(reason)
    return low
