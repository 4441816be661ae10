"""Untrusted text as Python source that is nothing but a literal."""

from collections.abc import Iterable
from typing import Final

__all__ = ["choice", "docstring", "imported", "literal", "tuple_of"]

_WIDTH: Final = 92
_LONGEST: Final = 300
"""The characters of a description that a docstring repeats."""


def literal(text: str) -> str:
    r"""Return a text as a Python literal of printable ASCII in double quotes.

    >>> literal('a"b\n') == r'"a\"b\n"', literal("é") == r'"\xe9"'
    (True, True)
    """
    return '"' + "".join(map(_character, text)) + '"'


def _character(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    return ascii(char)[1:-1] if char != "'" else char


def docstring(text: str) -> str:
    r"""Return a description as a docstring: a literal of one line, cut to a readable length.

    >>> docstring("The new checkout")[3:-3], docstring('a "quoted" word')
    ('The new checkout', '"a \\"quoted\\" word"')
    """
    line = " ".join(text.split())
    line = line if len(line) <= _LONGEST else line[:_LONGEST].rstrip() + "..."
    is_plain = line.isascii() and line.isprintable() and not set(line) & set('"\\')
    return f'"""{line}"""' if is_plain else literal(line)


def choice(texts: Iterable[str], indent: str = "") -> str:
    """Return the type of one of several texts, on as many lines as it needs."""
    return _listed("Literal[", [literal(text) for text in texts], "]", indent)


def tuple_of(texts: Iterable[str], indent: str = "") -> str:
    """Return a tuple of texts, on as many lines as it needs."""
    written = [literal(text) for text in texts]
    if len(written) == 1:
        return f"({written[0]},)"
    return _listed("(", written, ")", indent)


def imported(module: str, names: Iterable[str]) -> str:
    """Return an import of names, which are sorted, on as many lines as it needs."""
    written = sorted(names)
    line = f"from {module} import {', '.join(written)}"
    if len(line) <= _WIDTH:
        return line
    return _listed(f"from {module} import (", written, ")", "")


def _listed(start: str, written: list[str], end: str, indent: str) -> str:
    line = f"{start}{', '.join(written)}{end}"
    if len(indent) + len(line) <= _WIDTH:
        return line
    inner = "".join(f"{indent}    {text},\n" for text in written)
    return f"{start}\n{inner}{indent}{end}"
