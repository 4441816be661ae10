"""The parser from a pattern of the server's dialect to a tree.

The grammar is the grammar of the server's front end, which differs from the engine behind it: `{`
without a number is a plain character, and a second quantifier in a row is invalid. Look-around,
back-references and similar syntax are recognised and unsupported. This parser stops at the first
invalid position, as the server's parser does; the rest of the pattern does not matter.
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
from flagengine.operators.patterns.source import PatternReader

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


def parse_pattern(reader: PatternReader) -> Node:
    """Return the tree of the whole pattern; raise an exception for other outcomes."""
    node = _alternatives(reader, 0)
    if reader.char:
        raise InvalidPatternError
    return node


def _alternatives(reader: PatternReader, depth: int) -> Node:
    branches = [_branch(reader, depth)]
    while reader.skips("|"):
        branches.append(_branch(reader, depth))
    return branches[0] if len(branches) == 1 else Alternatives(tuple(branches))


def _branch(reader: PatternReader, depth: int) -> Node:
    items: list[Node] = []
    reader.skip_verbose_blanks()
    while reader.char not in ("", "|", ")"):
        item = _piece(reader, depth)
        if item != EMPTY:
            items.append(item)
        reader.skip_verbose_blanks()
    return items[0] if len(items) == 1 else Sequence(tuple(items))


def _piece(reader: PatternReader, depth: int) -> Node:
    atom = _atom(reader, depth)
    reader.skip_verbose_blanks()
    bounds = _quantifier(reader)
    if bounds is None:
        return atom
    if atom == EMPTY:
        raise InvalidPatternError
    if atom in (Assertion.WORD_BOUNDARY, Assertion.NO_WORD_BOUNDARY):
        raise UnsupportedPatternError("a repeated word boundary")
    reader.skip_verbose_blanks()
    reader.skips("?")
    if reader.char == "+":
        raise UnsupportedPatternError("possessive quantifiers")
    return Repeat(atom, *bounds)


def _quantifier(reader: PatternReader) -> tuple[int, int | None] | None:
    if reader.char in _QUANTIFIERS:
        return _QUANTIFIERS[reader.take()]
    if reader.char != "{":
        return None
    if "x" in reader.flags and _BLANK_BRACES.match(reader.text, reader.position):
        raise UnsupportedPatternError("blanks inside a repetition")
    braces = _BRACES.match(reader.text, reader.position)
    if braces is None:
        return None
    reader.position = braces.end()
    return _bounds(braces, reader)


def _bounds(braces: re.Match[str], reader: PatternReader) -> tuple[int, int | None]:
    least = _count(braces[1] or "0")
    has_comma = bool(braces[2] or braces[3])
    if not has_comma:
        return least, least
    if not braces[4]:
        return least, None
    most = _count(braces[4])
    reader.is_rejected |= most < least
    return least, max(least, most)


def _count(digits: str) -> int:
    significant = digits.lstrip("0") or "0"
    if len(significant) > len(str(_MAX_REPEAT)) or int(significant) > _MAX_REPEAT:
        raise UnsupportedPatternError(f"more than {_MAX_REPEAT} repetitions")
    return int(significant)


def _atom(reader: PatternReader, depth: int) -> Node:
    char = reader.char
    if char == "(":
        return _group(reader, depth + 1)
    if char == "[":
        return Chars(parse_class(reader))
    if char == "\\":
        return _escaped(reader)
    if char in _QUANTIFIERS:
        raise InvalidPatternError
    if char == "{" and _BRACES.match(reader.text, reader.position):
        raise UnsupportedPatternError("a repetition of nothing")
    return _plain(reader.take(), reader)


def _escaped(reader: PatternReader) -> Node:
    found = parse_escape(reader)
    if isinstance(found, Assertion):
        return found
    return Chars(found) if isinstance(found, CharSet) else _literal(found, reader)


def _plain(char: str, reader: PatternReader) -> Node:
    if char == ".":
        return Chars(EVERYTHING if "s" in reader.flags else _NOT_NEWLINE)
    if char == "^":
        return Assertion.LINE_START if "m" in reader.flags else Assertion.TEXT_START
    if char == "$":
        return Assertion.LINE_END if "m" in reader.flags else Assertion.TEXT_END
    return _literal(char, reader)


def _literal(char: str, reader: PatternReader) -> Node:
    return _folded(char) if reader.folds else Literal(char)


@lru_cache(maxsize=256)
def _folded(char: str) -> Node:
    alone = CharSet.of([(ord(char), ord(char))])
    members = fold(alone)
    return Literal(char) if members == alone else Chars(members)


def _group(reader: PatternReader, depth: int) -> Node:
    if depth > _MAX_DEPTH:
        raise UnsupportedPatternError(f"groups nested deeper than {_MAX_DEPTH}")
    reader.position += 1
    if reader.is_at_verbose_blank:
        raise UnsupportedPatternError("blanks at the start of a group")
    if reader.ahead(1) == "*" and reader.ahead(2)[1:].isalpha():
        raise UnsupportedPatternError("backtracking verbs")
    if reader.char == "?" and not _skips_name(reader):
        return _flag_group(reader, depth)
    return Group(_closed(reader, depth, captures=True))


def _skips_name(reader: PatternReader) -> bool:
    found = _NAME.match(reader.text, reader.position)
    if found is None:
        return False
    if found[1] in reader.group_names:
        raise UnsupportedPatternError("a group name used twice")
    reader.group_names.add(found[1])
    reader.position = found.end()
    return True


def _closed(reader: PatternReader, depth: int, *, captures: bool) -> Node:
    outer = reader.flags
    node = _alternatives(reader, depth)
    if not reader.skips(")"):
        raise InvalidPatternError
    if captures and reader.flags != outer:
        # The server's front end keeps these flags after the group, the engine behind it does not.
        raise UnsupportedPatternError("flags set inside a capturing group")
    return node


def _flag_group(reader: PatternReader, depth: int) -> Node:
    """Read `(?flags)`, which lasts to the end of the enclosing group, or `(?flags:...)`."""
    outer = reader.flags
    if _set_flags(reader) == ")":
        return EMPTY
    node = _closed(reader, depth, captures=False)
    reader.flags = outer
    return node


def _set_flags(reader: PatternReader) -> str:
    found = _FLAGS.match(reader.text, reader.position)
    if found is None:
        raise _bad_group(reader)
    on, minus, off, end = found.groups()
    if (end == ")" or minus) and not on + off:
        raise InvalidPatternError
    if len(set(on + off)) < len(on + off) or (minus and not off):
        raise UnsupportedPatternError("inline flags in an unusual form")
    reader.position = found.end()
    reader.flags = (reader.flags | set(on)) - set(off)
    return end


def _bad_group(reader: PatternReader) -> Exception:
    for prefix, reason in _FANCY_GROUPS.items():
        if reader.text.startswith(prefix, reader.position):
            return UnsupportedPatternError(reason)
    rest = reader.text[reader.position + 1 :].lstrip(_KNOWN_FLAGS)
    is_unknown_flag = rest[:1].isascii() and rest[:1].isalpha() and rest[0] not in "PRu"
    if not rest or is_unknown_flag:
        return InvalidPatternError()
    return UnsupportedPatternError("this kind of group")
