"""The ``mechanism`` of an entry: valid fields are kept, invalid and missing fields left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .safe_attributes import is_a

__all__ = ["make_mechanism", "valid_flag", "valid_number", "valid_text"]

_MAX_TEXT_LENGTH = 200


def valid_text(value: object) -> str | None:
    """Return ``value`` if it is text that is not blank, otherwise None."""
    text = str.strip(value) if is_a(value, str) else ""
    return text[:_MAX_TEXT_LENGTH] or None


def valid_flag(value: object) -> bool | None:
    """Return ``value`` if it is True or False, otherwise None, even for 1 or "yes"."""
    return value if is_a(value, bool) else None


def valid_number(value: object) -> int | None:
    """Return ``value`` if it is an integer of at least 0, otherwise None."""
    return value if type(value) is int and value >= 0 else None


_FIELDS: Mapping[str, Callable[[object], Any]] = {
    "type": valid_text,
    "handled": valid_flag,
    "source": valid_text,
    "synthetic": valid_flag,
    "exception_id": valid_number,
    "parent_id": valid_number,
}


def make_mechanism(fields: Mapping[str, object]) -> dict[str, Any]:
    """Return the mechanism of an entry.

    Drop malformed fields. Keep the other fields, even those with unknown names.

    >>> make_mechanism({"type": "", "handled": "yes", "exception_id": 0, "signal": 11})
    {'exception_id': 0, 'signal': 11}
    """
    checked = {name: _FIELDS.get(name, _as_given)(value) for name, value in fields.items()}
    return {name: value for name, value in checked.items() if value is not None}


def _as_given(value: object) -> object:
    return value
