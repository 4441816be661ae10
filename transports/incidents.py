"""Incidents, so that a lasting problem is logged once when it begins, and once when it is over."""

from __future__ import annotations

from collections.abc import Hashable
from itertools import count

__all__ = ["Incidents"]


class Incidents:
    """The open incidents, each with a key chosen by the caller and a sum.

    Safe to use from any thread, and without a lock, which the child of a fork might find taken.

    >>> incidents = Incidents()
    >>> incidents.opens("full"), incidents.opens("full", 4)
    (True, False)
    >>> incidents.resolve("full")
    5
    >>> incidents.opens("full")
    True
    """

    def __init__(self) -> None:
        self._open: dict[Hashable, _Sum] = {}

    def opens(self, key: Hashable, amount: int = 1) -> bool:
        """Open the incident, or add ``amount`` to its sum; return True if it was not open before."""
        known = self._open.get(key)
        if known is None:
            new = _Sum()
            known = self._open.setdefault(key, new)
            known.add(amount)
            return known is new
        known.add(amount)
        return False

    def resolve(self, *keys: Hashable) -> int:
        """Close the incidents, so that the next one with the same key is reported again.

        Return the sum of their amounts, 0 if none was open.
        """
        if not self._open:
            return 0
        found = [self._open.pop(key, None) for key in keys]
        return sum(known.total() for known in found if known is not None)

    def close_all(self) -> dict[Hashable, int]:
        """Close all incidents; return their sums by key."""
        found, self._open = self._open, {}
        return {key: known.total() for key, known in found.items()}


class _Sum:
    """A sum to which several threads add; each step is one that Python does not interrupt."""

    __slots__ = ("_larger", "_ones")

    def __init__(self) -> None:
        self._ones = count()
        self._larger: list[int] = []

    def add(self, amount: int) -> None:
        if amount == 1:
            next(self._ones)
        else:
            self._larger.append(amount)

    def total(self) -> int:
        return next(self._ones) + sum(self._larger)
