"""Escape sequences, inside and outside brackets.

The server decides which letters may follow a backslash. An escape that none of its releases knows
is invalid; an escape that only some releases know, or that needs backtracking, is unsupported.
"""

import re
from typing import Final

from flagengine.operators.patterns.charset import EVERYTHING, CharSet, complement, fold
from flagengine.operators.patterns.names import DIGIT, HEX_DIGIT, SPACE, WORD, unicode_class
from flagengine.operators.patterns.nodes import Assertion
from flagengine.operators.patterns.outcome import InvalidPatternError, UnsupportedPatternError
from flagengine.operators.patterns.source import PatternReader

__all__ = ["HEX_CLASSES", "parse_class_escape", "parse_escape"]

_CONTROLS: Final = {
    "a": "\a", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
}  # fmt: skip
_SHORTHANDS: Final = {
    "d": DIGIT, "D": complement(DIGIT),
    "s": SPACE, "S": complement(SPACE),
    "w": WORD, "W": complement(WORD),
    "h": HEX_DIGIT, "H": complement(HEX_DIGIT),
}  # fmt: skip
HEX_CLASSES: Final = (_SHORTHANDS["h"], _SHORTHANDS["H"])
_ASSERTIONS: Final = {
    "A": Assertion.TEXT_START,
    "z": Assertion.TEXT_END,
    "b": Assertion.WORD_BOUNDARY,
    "B": Assertion.NO_WORD_BOUNDARY,
}
_HEX_SIZES: Final = {"x": 2, "u": 4, "U": 8}
_HEX: Final = re.compile(r"[0-9A-Fa-f]*")
_HEX_BRACES: Final = re.compile(r"\{([0-9A-Fa-f]{1,8})\}")
_UNKNOWN: Final = frozenset("cCEFiIjJlLmMoqQTVXyY")
_PROPERTY_LETTERS: Final = frozenset("LMNPSZ")


def parse_escape(reader: PatternReader) -> str | CharSet | Assertion:
    """Read an escape outside brackets: a character, a set or an assertion."""
    reader.position += 1
    letter = reader.take()
    if letter in _ASSERTIONS:
        return _assertion(letter, reader)
    if letter == "O":
        return EVERYTHING
    if letter in ("<", ">"):
        raise UnsupportedPatternError("start-of-word and end-of-word assertions")
    if not letter.isascii() and reader.folds:
        raise UnsupportedPatternError("an escaped non-ASCII character without regard to case")
    return _character_or_set(letter, reader)


def parse_class_escape(reader: PatternReader) -> str | CharSet:
    """Read an escape inside brackets: a character or a set."""
    reader.position += 1
    letter = reader.take()
    return "\b" if letter == "b" else _character_or_set(letter, reader)


def _assertion(letter: str, reader: PatternReader) -> Assertion:
    if letter in "bB":
        reader.skip_verbose_blanks()
        if reader.char == "{":
            raise UnsupportedPatternError("a word boundary with braces")
    return _ASSERTIONS[letter]


def _character_or_set(letter: str, reader: PatternReader) -> str | CharSet:
    if not letter:
        raise InvalidPatternError
    if letter in _CONTROLS:
        return _CONTROLS[letter]
    if letter in _SHORTHANDS:
        return _SHORTHANDS[letter]
    if letter in _HEX_SIZES:
        return _hex_character(_HEX_SIZES[letter], reader)
    if letter in "pP":
        return _property(letter, reader)
    return _escaped_itself(letter)


def _escaped_itself(letter: str) -> str:
    if letter in _UNKNOWN:
        raise InvalidPatternError
    if letter.isascii() and letter.isalnum():
        raise UnsupportedPatternError(f"the escape \\{letter}")
    return letter


def _hex_character(size: int, reader: PatternReader) -> str:
    if reader.is_at_verbose_blank:
        raise UnsupportedPatternError("blanks inside an escape")
    if (fixed := _HEX.match(reader.ahead(size))) and len(fixed[0]) == size:
        reader.position += size
        return _code_point(fixed[0])
    if braced := _HEX_BRACES.match(reader.text, reader.position):
        reader.position = braced.end()
        return _code_point(braced[1])
    if reader.char == "{" and "x" in reader.flags:
        raise UnsupportedPatternError("blanks inside an escape")
    raise InvalidPatternError


def _code_point(digits: str) -> str:
    code = int(digits, 16)
    is_surrogate = 0xD800 <= code <= 0xDFFF
    if code > 0x10FFFF or is_surrogate:
        raise InvalidPatternError
    return chr(code)


def _property(letter: str, reader: PatternReader) -> CharSet:
    name = _property_name(reader)
    members = unicode_class(name)
    if members is None:
        raise UnsupportedPatternError(f"the Unicode property {name!r}")
    if reader.folds:
        members = fold(members)
    return complement(members) if letter == "P" else members


def _property_name(reader: PatternReader) -> str:
    start = reader.take()
    if not start:
        raise InvalidPatternError
    if start != "{":
        return start if start in _PROPERTY_LETTERS else f"one letter {start}"
    name, brace, _ = reader.text[reader.position :].partition("}")
    if not brace:
        raise InvalidPatternError
    reader.position += len(name + brace)
    return name
