"""The memory of which events of flag reads were already sent.

A read is forgotten when its flag has changed, and with the least recently used persons when the
memory is full. The memory has no ids, keys or values in it, only hashes, so its size does not depend
on how long they are.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from typing import Any, Final

from cachetools import LRUCache

__all__ = ["CalledTracker"]


class CalledTracker:
    """A bounded, thread-safe record of the reads that were already reported, by distinct id.

    It has at most ``capacity`` distinct ids and twenty reads for each of them on average; with the
    default capacity, at most some 100 MB. When it is full, it forgets the least recently used
    distinct id.

    >>> tracker = CalledTracker()
    >>> tracker.is_first("u1", "beta", True), tracker.is_first("u1", "beta", True)
    (True, False)
    >>> tracker.flags_changed(["beta"])
    >>> tracker.is_first("u1", "beta", True)
    True
    """

    DEFAULT_CAPACITY: Final = 50_000
    READS_OF_AN_ID: Final = 20
    # For applications that use a single distinct id for everybody, with ever new groups.
    MOST_READS_OF_ONE_ID: Final = 10_000
    # The most flags whose changes are remembered; one more change forgets all reads.
    MOST_CHANGED_FLAGS: Final = 10_000

    def __init__(self, capacity: int = DEFAULT_CAPACITY) -> None:
        capacity = max(1, capacity)
        # By the hash of the id: dicts from the hash of a read to the flag's number of changes then.
        self._by_id: LRUCache[int, dict[int, int]] = LRUCache(capacity)
        self._most_reads = max(capacity * self.READS_OF_AN_ID, self.MOST_READS_OF_ONE_ID)
        self._reads = 0
        self._changes: dict[str, int] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._by_id)

    @property
    def read_count(self) -> int:
        """The number of reads in the record."""
        return self._reads

    def is_first(
        self,
        distinct_id: str,
        key: str,
        value: object,
        groups: Mapping[str, object] | None = None,
        device_id: str | None = None,
        attribution: tuple[object, ...] | None = None,
    ) -> bool:
        """Record this read; return whether it was not recorded since the flag last changed. Atomic."""
        person, read = hash(distinct_id), _read(key, value, groups, device_id, attribution)
        with self._lock:
            reads, changes = self._by_id.get(person), self._changes.get(key, 0)
            if reads is None:
                reads = self._new_person(person)
            elif reads.get(read) == changes:
                return False
            if read not in reads:
                self._make_room(reads)
                self._reads += 1
            reads[read] = changes
            return True

    def forget(self, distinct_id: str, key: str, *read: Any) -> None:
        """Forget a read whose event was refused; the arguments are those of ``is_first``."""
        with self._lock:
            reads = self._by_id.get(hash(distinct_id), {})
            if reads.pop(_read(key, *read), None) is not None:
                self._reads -= 1

    def flags_changed(self, keys: Iterable[str]) -> None:
        """Forget the reads of these flags, and no others."""
        with self._lock:
            for key in keys:
                self._changes[key] = self._changes.get(key, 0) + 1
            if len(self._changes) > self.MOST_CHANGED_FLAGS:
                self._clear()

    def clear(self) -> None:
        """Forget all reads."""
        with self._lock:
            self._clear()

    def after_fork(self) -> None:
        """Renew the lock in a forked child; keep the recorded reads."""
        self._lock = threading.Lock()

    def _clear(self) -> None:
        self._by_id.clear()
        self._changes = {}
        self._reads = 0

    def _new_person(self, person: int) -> dict[int, int]:
        if len(self._by_id) >= self._by_id.maxsize:
            self._drop_person()
        reads = self._by_id[person] = {}
        return reads

    def _make_room(self, reads: dict[int, int]) -> None:
        if len(reads) >= self.MOST_READS_OF_ONE_ID:
            del reads[next(iter(reads))]
            self._reads -= 1
        while self._reads >= self._most_reads:
            self._drop_person()

    def _drop_person(self) -> None:
        _, reads = self._by_id.popitem()
        self._reads -= len(reads)


def _read(
    key: str,
    value: object,
    groups: Mapping[str, object] | None,
    device_id: str | None,
    attribution: tuple[object, ...] | None,
) -> int:
    return hash((key, _hashable(value), _sorted_pairs(groups), device_id, attribution))


def _hashable(value: object) -> tuple[str, str]:
    """Return a hashable form in which True, 1 and "true" differ."""
    if value is None or isinstance(value, bool | str):
        return type(value).__name__, str(value)
    return type(value).__name__, json.dumps(value, sort_keys=True, default=repr)


def _sorted_pairs(groups: Mapping[str, object] | None) -> tuple[tuple[str, str], ...]:
    if not groups:
        return ()
    return tuple(sorted((str(kind), str(key)) for kind, key in groups.items()))
