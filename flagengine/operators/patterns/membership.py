"""Whether a character is in a set, from Python's own Unicode tables.

The answers are the server's for the characters in `ASSIGNED`, whose properties have not changed since.
"""

import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Final

from flagengine.operators.patterns.assigned import ASSIGNED
from flagengine.operators.patterns.charset import TOP, CharSet, Ranges
from flagengine.operators.patterns.scripts import SCRIPTS

__all__ = ["ascii_test", "test_of"]

_Test = Callable[[str], bool]
_ASCII: Final = (0, 127)
# Python has only their full case folding, which is of several characters.
_FOLDED: Final = {"\u1fd3": "\u0390", "\u1fe3": "\u03b0"}


def ascii_test(members: CharSet) -> _Test:
    """Return the test of a set for ASCII characters."""
    return partial(_is_within, *_bounds(members.ascii_ranges()))


def test_of(members: CharSet) -> _Test:
    """Return the test of a set whose members are not known for ASCII alone."""
    tests: list[_Test] = [partial(_is_within, *_bounds(members.ranges or ()))]
    tests += map(_named, sorted(members.names))
    if members.folded:
        return lambda char: (
            any(test(other) for other in _cases(char) for test in tests) != members.negated
        )
    return lambda char: any(test(char) for test in tests) != members.negated


def _named(name: str) -> _Test:
    """Return the test of RE2's name of a category or a script."""
    short = name[3:-1]
    if short in SCRIPTS:
        return partial(_is_within, *_bounds(SCRIPTS[short]))
    return lambda char: unicodedata.category(char).startswith(short)


def _bounds(ranges: Ranges) -> tuple[list[int], list[int]]:
    return [low for low, _ in ranges], [high for _, high in ranges]


def _is_within(lows: list[int], highs: list[int], char: str) -> bool:
    code = ord(char)
    place = bisect_right(lows, code)
    return place > 0 and code <= highs[place - 1]


def _cases(char: str) -> tuple[str, ...]:
    """Return the characters that fold to the same character."""
    return _families().get(_folded(char), (char,))


@cache
def _families() -> Mapping[str, tuple[str, ...]]:
    """Return all characters by what they fold to, as far as these are several."""
    found: dict[str, list[str]] = {}
    for low, high in (_ASCII, *ASSIGNED):
        for code in range(low, min(high, TOP) + 1):
            char = chr(code)
            folded = _folded(char)
            if folded != char:
                found.setdefault(folded, [folded]).append(char)
    return {folded: tuple(family) for folded, family in found.items()}


def _folded(char: str) -> str:
    """Return the simple case folding of a character, which is always one character."""
    for folded in (_FOLDED.get(char, ""), char.casefold(), char.lower()):
        if len(folded) == 1:
            return folded
    return char
