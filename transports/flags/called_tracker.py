"""Which ``$feature_flag_called`` events were already sent: a bounded, thread-safe memory.

Least recently used distinct ids are forgotten first, one at a time; being full never empties it.
Only hashes are kept of what was reported, so a group key or a value is not held in memory.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping

from cachetools import LRUCache

__all__ = ["CalledTracker"]

DEFAULT_CAPACITY = 50_000
# Against a single distinct id that is used for everybody, with ever new groups.
MOST_REPORTS_OF_ONE_ID = 10_000


class CalledTracker:
    """Remembers reads by distinct id.

    >>> tracker = CalledTracker()
    >>> tracker.is_first("u1", "beta", True), tracker.is_first("u1", "beta", True)
    (True, False)
    """

    def __init__(self, capacity: int = DEFAULT_CAPACITY) -> None:
        # The values are dicts used as ordered sets.
        self._by_id: LRUCache[str, dict[int, None]] = LRUCache(max(1, capacity))
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._by_id)

    def is_first(
        self,
        distinct_id: str,
        key: str,
        response: object,
        groups: Mapping[str, object] | None = None,
        device_id: str | None = None,
    ) -> bool:
        """Note that this was read; whether it had not been noted before. One atomic step."""
        report = hash((key, _frozen(response), _frozen_groups(groups), device_id))
        with self._lock:
            reports = self._by_id.get(distinct_id)
            if reports is None:
                reports = self._by_id[distinct_id] = {}
            if report in reports:
                return False
            if len(reports) >= MOST_REPORTS_OF_ONE_ID:
                del reports[next(iter(reports))]
            reports[report] = None
            return True

    def clear(self) -> None:
        """Forget everything: at shutdown, at reset, and when the definitions change."""
        with self._lock:
            self._by_id.clear()

    def after_fork(self) -> None:
        """In a forked child: a fresh lock; what was reported stays reported."""
        self._lock = threading.Lock()


def _frozen(response: object) -> tuple[str, str]:
    """Return a hashable form in which True, 1 and "true" differ."""
    if response is None or isinstance(response, bool | str):
        return type(response).__name__, str(response)
    return type(response).__name__, json.dumps(response, sort_keys=True, default=repr)


def _frozen_groups(groups: Mapping[str, object] | None) -> tuple[tuple[str, str], ...]:
    if not groups:
        return ()
    return tuple(sorted((str(kind), str(key)) for kind, key in groups.items()))
