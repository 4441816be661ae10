"""RE2 behind one small function, and the search functions built on it.

RE2 is imported here, on first use, and nowhere else. Every search function takes any text and
says None for one that has no answer: a lone surrogate is not text to the server.
"""

from collections.abc import Callable
from functools import cache
from operator import methodcaller
from typing import Any, Final

from flagengine.operators.patterns.assigned import ASSIGNED
from flagengine.operators.patterns.outcome import UnsupportedPatternError

__all__ = ["compile_re2", "literal_search", "search_any", "search_ascii", "search_assigned"]

_MAX_MEMORY: Final = 8 << 20
_Match = Callable[[bytes], bool]
_Find = Callable[[str], bool | None]


def compile_re2(pattern: str) -> _Match:
    """A function that says whether the pattern is found in UTF-8 bytes."""
    try:
        import re2  # noqa: PLC0415 (5 ms, and only snapshots with patterns need it)
    except ImportError:
        reason = "google-re2 is not installed"
        raise UnsupportedPatternError(reason) from None
    try:
        compiled = re2.compile(pattern, _options(re2))
    except re2.error:
        reason = "too large for RE2"
        raise UnsupportedPatternError(reason) from None
    return _matcher(compiled, re2)


def _options(re2: Any) -> Any:
    options = re2.Options()
    options.max_mem = _MAX_MEMORY
    options.log_errors = False
    options.never_capture = True
    return options


def _matcher(compiled: Any, re2: Any) -> _Match:
    # The public search() spends 2 to 5 microseconds on a match object that nobody reads.
    native = getattr(compiled, "_regexp", None)
    if native is None:
        return lambda data: compiled.search(data) is not None
    match, anywhere = native.Match, re2._re2.RE2.Anchor.UNANCHORED  # noqa: SLF001
    return lambda data: match(anywhere, data, 0, len(data))[0][0] >= 0


def literal_search(needle: str, *, at_start: bool, at_end: bool) -> _Find:
    """Search for characters as they are: needs no engine."""
    names = {(True, True): "__eq__", (True, False): "startswith", (False, True): "endswith"}
    test = methodcaller(names.get((at_start, at_end), "__contains__"), needle)

    def search(text: str) -> bool | None:
        if text.isascii() or _is_encodable(text):
            return bool(test(text))
        return None

    return search


def search_any(match: _Match) -> _Find:
    """Search in every text."""

    def search(text: str) -> bool | None:
        try:
            return match(text.encode())
        except UnicodeEncodeError:
            return None

    return search


def search_assigned(match: _Match) -> _Find:
    """Search in texts of characters that both engines know to be the same."""
    is_doubtful = _doubtful_characters()

    def search(text: str) -> bool | None:
        try:
            data = text.encode()
        except UnicodeEncodeError:
            return None
        if not text.isascii() and is_doubtful(data):
            return None
        return match(data)

    return search


def search_ascii(match: _Match, longest: int | None) -> _Find:
    """Search in ASCII texts, up to a length if there is one."""

    def search(text: str) -> bool | None:
        if not text.isascii() or (longest is not None and len(text) > longest):
            return None
        return match(text.encode())

    return search


@cache
def _doubtful_characters() -> _Match:
    certain = "".join(f"\\x{{{low:x}}}-\\x{{{high:x}}}" for low, high in ASSIGNED)
    return compile_re2(rf"[^\x00-\x7f{certain}]")


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
