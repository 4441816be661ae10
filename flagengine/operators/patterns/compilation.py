"""The choice of a pattern's search: text methods, RE2 for every text, or RE2 for some texts."""

from bisect import bisect_right
from collections.abc import Callable
from functools import partial
from typing import Final

from flagengine.operators.patterns.effort import places, steps, weight
from flagengine.operators.patterns.engine import (
    literal_search,
    matcher_of,
    search_any,
    search_ascii,
    search_assigned,
    search_up_to,
)
from flagengine.operators.patterns.nodes import (
    Assertion,
    Chars,
    Literal,
    Node,
    Repeat,
    Sequence,
    is_nullable,
    walk,
)
from flagengine.operators.patterns.outcome import (
    INVALID,
    CompiledPattern,
    InvalidPatternError,
    Search,
    UnsupportedPattern,
    UnsupportedPatternError,
)
from flagengine.operators.patterns.source import PatternReader
from flagengine.operators.patterns.syntax import parse_pattern

__all__ = ["compile_pattern"]

_MAX_LENGTH: Final = 10_000
_MAX_BACKTRACKING_LENGTH: Final = 1_000
# The server gives up compiling at 10 MiB, and backtracking after 10,000 steps.
_MAX_WEIGHT: Final = 8_000_000
_MAX_STEPS: Final = 9_000
_FEW_PLACES: Final = 64
_MAX_WORK: Final = 1 << 25
"""The maximum of places times characters. Where RE2 does not keep the states of a search, it may look
at all places for each character, which takes some 9 ns each: 0.3 s in all (SPEC R15.8)."""
_WORD_BOUNDARIES: Final = frozenset((Assertion.WORD_BOUNDARY, Assertion.NO_WORD_BOUNDARY))


def compile_pattern(pattern: str) -> CompiledPattern:
    """Compile a pattern; the package's docstring lists the outcomes."""
    try:
        return _compile(pattern)
    except InvalidPatternError:
        return INVALID
    except UnsupportedPatternError as error:
        return UnsupportedPattern(str(error))


def _compile(pattern: str) -> CompiledPattern:
    _check_text(pattern)
    reader = PatternReader(pattern)
    node = parse_pattern(reader)
    backtracks = any(
        assertion in _WORD_BOUNDARIES
        for assertion in walk(node)
        if isinstance(assertion, Assertion)
    )
    if reader.is_rejected:
        return (
            UnsupportedPattern("a doubtful part beside a word boundary") if backtracks else INVALID
        )
    if weight(node) > _MAX_WEIGHT:
        raise UnsupportedPatternError("a pattern that may be too large for the server")
    search = _search_function(pattern, node, backtracks=backtracks)
    looked_at = places(node)
    if looked_at > max(len(pattern), _FEW_PLACES):  # repetitions make more of it than is written
        search = search_up_to(_MAX_WORK // looked_at, search)
    return Search(pattern, search)


def _check_text(pattern: str) -> None:
    if len(pattern) > _MAX_LENGTH:
        raise UnsupportedPatternError(f"more than {_MAX_LENGTH} characters")
    if "(?#" in pattern:
        raise UnsupportedPatternError("comments")
    try:
        pattern.encode()
    except UnicodeEncodeError:
        raise UnsupportedPatternError("a lone surrogate") from None


def _search_function(pattern: str, node: Node, *, backtracks: bool) -> Callable[[str], bool | None]:
    if backtracks:
        if len(pattern) > _MAX_BACKTRACKING_LENGTH:
            raise UnsupportedPatternError("a word boundary in a long pattern")
        return search_ascii(matcher_of(node, ascii_only=True), _longest(node))
    if (literal := _as_literal(node)) is not None:
        return literal
    sets = [chars.members for chars in walk(node) if isinstance(chars, Chars)]
    if any(members.ranges is None for members in sets):
        return search_ascii(matcher_of(node, ascii_only=True))
    matcher = matcher_of(node, ascii_only=False)
    is_plain = all(members.is_plain for members in sets)
    return search_any(matcher) if is_plain else search_assigned(matcher)


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
    """Return the greatest length of text for which the server certainly has enough steps."""
    for part in walk(node):
        if isinstance(part, Repeat) and part.most is None and is_nullable(part.item):
            raise UnsupportedPatternError("an endless repetition of nothing beside a word boundary")
    answered = bisect_right(range(_MAX_STEPS), float(_MAX_STEPS), key=partial(steps, node))
    if not answered:
        raise UnsupportedPatternError("a word boundary in a pattern of too many branches")
    return answered - 1
