"""A copy of a decoded JSON document of any depth that a reader takes, which recursion could not copy."""

from typing import Any

from flagengine.values.known_json import json_copy

__all__ = ["deep_copy"]

_SCALARS = frozenset({str, int, float, bool, type(None)})
_MAX_VALUES = 2**31 - 1


def deep_copy(document: dict[str, Any]) -> dict[str, Any]:
    """Return a copy that shares no object and no array with ``document``.

    ``document`` is a snapshot's own, so nothing in it is in two places, or in itself.

    >>> document = {"flags": [{"key": "a", "id": 2**70}]}
    >>> copy = deep_copy(document)
    >>> copy == document, copy["flags"][0] is document["flags"][0]
    (True, False)
    """
    quick = json_copy(document, _MAX_VALUES)
    return _deep_copy(document) if quick is None else quick


def _deep_copy(document: dict[str, Any]) -> dict[str, Any]:
    copy = dict(document)
    waiting: list[Any] = [copy]
    while waiting:
        found = waiting.pop()
        items = found.items() if type(found) is dict else enumerate(found)
        for place, value in items:
            if type(value) not in _SCALARS:
                # The keys stay as they are, so the mapping may be gone through meanwhile.
                found[place] = value.copy()
                waiting.append(found[place])
    return copy
