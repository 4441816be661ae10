"""JSON text, read whatever its depth and however long its numbers are."""

import json
import math
import re
from typing import Any, Final

from flagengine.values.json_values import MAX_DEPTH

__all__ = ["cut_deep", "loads", "read_json"]

_DEEPEST: Final = MAX_DEPTH + 8
"""The number of levels that are read of a property: too many for the property that has them."""

_MAX_DIGITS: Final = 4_000
"""The longest integer that is read; Python refuses to read more than 4,300 digits."""

# A text that is not closed ends with the whole: otherwise each quote in it is tried as a beginning.
_BRACKETS: Final = r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[][{}]'


def read_json(text: str) -> Any:
    """Return the value of the JSON text of properties; raise ValueError if it is none.

    One byte order mark before the text is ignored. What is too deep to be read is too deep to be given
    (SPEC R7.8), so one person's odd value fails no other's.
    """
    text = text.removeprefix("\ufeff")
    try:
        return loads(text)
    except RecursionError:
        return loads(cut_deep(text, _DEEPEST))


def loads(text: str) -> Any:
    """Return the value of JSON text; an integer beyond what Python reads is infinite (SPEC R2.4, R7.6).

    Raises:
        ValueError: the text is no JSON.
        RecursionError: the value is deeper than the stack.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except ValueError:  # an integer of thousands of digits
        return json.loads(text, parse_int=_integer)


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MAX_DIGITS else math.inf


def cut_deep(text: str, deepest: int) -> str:
    """Replace values below the deepest level by null, since they are too deep to be read."""
    pieces, depth, start = [], 0, 0
    for token in re.finditer(_BRACKETS, text, re.DOTALL):
        bracket = token[0]
        if bracket in ("[", "{"):
            depth += 1
            if depth == deepest:
                pieces.append(text[start : token.start()])
        elif bracket in ("]", "}"):
            if depth == deepest:
                pieces.append("null")
                start = token.end()
            depth -= 1
    pieces.append(text[start:] if depth < deepest else "")
    return "".join(pieces)
