"""Reads a pattern of the server's dialect into a tree.

The grammar is the one of the server's front end (look-around, back-references and the like are
recognised and unsupported), which is not quite the one of the engine behind it: `{` without a
number is a plain character, a second quantifier in a row is invalid. The position where a
pattern is found invalid is where the server's parser stops, so nothing behind it matters.
"""

import re
from functools import lru_cache
from typing import Final

from flagengine.operators.patterns.brackets import parse_class
from flagengine.operators.patterns.charset import EVERYTHING, CharSet, complement, fold
from flagengine.operators.patterns.escapes import parse_escape
from flagengine.operators.patterns.nodes import (
    EMPTY,
    Alternatives,
    Assertion,
    Chars,
    Group,
    Literal,
    Node,
    Repeat,
    Sequence,
)
from flagengine.operators.patterns.outcome import InvalidPatternError, UnsupportedPatternError
from flagengine.operators.patterns.source import Source

__all__ = ["parse_pattern"]

_MAX_DEPTH: Final = 50
_MAX_REPEAT: Final = 1000
_QUANTIFIERS: Final[dict[str, tuple[int, int | None]]] = {
    "?": (0, 1),
    "*": (0, None),
    "+": (1, None),
}
_BRACES: Final = re.compile(r"\{(?:([0-9]+)(,?)|(,))([0-9]*)\}")
_BLANK_BRACES: Final = re.compile(r"\{[0-9,]*[ \t\r\n#]")
_NAME: Final = re.compile(r"\?P?<([A-Za-z_][A-Za-z0-9_]*)>")
_FLAGS: Final = re.compile(r"\?([imsxUu]*)(-?)([imsxU]*)([:)])")
_KNOWN_FLAGS: Final = "imsxUu-"
_NOT_NEWLINE: Final = complement(CharSet.of([(10, 10)]))
_FANCY_GROUPS: Final = {
    "?=": "look-ahead", "?!": "look-ahead", "?<=": "look-behind", "?<!": "look-behind",
    "?>": "atomic groups", "?(": "conditionals", "?P=": "back-references",
    "?P>": "subroutine calls",
}  # fmt: skip


def parse_pattern(source: Source) -> Node:
    """The tree of the whole pattern; raises for what is invalid or unsupported."""
    node = _alternatives(source, 0)
    if source.char:
        raise InvalidPatternError
    return node


def _alternatives(source: Source, depth: int) -> Node:
    branches = [_branch(source, depth)]
    while source.skips("|"):
        branches.append(_branch(source, depth))
    return branches[0] if len(branches) == 1 else Alternatives(tuple(branches))


def _branch(source: Source, depth: int) -> Node:
    items: list[Node] = []
    source.skip_verbose_blanks()
    while source.char not in ("", "|", ")"):
        item = _piece(source, depth)
        if item != EMPTY:
            items.append(item)
        source.skip_verbose_blanks()
    return items[0] if len(items) == 1 else Sequence(tuple(items))


def _piece(source: Source, depth: int) -> Node:
    atom = _atom(source, depth)
    source.skip_verbose_blanks()
    bounds = _quantifier(source)
    if bounds is None:
        return atom
    if atom == EMPTY:
        raise InvalidPatternError
    if atom in (Assertion.WORD_BOUNDARY, Assertion.NO_WORD_BOUNDARY):
        raise UnsupportedPatternError("a repeated word boundary")
    source.skip_verbose_blanks()
    source.skips("?")
    if source.char == "+":
        raise UnsupportedPatternError("possessive quantifiers")
    return Repeat(atom, *bounds)


def _quantifier(source: Source) -> tuple[int, int | None] | None:
    if source.char in _QUANTIFIERS:
        return _QUANTIFIERS[source.take()]
    if source.char != "{":
        return None
    if "x" in source.flags and _BLANK_BRACES.match(source.text, source.position):
        raise UnsupportedPatternError("blanks inside a repetition")
    braces = _BRACES.match(source.text, source.position)
    if braces is None:
        return None
    source.position = braces.end()
    return _bounds(braces, source)


def _bounds(braces: re.Match[str], source: Source) -> tuple[int, int | None]:
    least = _count(braces[1] or "0")
    has_comma = bool(braces[2] or braces[3])
    if not has_comma:
        return least, least
    if not braces[4]:
        return least, None
    most = _count(braces[4])
    source.is_rejected |= most < least
    return least, max(least, most)


