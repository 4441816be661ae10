"""The sentences of option errors: what must be, and what was given, without keys."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["items_of", "shown", "wrong_type", "wrong_value"]

_LONGEST = 80
# A key of PostHog, or a URL with a password: such a text is not shown at all.
_SECRET = re.compile(r"ph[a-z]{1,2}_|://[^/?#]*@|\bbearer\b", re.IGNORECASE)
_PLAIN = (str, int, float, bool, type(None))


def wrong_type(name: str, must: str, given: object) -> TypeError:
    """Return the error for a value of the wrong type."""
    return TypeError(_sentence(name, must, given))


def wrong_value(name: str, must: str, given: object) -> ValueError:
    """Return the error for a value of the right type that makes no sense."""
    return ValueError(_sentence(name, must, given))


def _sentence(name: str, must: str, given: object) -> str:
    return f"{name} must be {must}, got {shown(given)}"


def items_of(name: str, must: str, given: Any) -> list[Any]:
    """Return the items of a collection; a text, bytes or a mapping is none."""
    if isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable):
        raise wrong_type(name, must, given)
    try:
        return list(given)
    except Exception as error:
        raise wrong_type(name, must, given) from error


def shown(given: Any) -> str:
    """Return a plain value as in Python, without keys and shortened; otherwise the name of its type.

    >>> shown("5s"), shown([1]), shown(dict), shown("phx_0123456789")
    ("'5s'", 'list', 'the class dict', 'a text with a key')
    """
    if isinstance(given, type):
        return f"the class {given.__name__}"
    if type(given) not in _PLAIN:
        return type(given).__name__
    try:
        text = repr(given)
    except ValueError:  # Python refuses to print integers of many thousand digits
        return "a huge integer"
    if _SECRET.search(text):
        return "a text with a key"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
