"""The flag keys that are known not to exist, so that the client does not request them again.

The client learns them only from a complete response without errors. It forgets them at the next
successful load of definitions, "unchanged" included, because the flag may exist by then.
"""

from __future__ import annotations

import threading
from collections.abc import Collection

from .response import FlagsResponse

__all__ = ["MissingKeys"]

MOST_KEYS = 10_000


class MissingKeys:
    """The missing keys of one refresh of the definitions. Thread-safe."""

    def __init__(self) -> None:
        self._state: tuple[int, frozenset[str]] = (0, frozenset())
        self._lock = threading.Lock()

    def at(self, refresh: int) -> frozenset[str]:
        """Return the keys that are known to be missing at this `Published.refresh`."""
        learnt_at, keys = self._state
        return keys if learnt_at == refresh else frozenset()

    def learn(self, lacking: Collection[str], response: FlagsResponse, refresh: int) -> None:
        """Record those of the `lacking` keys that the response does not have either."""
        if not response.is_clean:
            return
        absent = {key for key in lacking if key not in response.flags}
        with self._lock:
            keys = self.at(refresh) | absent
            if len(keys) <= MOST_KEYS:
                self._state = (refresh, keys)

    def after_fork(self) -> None:
        """Renew the lock in a forked child."""
        self._lock = threading.Lock()
