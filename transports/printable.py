"""Text from elsewhere as it may be shown: on one line, and without commands to a terminal.

Bodies of responses, names of events and texts of exceptions are written by others. All text of
logs and errors passes through ``printable``.
"""

from __future__ import annotations

import re

__all__ = ["printable"]

# Controls (C0, DEL, C1: ESC and CSI are among them), line and paragraph separators, marks that
# change the direction of text, the byte order mark, and lone surrogates, which no stream can encode.
_HARMFUL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


def printable(text: str) -> str:
    r"""Return the text with everything written out that a terminal or a log might obey.

    >>> print(printable("a\x1b[31m\nb\u202ec"))
    a\x1b[31m\nb\u202ec
    """
    return _HARMFUL.sub(_written_out, text)


def _written_out(found: re.Match[str]) -> str:
    # The escape of Python's own literals, such as \x1b and \u202e.
    return found.group().encode("unicode_escape").decode("ascii")
