"""RE2, or the automaton where it is not installed, behind the search functions that use them.

Only this module imports RE2, at its first use. Every search function takes any text and returns
None where only the server knows the answer, and for a text with a lone surrogate. Without RE2 the
answers are the same, but a text too long for the automaton has none.
"""

import sys
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any, Final, NamedTuple

from flagengine.operators.patterns.assigned import ASSIGNED
from flagengine.operators.patterns.automaton import MAX_WORK, Automaton
from flagengine.operators.patterns.charset import CharSet, complement
from flagengine.operators.patterns.nodes import Chars, Node
from flagengine.operators.patterns.outcome import UnsupportedPatternError
from flagengine.operators.patterns.translation import translate

__all__ = [
    "literal_search",
    "matcher_of",
    "search_any",
    "search_ascii",
    "search_assigned",
    "search_up_to",
]

_MAX_MEMORY: Final = 8 << 20
# The arguments are the bytes, 0 and the number of bytes; without a match the result's first span
# is negative.
_Match = Callable[[bytes, int, int], Sequence[tuple[int, int]]]
_Find = Callable[[str], bool | None]


class Matcher(NamedTuple):
    """A search of UTF-8 bytes for a pattern, for at most ``longest`` bytes."""

    match: _Match
    longest: int = sys.maxsize


def matcher_of(node: Node, *, ascii_only: bool) -> Matcher:
    """Return the search for a pattern; raise `UnsupportedPatternError` if it is too large for that."""
    try:
        import re2  # noqa: PLC0415 (5 ms, for patterns only)
    except ImportError:
        return _without_re2(node, ascii_only=ascii_only)
    try:
        compiled = re2.compile(translate(node, ascii_only=ascii_only), _options(re2))
    except re2.error:
        raise UnsupportedPatternError("too large for RE2") from None
    return Matcher(_matcher(compiled, re2))


def _without_re2(node: Node, *, ascii_only: bool) -> Matcher:
    automaton = Automaton(node, ascii_only=ascii_only)

    def match(data: bytes, start: int, end: int) -> Sequence[tuple[int, int]]:
        return ((start, end),) if automaton.search(data[start:end].decode()) else ((-1, -1),)

    return Matcher(match, MAX_WORK // automaton.size)


def _options(re2: Any) -> Any:
    options = re2.Options()
    options.max_mem = _MAX_MEMORY
    options.log_errors = False
    options.never_capture = True
    return options


def _matcher(compiled: Any, re2: Any) -> _Match:
    # The public search() takes 2 to 5 microseconds for a match object that is not needed.
    try:
        return partial(compiled._regexp.Match, re2._re2.RE2.Anchor.UNANCHORED)  # noqa: SLF001
    except AttributeError:
        return partial(_match_publicly, compiled)


def _match_publicly(compiled: Any, data: bytes, start: int, end: int) -> list[tuple[int, int]]:
    found = compiled.search(data, start, end)
    return [(found.start(), found.end()) if found else (-1, -1)]


def literal_search(needle: str, *, at_start: bool, at_end: bool) -> _Find:
    """Return a search for literal text, which needs no engine."""
    if at_start and at_end:
        return lambda text: text == needle if text.isascii() or _is_text(text) else None
    if at_start:
        return lambda text: text.startswith(needle) if text.isascii() or _is_text(text) else None
    if at_end:
        return lambda text: text.endswith(needle) if text.isascii() or _is_text(text) else None
    return lambda text: needle in text if text.isascii() or _is_text(text) else None


def search_any(matcher: Matcher) -> _Find:
    """Return a search that answers for every text."""
    match, longest = matcher

    def search(text: str) -> bool | None:
        try:
            data = text.encode()
        except UnicodeEncodeError:
            return None
        size = len(data)
        return None if size > longest else match(data, 0, size)[0][0] >= 0

    return search


def search_assigned(matcher: Matcher) -> _Find:
    """Return a search that answers for texts of characters in `ASSIGNED`."""
    is_doubtful, most = doubtful_characters()
    match, longest = matcher
    longest = min(longest, most)

    def search(text: str) -> bool | None:
        try:
            data = text.encode()
        except UnicodeEncodeError:
            return None
        size = len(data)
        if size > longest:
            return None
        if not text.isascii() and is_doubtful(data, 0, size)[0][0] >= 0:
            return None
        return match(data, 0, size)[0][0] >= 0

    return search


def search_ascii(matcher: Matcher, longest: int = sys.maxsize) -> _Find:
    """Return a search that answers for ASCII texts of at most `longest` characters."""
    match = matcher.match
    longest = min(longest, matcher.longest)

    def search(text: str) -> bool | None:
        size = len(text)
        if size > longest or not text.isascii():
            return None
        return match(text.encode(), 0, size)[0][0] >= 0

    return search


def search_up_to(longest: int, find: _Find) -> _Find:
    """Return a search that answers for texts of at most `longest` characters."""
    return lambda text: None if len(text) > longest else find(text)


@cache
def doubtful_characters() -> Matcher:
    """Return the search for characters that are not in `ASSIGNED`."""
    certain = CharSet.of([(0, 127), *ASSIGNED])
    return matcher_of(Chars(complement(certain)), ascii_only=False)


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
