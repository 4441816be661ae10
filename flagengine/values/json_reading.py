"""The JSON text of people's properties, read whatever its depth and however long its numbers are.

What is too deep to be read is too deep to be given (SPEC R7.8), so one person's odd value fails no other's.
"""

import json
import math
import re
from typing import Any, Final

from flagengine.values.json_values import MAX_DEPTH

__all__ = ["read_json"]

_DEEPEST: Final = MAX_DEPTH + 8
"""The number of levels that are read of a deeper text: still too many for the property that has them."""

_MAX_DIGITS: Final = 4_000
"""The longest integer that is read; Python refuses to read more than 4,300 digits."""

# A text that is not closed ends with the document: otherwise each quote in it is tried as a beginning.
_BRACKETS: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[][{}]', re.DOTALL)


def read_json(written: str) -> Any:
    """Return the value of JSON text; raise ValueError if it is none.

    One byte order mark before the text is ignored. An integer beyond what Python reads is infinite, and
    so null (R7.2, R7.6).
    """
    written = written.removeprefix("\ufeff")
    try:
        return _loads(written)
    except RecursionError:
        return _loads(_cut_deep(written))


def _loads(written: str) -> Any:
    try:
        return json.loads(written)
    except json.JSONDecodeError:
        raise
    except ValueError:  # an integer of thousands of digits
        return json.loads(written, parse_int=_integer)


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MAX_DIGITS else math.inf


def _cut_deep(written: str) -> str:
    """Replace values below the deepest level by null."""
    pieces, depth, start = [], 0, 0
    for token in _BRACKETS.finditer(written):
        if token[0] in ("[", "{"):
            depth += 1
            if depth == _DEEPEST:
                pieces.append(written[start : token.start()])
        elif token[0] in ("]", "}"):
            if depth == _DEEPEST:
                pieces.append("null")
                start = token.end()
            depth -= 1
    pieces.append(written[start:] if depth < _DEEPEST else "")
    return "".join(pieces)
