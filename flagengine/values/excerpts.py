"""The beginning of a JSON value as text, for messages and explanations.

The work does not depend on the size of the value, because an explanation may show a large one often.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from flagengine.values.json_values import text

__all__ = ["excerpt"]

_SHOWN: Final = 60


def excerpt(value: Any) -> str:
    """Return a JSON value as JSON text, cut to a readable length."""
    written = text([_beginning(value)])[1:-1]
    return written if len(written) <= _SHOWN else written[:_SHOWN] + "…"


def _beginning(value: Any) -> Any:
    """Return a value whose text begins like that of ``value``; if it is shorter, it is the same.

    Each member and each character takes at least one character.
    """
    if isinstance(value, str):
        return value[: _SHOWN + 1]
    if isinstance(value, list):
        return [member for _, member in _shown((("", member) for member in value), 1)]
    if isinstance(value, dict):
        return dict(_shown(((name, value[name]) for name in sorted(value)), 4))
    return value


def _shown(members: Iterable[tuple[str, Any]], around: int) -> Iterator[tuple[str, Any]]:
    """Yield the members that are shown, at least in part; ``around`` counts the marks of each."""
    length = 0
    for name, value in members:
        if length > _SHOWN:
            return
        member = name[: _SHOWN + 1], _beginning(value)
        length += len(member[0]) + len(text(member[1])) + around
        yield member
