"""One warning for each episode of trouble, not one for each event in it."""

from __future__ import annotations

from collections.abc import Hashable

__all__ = ["Episodes"]


class Episodes:
    """Which troubles are going on.

    >>> episodes = Episodes()
    >>> episodes.begins("full"), episodes.begins("full")
    (True, False)
    >>> episodes.end("full")
    >>> episodes.begins("full")
    True
    """

    def __init__(self) -> None:
        self._current: set[Hashable] = set()

    def begins(self, trouble: Hashable) -> bool:
        """Whether the trouble is new; it goes on from now."""
        if trouble in self._current:
            return False
        self._current.add(trouble)
        return True

    def end(self, *troubles: Hashable) -> None:
        """They are over."""
        self._current.difference_update(troubles)
