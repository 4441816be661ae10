"""Incidents, so that a lasting problem is logged once, when it begins."""

from __future__ import annotations

from collections.abc import Hashable

__all__ = ["Incidents"]


class Incidents:
    """The open incidents, each with a key chosen by the caller.

    >>> incidents = Incidents()
    >>> incidents.opens("full"), incidents.opens("full")
    (True, False)
    >>> incidents.resolve("full")
    >>> incidents.opens("full")
    True
    """

    def __init__(self) -> None:
        self._open: set[Hashable] = set()

    def opens(self, key: Hashable) -> bool:
        """Open the incident; return True if it was not open before."""
        if key in self._open:
            return False
        self._open.add(key)
        return True

    def resolve(self, *keys: Hashable) -> None:
        """Close the incidents, so that the next incident with the same key is reported again."""
        self._open.difference_update(keys)
