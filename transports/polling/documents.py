"""From bytes to a definitions document: the check that every source makes before it answers.

Only the outermost shape is looked at, here; what is wrong with a single flag is the engine's
business and never costs the others.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..json_text import read_json
from .answers import Document

__all__ = ["MalformedDefinitionsError", "as_definitions", "decode_definitions"]


class MalformedDefinitionsError(ValueError):
    """It is not a definitions document; the message says what was found instead."""


def decode_definitions(text: bytes | str) -> Document:
    """Return the document that `text` holds as JSON.

    Raises:
        MalformedDefinitionsError: it is no JSON, or not a definitions document.
    """
    try:
        value = read_json(text)
    except ValueError as error:
        msg = f"expected JSON, found {len(text)} bytes that are not: {type(error).__name__}"
        raise MalformedDefinitionsError(msg) from None
    return as_definitions(value)


def as_definitions(value: object) -> Document:
    """Return `value` if it has the shape of a definitions document.

    Raises:
        MalformedDefinitionsError: it has not.
    """
    if not isinstance(value, Mapping):
        msg = f"expected an object with a 'flags' list, found {type(value).__name__}"
        raise MalformedDefinitionsError(msg)
    if not isinstance(value.get("flags"), list | tuple):
        found = f"'flags' as {type(value['flags']).__name__}" if "flags" in value else "no 'flags'"
        msg = f"expected an object with a 'flags' list, found {found}"
        raise MalformedDefinitionsError(msg)
    return value
