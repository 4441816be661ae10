"""Reading JSON that a server or a file holds: as strict as need be, and no stricter.

What the standard library refuses although the rest of the document is fine (an integer of
thousands of digits) must not cost the rest; what it accepts although it is no JSON (NaN) reads as
null, as the engine has it.
"""

from __future__ import annotations

import json
from typing import Any

__all__ = ["read_json"]


def read_json(text: bytes | str) -> Any:
    """Return the value.

    Raises:
        ValueError: it is no JSON, or nested deeper than can be read.

    >>> read_json('{"a": NaN}')
    {'a': None}
    """
    try:
        return _loads(text)
    except RecursionError:
        msg = "nested too deep"
        raise ValueError(msg) from None


def _loads(text: bytes | str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise
    except ValueError:
        return json.loads(text, parse_constant=_no_constant, parse_int=float)


def _no_constant(_: str) -> None:
    """NaN and the infinities are no JSON."""
