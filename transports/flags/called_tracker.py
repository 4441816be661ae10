"""The memory of which events of flag reads were already sent.

A read is forgotten when its flag has changed, and with the persons that were not read for long when
the memory is full. The memory has no ids, keys or values in it, only hashes, so its size does not
depend on how long they are.

Almost every read was recorded before. To find that out takes no lock: dicts are looked up in one step,
and a person who is found is only marked. All changes hold the lock.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any, Final

__all__ = ["CalledTracker"]


class _Person:
    """The reads of a person: from the hash of a read to the flag's number of changes then.

    ``is_used`` is whether a flag was read for the person since it was last queued.
    """

    __slots__ = ("is_used", "reads")

    def __init__(self) -> None:
        self.is_used = False
        self.reads: dict[int, int] = {}


class CalledTracker:
    """A bounded, thread-safe record of the reads that were already reported, by distinct id.

    It has at most ``capacity`` distinct ids and twenty reads for each of them on average; with the
    default capacity, at most some 100 MB. When it is full, it forgets a distinct id that was not read
    for long: the one at the head of a queue, where each id that was read since it was queued goes to
    the end once more.

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
        self._capacity = max(1, capacity)
        self._most_reads = max(self._capacity * self.READS_OF_AN_ID, self.MOST_READS_OF_ONE_ID)
        self._lock = threading.Lock()
        self._clear()

    def __len__(self) -> int:
        return len(self._people)

    @property
    def read_count(self) -> int:
        """The number of reads in the record."""
        return self._reads

    def is_known(
        self,
        distinct_id: str,
        key: str,
        value: object,
        groups: Mapping[str, object] | None = None,
        device_id: str | None = None,
    ) -> bool:
        """Return whether this read of a format 1 flag is recorded; record nothing. Takes no lock."""
        # Taken before the people: a clearing replaces the people first.
        changes = self._changes
        # Without the GIL, `get` of CPython 3.13 takes 100 times as long on all threads but one.
        try:
            person = self._people[hash(distinct_id)]
        except KeyError:
            return False
        kind = type(value)
        if groups or device_id is not None or (kind is not bool and kind is not str):
            read = _read(key, value, groups, device_id, None)
        else:  # as _read does it
            read = hash((key, value, kind))
        try:
            if person.reads[read] != (changes[key] if key in changes else 0):  # noqa: SIM401 see above
                return False
        except KeyError:
            return False
        person.is_used = True
        return True

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
        number, read = hash(distinct_id), _read(key, value, groups, device_id, attribution)
        with self._lock:
            person, changes = self._used(number), self._changes.get(key, 0)
            if person.reads.get(read) == changes:
                return False
            if read not in person.reads:
                self._make_room(person)
                self._reads += 1
            person.reads[read] = changes
            return True

    def forget(self, distinct_id: str, key: str, *read: Any) -> None:
        """Forget a read whose event was refused; the arguments are those of ``is_first``."""
        with self._lock:
            person = self._people.get(hash(distinct_id))
            if person is not None and person.reads.pop(_read(key, *read), None) is not None:
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
        # By the hash of the id; the next to be forgotten comes first.
        self._people: OrderedDict[int, _Person] = OrderedDict()
        self._changes: dict[str, int] = {}
        self._reads = 0

    def _used(self, number: int) -> _Person:
        """Return the person, marked, or at the end of the queue if there was none."""
        person = self._people.get(number)
        if person is None:
            if len(self._people) >= self._capacity:
                self._drop_person()
            person = self._people[number] = _Person()
        else:
            person.is_used = True
        return person

    def _make_room(self, person: _Person) -> None:
        """Make room for one more read of the person, who stays."""
        if len(person.reads) >= self.MOST_READS_OF_ONE_ID:
            del person.reads[next(iter(person.reads))]
            self._reads -= 1
        while self._reads >= self._most_reads:
            self._drop_person(person)

    def _drop_person(self, kept: _Person | None = None) -> None:
        while True:
            number, person = self._people.popitem(last=False)
            if not person.is_used and person is not kept:
                self._reads -= len(person.reads)
                return
            person.is_used = False
            self._people[number] = person


# In the hash of a read, these stand for themselves, beside their type: "" and False have the same hash.
_PLAIN: Final = frozenset({bool, str})


def _read(
    key: str,
    value: object,
    groups: Mapping[str, object] | None,
    device_id: str | None,
    attribution: tuple[object, ...] | None,
) -> int:
    known = value if type(value) in _PLAIN else _hashable(value)
    if not groups and device_id is None and attribution is None:
        return hash((key, known, type(known)))
    return hash((key, known, type(known), _sorted_pairs(groups), device_id, attribution))


def _hashable(value: object) -> tuple[str, str]:
    """Return a hashable form of a value that is neither a boolean nor text; 1 and 1.0 differ in it."""
    kind = type(value).__name__
    return kind, "" if value is None else json.dumps(value, sort_keys=True, default=repr)


def _sorted_pairs(groups: Mapping[str, object] | None) -> tuple[tuple[str, str], ...]:
    if not groups:
        return ()
    pairs = [(str(kind), str(key)) for kind, key in groups.items()]
    if len(pairs) > 1:
        pairs.sort()
    return tuple(pairs)
