"""Text from elsewhere as it may be shown: without commands to a terminal or a log.

Definitions, files, arguments, responses and texts of exceptions are written by others. Controls (ESC,
CSI and the other C1 among them), line separators and marks that turn the direction of text could move
a cursor, or make a line look like another. Spaces of any width are left.
"""

import json
from collections.abc import Callable

__all__ = ["printable", "printable_json"]


def printable(text: str) -> str:
    r"""Return the text with every character that is not printable written as in Python's literals.

    >>> printable("a\x1b[31m\nb\u202ec")
    'a\\x1b[31m\\nb\\u202ec'
    """
    return _written_out(text, lambda char: ascii(char)[1:-1])


def printable_json(text: str) -> str:
    """Return JSON text of one or more lines with JSON's own escapes for such characters."""
    lines = (_written_out(line, lambda char: json.dumps(char)[1:-1]) for line in text.split("\n"))
    return "\n".join(lines)


def _written_out(text: str, escape: Callable[[str], str]) -> str:
    if text.isprintable():
        return text
    return "".join(char if _is_harmless(char) else escape(char) for char in text)


def _is_harmless(char: str) -> bool:
    is_wide_space = char > "\x85" and char.isspace() and char not in "\u2028\u2029"
    return char.isprintable() or is_wide_space
