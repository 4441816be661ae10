"""JSON as clients send it: read as leniently as the client reads, within a bound of levels.

orjson reads 1,024 levels and no NaN; what it refuses is read by the standard library, which calls itself for each
level, so only down to half of the stack.
"""

from __future__ import annotations

from re import DOTALL, compile  # noqa: A004 - only here
from typing import Any, Final

from ...json_text import read_json

try:
    import orjson
except ImportError:
    orjson = None  # type: ignore[assignment] # optional

__all__ = ["json_of"]

_HALF_CHARACTER: Final = compile(rb"\xed[\xa0-\xbf]")
_BRACKET_OR_TEXT: Final = compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', DOTALL)
_OPENING: Final = (b"[", b"{")
_CLOSING: Final = (b"]", b"}")
_MOST_LEVELS: Final = 512


def json_of(text: bytes) -> Any:
    """Return the value of JSON text, read as leniently as the client reads (see ``read_json``).

    Raises:
        ValueError: the text is not JSON, or nested too deep.
    """
    if orjson is not None:
        try:
            return orjson.loads(text)
        except ValueError:
            # NaN, an integer of more than 64 bits, half a surrogate pair: or no JSON
            pass
    if _is_deep(text):
        msg = f"nested deeper than {_MOST_LEVELS} levels"
        raise ValueError(msg)
    return read_json(_with_whole_characters(text) if _HALF_CHARACTER.search(text) else text)


def _is_deep(text: bytes) -> bool:
    """Return whether JSON has more levels than the reader that calls itself for each may go down.

    At the end of the stack, whatever the interpreter cleans up meanwhile would fail.
    """
    if text.count(b"[") + text.count(b"{") <= _MOST_LEVELS:
        return False
    depth = 0
    for found in _BRACKET_OR_TEXT.finditer(text):
        token = found[0]
        depth += (token in _OPENING) - (token in _CLOSING)
        if depth > _MOST_LEVELS:
            return True
    return False


def _with_whole_characters(text: bytes) -> bytes:
    """Return text in which a character is written as the UTF-8 of both halves of its UTF-16.

    So do posthog-js 1.297 and older in their base64, where a text has an emoji.
    """
    try:
        halves = text.decode("utf-8", "surrogatepass").encode("utf-16-le", "surrogatepass")
    except UnicodeDecodeError:
        return text
    whole = halves.decode("utf-16-le", "surrogatepass")
    return whole.encode("utf-8", "surrogatepass")
