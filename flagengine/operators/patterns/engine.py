"""RE2 behind one small function, and the search functions that use it.

Only this module imports RE2, at its first use. Every search function takes any text and returns
None where only the server knows the answer, and for a text with a lone surrogate.
"""

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any, Final

from flagengine.operators.patterns.assigned import ASSIGNED
from flagengine.operators.patterns.outcome import UnsupportedPatternError

__all__ = [
    "compile_re2",
    "literal_search",
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


def compile_re2(pattern: str) -> _Match:
    """Return a function that searches UTF-8 bytes for the pattern."""
    try:
        import re2  # noqa: PLC0415 (5 ms, for patterns only)
    except ImportError:
        raise UnsupportedPatternError("google-re2 is not installed") from None
    try:
        compiled = re2.compile(pattern, _options(re2))
    except re2.error:
        raise UnsupportedPatternError("too large for RE2") from None
    return _matcher(compiled, re2)


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


def search_any(match: _Match) -> _Find:
    """Return a search that answers for every text."""

    def search(text: str) -> bool | None:
        try:
            data = text.encode()
        except UnicodeEncodeError:
            return None
        return match(data, 0, len(data))[0][0] >= 0

    return search


def search_assigned(match: _Match) -> _Find:
    """Return a search that answers for texts of characters in `ASSIGNED`."""
    is_doubtful = _doubtful_characters()

    def search(text: str) -> bool | None:
        try:
            data = text.encode()
        except UnicodeEncodeError:
            return None
        size = len(data)
        if not text.isascii() and is_doubtful(data, 0, size)[0][0] >= 0:
            return None
        return match(data, 0, size)[0][0] >= 0

    return search


def search_ascii(match: _Match) -> _Find:
    """Return a search that answers for ASCII texts."""

    def search(text: str) -> bool | None:
        if not text.isascii():
            return None
        return match(text.encode(), 0, len(text))[0][0] >= 0

    return search


def search_up_to(longest: int, find: _Find) -> _Find:
    """Return a search that answers for texts of at most `longest` characters."""
    return lambda text: None if len(text) > longest else find(text)


@cache
def _doubtful_characters() -> _Match:
    certain = "".join(f"\\x{{{low:x}}}-\\x{{{high:x}}}" for low, high in ASSIGNED)
    return compile_re2(rf"[^\x00-\x7f{certain}]")


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
