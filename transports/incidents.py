"""Incidents, so that a lasting problem is logged once when it begins, and once when it is over."""

from __future__ import annotations

from collections.abc import Hashable

__all__ = ["Incidents"]


class Incidents:
    """The open incidents, each with a key chosen by the caller and a sum.

    >>> incidents = Incidents()
    >>> incidents.opens("full"), incidents.opens("full", 4)
    (True, False)
    >>> incidents.resolve("full")
    5
    >>> incidents.opens("full")
    True
    """

    def __init__(self) -> None:
        self._open: dict[Hashable, int] = {}

    def opens(self, key: Hashable, count: int = 1) -> bool:
        """Open the incident, or add ``count`` to its sum; return True if it was not open before."""
        before = self._open.get(key)
        self._open[key] = count if before is None else before + count
        return before is None

    def resolve(self, *keys: Hashable) -> int:
        """Close the incidents, so that the next one with the same key is reported again.

        Return the sum of their counts, 0 if none was open.
        """
        if not self._open:
            return 0
        return sum(self._open.pop(key, 0) for key in keys)

    def close_all(self) -> dict[Hashable, int]:
        """Close all incidents; return their sums by key."""
        found, self._open = self._open, {}
        return found
