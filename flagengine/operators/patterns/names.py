"""The named classes of the server's dialect, as sets of characters.

A property that RE2 has no name for is known for ASCII only. A name that is missing here may still be
valid, because the server knows many more names.
"""

import string
import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import Final

from flagengine.operators.patterns.charset import (
    EVERYTHING,
    TRACKED,
    CharSet,
    complement,
    fold,
)

__all__ = ["DIGIT", "HEX_DIGIT", "SPACE", "WORD", "posix_class", "unicode_class"]


def _mask(members: Iterable[str]) -> int:
    codes = {ord(char) for char in members}
    return sum(1 << bit for bit, code in enumerate(TRACKED) if code in codes)


def _explicit(members: Iterable[str]) -> CharSet:
    return CharSet.of((ord(char), ord(char)) for char in members)


_LETTERS: Final = (*string.ascii_letters, "\u017f", "\u212a")
_OTHER_ALPHABETIC: Final = (
    (0x24B6, 0x24E9),
    (0x1F130, 0x1F149),
    (0x1F150, 0x1F169),
    (0x1F170, 0x1F189),
)
_JOINERS: Final = (0x200C, 0x200D)
_WORD_NAMES: Final = (r"\p{L}", r"\p{M}", r"\p{Nd}", r"\p{Nl}", r"\p{Pc}")

DIGIT: Final = CharSet(_mask(string.digits), (), frozenset([r"\p{Nd}"]))
HEX_DIGIT: Final = _explicit(string.hexdigits)
# White_Space has not changed since Unicode 6.3, so its members are listed.
SPACE: Final = CharSet.of(
    (code, code)
    for code in (
        *(*range(9, 14), 0x20, 0x85, 0xA0, 0x1680),
        *(*range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000),
    )
)
# Alphabetic, marks, decimal digits, connectors and the joiners (UTS #18, annex C).
WORD: Final = CharSet(
    _mask((*_LETTERS, *string.digits, "_")),
    (_JOINERS, *_OTHER_ALPHABETIC),
    frozenset(_WORD_NAMES),
)

_POSIX: Final = {
    "alnum": string.ascii_letters + string.digits,
    "alpha": string.ascii_letters,
    "ascii": "".join(map(chr, range(128))),
    "blank": "\t ",
    "cntrl": "".join(map(chr, (*range(32), 127))),
    "digit": string.digits,
    "graph": string.ascii_letters + string.digits + string.punctuation,
    "lower": string.ascii_lowercase,
    "print": string.ascii_letters + string.digits + string.punctuation + " ",
    "punct": string.punctuation,
    "space": "\t\n\v\f\r ",
    "upper": string.ascii_uppercase,
    "word": string.ascii_letters + string.digits + "_",
    "xdigit": string.hexdigits,
}

# RE2 knows only the short names. C and Cn are left out: they contain unassigned characters.
_CATEGORIES: Final = {
    "L": "letter", "Lu": "uppercaseletter", "Ll": "lowercaseletter", "Lt": "titlecaseletter",
    "Lm": "modifierletter", "Lo": "otherletter", "M": "mark", "Mn": "nonspacingmark",
    "Mc": "spacingmark", "Me": "enclosingmark", "N": "number", "Nd": "decimalnumber",
    "Nl": "letternumber", "No": "othernumber", "P": "punctuation", "Pc": "connectorpunctuation",
    "Pd": "dashpunctuation", "Ps": "openpunctuation", "Pe": "closepunctuation",
    "Pi": "initialpunctuation", "Pf": "finalpunctuation", "Po": "otherpunctuation",
    "S": "symbol", "Sm": "mathsymbol", "Sc": "currencysymbol", "Sk": "modifiersymbol",
    "So": "othersymbol", "Z": "separator", "Zs": "spaceseparator", "Zl": "lineseparator",
    "Zp": "paragraphseparator", "Cc": "control", "Cf": "format",
}  # fmt: skip
_CATEGORY_BY_NAME: Final = {
    **{short.lower(): short for short in _CATEGORIES},
    **{long: short for short, long in _CATEGORIES.items()},
}
_SCRIPTS: Final = (
    "Arabic", "Armenian", "Bengali", "Cyrillic", "Devanagari", "Georgian", "Greek", "Hangul",
    "Han", "Hebrew", "Hiragana", "Katakana", "Latin", "Tamil", "Thai",
)  # fmt: skip
_SCRIPT_BY_NAME: Final = {name.lower(): name for name in _SCRIPTS}
_ASCII_ONLY: Final = {
    **dict.fromkeys(("alphabetic", "alpha"), _LETTERS),
    **dict.fromkeys(("uppercase", "upper"), (*string.ascii_uppercase, "\u212a")),
    **dict.fromkeys(("lowercase", "lower"), (*string.ascii_lowercase, "\u017f")),
}
_EXPLICIT: Final = {
    "any": EVERYTHING,
    "ascii": CharSet.of([(0, 127)]),
    "whitespace": SPACE,
    "space": SPACE,
}


def posix_class(name: str, *, folded: bool) -> CharSet | None:
    """Return the class of `[:name:]` or `[:^name:]`; None when there is no such class."""
    members = _POSIX.get(name.removeprefix("^"))
    if members is None:
        return None
    found = fold(_explicit(members)) if folded else _explicit(members)
    return complement(found) if name.startswith("^") else found


@cache
def unicode_class(name: str) -> CharSet | None:
    """Return the class of a Unicode property; None for a name that this module does not list."""
    key, separator, value = name.replace(":", "=").partition("=")
    if not separator:
        return _plain_class(_normal(key))
    if _normal(key) in ("gc", "generalcategory"):
        return _category(_normal(value))
    return _script(_normal(value)) if _normal(key) in ("sc", "script") else None


def _plain_class(name: str) -> CharSet | None:
    if name in _ASCII_ONLY:
        return CharSet(_mask(_ASCII_ONLY[name]), None)
    return _EXPLICIT.get(name) or _category(name) or _script(name)


def _category(name: str) -> CharSet | None:
    short = _CATEGORY_BY_NAME.get(name)
    if short is None:
        return None
    members = (chr(code) for code in TRACKED if unicodedata.category(chr(code)).startswith(short))
    return CharSet(_mask(members), (), frozenset([rf"\p{{{short}}}"]))


def _script(name: str) -> CharSet | None:
    script = _SCRIPT_BY_NAME.get(name)
    if script is None:
        return None
    members = _LETTERS if script == "Latin" else ()
    return CharSet(_mask(members), (), frozenset([rf"\p{{{script}}}"]))


def _normal(name: str) -> str:
    """Return a name without case, blanks, hyphens and underscores; empty if it is not ASCII."""
    letters = name.translate({ord(char): None for char in " _-"})
    return letters.lower() if letters.isascii() else ""