def _count(digits: str) -> int:
    significant = digits.lstrip("0") or "0"
    if len(significant) > len(str(_MAX_REPEAT)) or int(significant) > _MAX_REPEAT:
        raise UnsupportedPatternError(f"more than {_MAX_REPEAT} repetitions")
    return int(significant)


def _atom(source: Source, depth: int) -> Node:
    char = source.char
    if char == "(":
        return _group(source, depth + 1)
    if char == "[":
        return Chars(parse_class(source))
    if char == "\\":
        return _escaped(source)
    if char in _QUANTIFIERS:
        raise InvalidPatternError
    if char == "{" and _BRACES.match(source.text, source.position):
        raise UnsupportedPatternError("a repetition of nothing")
    return _plain(source.take(), source)


def _escaped(source: Source) -> Node:
    found = parse_escape(source)
    if isinstance(found, Assertion):
        return found
    return Chars(found) if isinstance(found, CharSet) else _literal(found, source)


def _plain(char: str, source: Source) -> Node:
    if char == ".":
        return Chars(EVERYTHING if "s" in source.flags else _NOT_NEWLINE)
    if char == "^":
        return Assertion.LINE_START if "m" in source.flags else Assertion.TEXT_START
    if char == "$":
        return Assertion.LINE_END if "m" in source.flags else Assertion.TEXT_END
    return _literal(char, source)


def _literal(char: str, source: Source) -> Node:
    return _folded(char) if source.folds else Literal(char)


@lru_cache(maxsize=256)
def _folded(char: str) -> Node:
    alone = CharSet.of([(ord(char), ord(char))])
    members = fold(alone)
    return Literal(char) if members == alone else Chars(members)


def _group(source: Source, depth: int) -> Node:
    if depth > _MAX_DEPTH:
        raise UnsupportedPatternError(f"groups nested deeper than {_MAX_DEPTH}")
    source.position += 1
    if source.is_at_verbose_blank:
        raise UnsupportedPatternError("blanks at the start of a group")
    if source.ahead(1) == "*" and source.ahead(2)[1:].isalpha():
        raise UnsupportedPatternError("backtracking verbs")
    if source.char == "?" and not _skips_name(source):
        return _flag_group(source, depth)
    return Group(_closed(source, depth, captures=True))


def _skips_name(source: Source) -> bool:
    found = _NAME.match(source.text, source.position)
    if found is None:
        return False
    if found[1] in source.group_names:
        raise UnsupportedPatternError("a group name used twice")
    source.group_names.add(found[1])
    source.position = found.end()
    return True


def _closed(source: Source, depth: int, *, captures: bool) -> Node:
    outer = source.flags
    node = _alternatives(source, depth)
    if not source.skips(")"):
        raise InvalidPatternError
    if captures and source.flags != outer:
        # The server's front end lets them go on after the group, the engine behind it does not.
        raise UnsupportedPatternError("flags set inside a capturing group")
    return node


def _flag_group(source: Source, depth: int) -> Node:
    """`(?flags)`, which lasts to the end of the enclosing group, or `(?flags:...)`."""
    outer = source.flags
    if _set_flags(source) == ")":
        return EMPTY
    node = _closed(source, depth, captures=False)
    source.flags = outer
    return node


def _set_flags(source: Source) -> str:
    found = _FLAGS.match(source.text, source.position)
    if found is None:
        raise _bad_group(source)
    on, minus, off, end = found.groups()
    if (end == ")" or minus) and not on + off:
        raise InvalidPatternError
    if len(set(on + off)) < len(on + off) or (minus and not off):
        raise UnsupportedPatternError("inline flags in an unusual form")
    source.position = found.end()
    source.flags = (source.flags | set(on)) - set(off)
    return end


def _bad_group(source: Source) -> Exception:
    for prefix, reason in _FANCY_GROUPS.items():
        if source.text.startswith(prefix, source.position):
            return UnsupportedPatternError(reason)
    rest = source.text[source.position + 1 :].lstrip(_KNOWN_FLAGS)
    is_unknown_flag = rest[:1].isascii() and rest[:1].isalpha() and rest[0] not in "PRu"
    if not rest or is_unknown_flag:
        return InvalidPatternError()
    return UnsupportedPatternError("this kind of group")
