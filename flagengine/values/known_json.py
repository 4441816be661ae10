"""JSON that was seen before: a copy of it, and the comparison of a value with such a copy.

The copy shares texts and numbers with the document, so most comparisons are of identity. What nests
deep, or holds an integer of more than 64 bits, is left to the slower copy of a document. The
accelerator does the same in C.
"""

import sys
from collections.abc import Callable
from marshal import dumps
from typing import Any, Final

from flagengine.native import accelerator

__all__ = [
    "KnownInPython",
    "KnownJson",
    "copy_in_python",
    "json_copy",
    "json_same",
    "json_size",
    "same_in_python",
    "size_in_python",
]

_MAX_DEPTH: Final = 300
_LEAST: Final = -(2**63)
_GREATEST: Final = 2**63 - 1
_TEXT: Final = frozenset({str})
_SCALARS: Final = frozenset({str, int, float, bool, type(None)})
_HAS_GIL: Final = getattr(sys, "_is_gil_enabled", lambda: True)()
_TEXT_UNIT: Final = 64
"""So many characters of text count as one value more."""


def copy_in_python(document: object, max_values: int) -> dict[str, Any] | None:
    """Return a copy of a dict of plain JSON, with lists for its tuples; None for any other value.

    A value that nests deep, or has too many values, is not plain.
    """
    if type(document) is not dict:
        return None
    top = document.copy()
    left = max_values - 1
    waiting: list[tuple[Any, int]] = [(top, _MAX_DEPTH)]
    while waiting:
        own, depth = waiting.pop()
        left -= len(own)
        if depth == 0 or left < 0:
            return None
        if type(own) is dict and not _TEXT.issuperset(map(type, own)):
            return None
        for at, member in own.items() if type(own) is dict else enumerate(own):
            kind = type(member)
            if kind is dict or kind is list or kind is tuple:
                own[at] = copy = member.copy() if kind is dict else list(member)
                waiting.append((copy, depth - 1))
            elif kind not in _SCALARS or (kind is int and not _LEAST <= member <= _GREATEST):
                return None
    return top


def same_in_python(given: object, known: object) -> bool:
    """Tell whether two values are the same plain JSON, of the same types in the same order.

    1, 1.0 and True differ, and so do 0.0 and -0.0. Nobody may change ``known``.
    """
    return _same(given, known, lambda: _written(known))


def _same(given: object, known: object, written: Callable[[], bytes]) -> bool:
    try:
        # What equals a finite value is finite, so the writing ends.
        return bool(given == known) and _written(given) == written()
    except Exception:  # noqa: BLE001 other values may raise anything when they are compared
        return False


def _written(value: Any) -> bytes:
    """Return bytes that only the same JSON shares; a subclass of a type of JSON raises ValueError."""
    return dumps(value, 2)  # later versions write a reference where one object is used twice


def size_in_python(copy: object) -> int:
    """Count the values of a copy; 64 characters of text count as a value."""
    size = 0
    waiting = [copy]
    while waiting:
        value = waiting.pop()
        size += 1
        if type(value) is str:
            size += len(value) // _TEXT_UNIT
        elif type(value) is dict:
            size += sum(len(name) // _TEXT_UNIT for name in value)
            waiting += value.values()
        elif type(value) is list:
            waiting += value
    return size


class KnownInPython:
    """A dict of plain JSON that nobody changes, with which documents are compared."""

    __slots__ = ("_copy", "_written")

    def __init__(self, copy: dict[str, Any]) -> None:
        """Bind a copy."""
        self._copy = copy
        self._written = _written(copy)

    def same(self, document: object) -> bool:
        """Tell whether a document is the JSON of the copy; no document with a tuple is."""
        # Without the GIL, another thread may change the document while it is written.
        return _HAS_GIL and _same(document, self._copy, lambda: self._written)


json_same: Callable[[object, object], bool] = same_in_python
json_size: Callable[[object], int] = size_in_python
json_copy: Callable[[object, int], dict[str, Any] | None] = copy_in_python
KnownJson: Any = KnownInPython

if accelerator is not None:
    json_same = accelerator.json_same
    json_size = accelerator.json_size
    json_copy = accelerator.json_copy
    KnownJson = accelerator.KnownJson
