"""Text that is safe on a terminal: what is not printable is written out.

Definitions, files and arguments are untrusted. Controls (C1 too) and marks that turn the direction
of text could send commands to a terminal or make a line look like another.
"""

import json

__all__ = ["plain", "plain_json"]


def plain(text: str) -> str:
    """Return the text with escapes for characters that are not printable."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def plain_json(text: str) -> str:
    """Return JSON text of several lines with JSON's own escapes for such characters."""
    return "\n".join(map(_plain_line, text.split("\n")))


def _plain_line(line: str) -> str:
    if line.isprintable():
        return line
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in line)
