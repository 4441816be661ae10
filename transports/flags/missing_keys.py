"""Which flag keys are known not to exist, so that the server is not asked for them again.

Learnt only from a response that would have named them: complete, without errors. Forgotten at the
next successful refresh of the definitions, "unchanged" included, since the flag may exist by then.
"""

from __future__ import annotations

import threading
from collections.abc import Collection

from .response import FlagsResponse

__all__ = ["MissingKeys"]

MOST_KEYS = 10_000


class MissingKeys:
    """Knowledge that holds for one refresh of the definitions. Thread-safe."""

    def __init__(self) -> None:
        self._state: tuple[int, frozenset[str]] = (0, frozenset())
        self._lock = threading.Lock()

    def at(self, refresh: int) -> frozenset[str]:
        """Return the keys known to be missing as of that refresh (`Published.refresh`)."""
        learnt_at, keys = self._state
        return keys if learnt_at == refresh else frozenset()

    def learn(self, lacking: Collection[str], response: FlagsResponse, refresh: int) -> None:
        """Note which of the requested keys that lacked an answer the response has not either."""
        if not response.is_clean:
            return
        absent = {key for key in lacking if key not in response.flags}
        with self._lock:
            keys = self.at(refresh) | absent
            if len(keys) <= MOST_KEYS:
                self._state = (refresh, keys)

    def after_fork(self) -> None:
        """In a forked child: a fresh lock."""
        self._lock = threading.Lock()
