"""The segments of one spool folder: append at the end, read from a cursor, delete from the front.

A segment is deleted when no event in it or in an older segment waits any more. The order matters,
because the acknowledgement of an event may be in a later segment and must outlive the event.
"""

from __future__ import annotations

import contextlib
import errno
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby, islice
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from ...errors import InvalidEventError
from ...missing_files import is_gone
from ..append_file import Fsync
from ..event import Event, parse_event
from .disk import Disk, LogFile
from .records import (
    RecordKind,
    SpoolRecord,
    encode_acknowledgements,
    encode_event,
    encode_start,
    scan,
)

__all__ = ["SUFFIX", "ReadBack", "SegmentLog", "lost_event"]

SUFFIX = ".spool"

T = TypeVar("T")

_FULL: Final = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})


class ReadBack(NamedTuple):
    """Events that were read back, and events that are no longer there, of which only the uuids are known.

    ``failure`` is why no more could be read; the other events stay unread.
    """

    events: list[Event]
    lost: list[Event]
    failure: OSError | MemoryError | None = None


class _Home(NamedTuple):
    number: int
    segment: int


class _Unread(NamedTuple):
    number: int
    segment: int
    uuid: str


def lost_event(uuid: str) -> Event:
    """Return an event of which only the uuid is left."""
    return Event(uuid, "", b'{"uuid":"%b"}' % uuid.encode())


class SegmentLog:
    """The log that this process writes. Not thread-safe; its methods may raise OSError."""

    def __init__(self, disk: Disk, folder: Path, *, segment_bytes: int, fsync: Fsync) -> None:
        self._disk = disk
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._fsync = fsync
        # The number of the newest event, and of the newest segment.
        self._last = 0
        self._segment = 0
        self._closed_sizes: dict[int, int] = {}
        # The number of waiting events in each segment.
        self._waiting: dict[int, int] = {}
        # Where the waiting events are; a list, because several events may have the same uuid.
        self._homes: dict[str, list[_Home]] = {}
        self._unread: deque[_Unread] = deque()
        # Where the next unread event may begin.
        self._cursor = (0, 0)
        # The bytes of a segment without events.
        self._least = 0
        # Whether there is a newest segment: not after it was deleted because the disk was full.
        self._has_newest = True
        self._file = self._begin()

    @property
    def size(self) -> int:
        """The number of bytes on disk."""
        newest = self._file.size if self._has_newest else 0
        return newest + sum(self._closed_sizes.values())

    @property
    def is_empty(self) -> bool:
        """Whether no event waits."""
        return not self._homes

    def is_whole(self) -> bool:
        """Return whether the newest segment is as this process left it. Never raises."""
        return not self._has_newest or self._file.is_whole()

    def holds(self, uuid: str) -> bool:
        """Return whether the event is in the log and not acknowledged."""
        return uuid.lower() in self._homes

    def append(self, event: Event, *, unread: bool) -> None:
        """Write an event at the end; with ``unread``, ``read`` will return it in its turn."""
        number = self._last + 1
        record = encode_event(event, number)
        self._with_room(lambda: self._write(record))
        self._note(event, number, unread=unread)

    def append_many(self, events: Sequence[Event], *, in_memory: int, most_bytes: int) -> int:
        """Write as many events as one write may have, from the first on; return their number.

        That is as many as ``append`` would write into one segment, each while the log stays within
        ``most_bytes``. ``read`` will return them in their turn, except for the first ``in_memory``.
        """
        if self.size + len(events[0].body) > most_bytes:
            return 0
        number = self._with_room(lambda: self._write_records(events, most_bytes))
        for count, event in enumerate(events[:number]):
            self._note(event, self._last + 1, unread=count >= in_memory)
        return number

    def _write_records(self, events: Sequence[Event], most_bytes: int) -> int:
        self._begin_if_full()
        records = self._records_of(events, most_bytes)
        self._file.append(b"".join(records))
        return len(records)

    def _records_of(self, events: Sequence[Event], most_bytes: int) -> list[bytes]:
        """Return the records of the first event and of those that go into the same write."""
        left, left_in_segment = most_bytes - self.size, self._segment_bytes - self._file.size
        records: list[bytes] = []
        for number, event in enumerate(events, self._last + 1):
            if records and (left_in_segment <= 0 or len(event.body) > left):
                break
            record = encode_event(event, number)
            records.append(record)
            left -= len(record)
            left_in_segment -= len(record)
        return records

    def _note(self, event: Event, number: int, *, unread: bool) -> None:
        """Note that an event was written."""
        self._last = number
        uuid = event.uuid.lower()
        self._homes.setdefault(uuid, []).append(_Home(number, self._segment))
        self._waiting[self._segment] += 1
        if unread:
            self._unread.append(_Unread(number, self._segment, event.uuid))

    def acknowledge(self, uuids: Iterable[str]) -> None:
        """Record that these events are finished, and delete finished segments."""
        homes = [home for uuid in uuids if (home := self._leave(uuid.lower())) is not None]
        if not homes:
            return
        for home in homes:
            self._waiting[home.segment] -= 1
        record = encode_acknowledgements((home.number for home in homes), self._last)
        self._with_room(lambda: self._write(record))
        self._delete_finished()

    def _leave(self, uuid: str) -> _Home | None:
        homes = self._homes.get(uuid)
        if not homes:
            return None
        if len(homes) == 1:
            del self._homes[uuid]
        return homes.pop(0)

    def read(self, count: int) -> ReadBack:
        """Return the next ``count`` unread events, in the order in which they were written."""
        result = ReadBack([], [])
        coming = list(islice(self._unread, count))
        for segment, entries in groupby(coming, lambda entry: entry.segment):
            try:
                self._read_entries(segment, list(entries), result)
            except (OSError, MemoryError) as error:
                # No damage: the events stay, and those behind them must not overtake them.
                return result._replace(failure=error)
        return result

    def _read_entries(self, segment: int, entries: list[_Unread], result: ReadBack) -> None:
        found = self._read_segment(segment, {entry.number for entry in entries})
        for entry in entries:
            self._unread.popleft()
            event = found.get(entry.number)
            if event is None:
                result.lost.append(lost_event(entry.uuid))
            else:
                result.events.append(event)

    def forget_unread(self) -> list[Event]:
        """Give up the unread events; return them."""
        unread, self._unread = self._unread, deque()
        return [lost_event(entry.uuid) for entry in unread]

    def _read_segment(self, segment: int, wanted: set[int]) -> dict[int, Event]:
        """Return the events with the wanted numbers, by number; skip damaged records."""
        at, offset = cursor = self._cursor
        start = offset if at == segment else 0
        try:
            data = self._disk.read(_path(self._folder, segment), start)
        except OSError as error:
            if is_gone(error):
                return {}
            raise
        events: dict[int, Event] = {}
        last = max(wanted)
        for record in scan(data):
            if not isinstance(record, SpoolRecord):
                continue
            cursor = segment, start + record.end
            is_wanted = record.kind == RecordKind.EVENT and record.number in wanted
            if is_wanted and record.payload is not None:
                with contextlib.suppress(InvalidEventError):
                    events[record.number] = parse_event(record.payload)
            if record.number >= last:
                break
        self._cursor = cursor
        return events

    def verify(self) -> list[Event]:
        """Forget the events that are no longer on disk; return those of them that are unread."""
        sizes = dict(self._closed_sizes)
        if self._has_newest:
            sizes[self._segment] = self._file.size
        cut = [number for number in sizes if self._is_cut(number, sizes[number])]
        kept = {
            segment: numbers
            for segment in cut
            if self._waiting[segment] and (numbers := self._numbers(segment)) is not None
        }
        if not kept:
            return []
        for uuid, homes in list(self._homes.items()):
            left = [home for home in homes if home.number in kept.get(home.segment, (home.number,))]
            if left:
                self._homes[uuid] = left
            else:
                del self._homes[uuid]
        unread, self._unread = self._unread, deque()
        lost: list[Event] = []
        for entry in unread:
            if entry.number in kept.get(entry.segment, (entry.number,)):
                self._unread.append(entry)
            else:
                lost.append(lost_event(entry.uuid))
        return lost

    def _is_cut(self, segment: int, size: int) -> bool:
        try:
            return self._disk.size(_path(self._folder, segment)) < size
        except OSError:
            return False

    def _numbers(self, segment: int) -> set[int] | None:
        """Return the numbers of the events in a segment; None if it cannot be read now."""
        path = _path(self._folder, segment)
        try:
            # Where no file can be opened, this still tells that it is gone.
            if self._disk.size(path) < 0:
                return set()
            data = self._disk.read(path)
        except OSError as error:
            return set() if is_gone(error) else None
        except MemoryError:
            return None
        return {
            record.number
            for record in scan(data)
            if isinstance(record, SpoolRecord) and record.payload is not None
        }

    def close(self) -> None:
        """Close the files; their content stays."""
        self._file.close()

    def abandon(self) -> None:
        """Close the parent's files in the child of a fork."""
        self._file.abandon()

    def _write(self, data: bytes) -> None:
        self._begin_if_full()
        self._file.append(data)

    def _begin_if_full(self) -> None:
        if not self._has_newest:
            self._file = self._begin()
        elif self._file.size >= self._segment_bytes:
            full, number = self._file, self._segment
            self._file = self._begin()
            self._closed_sizes[number] = full.size
            full.close()

    def _begin(self) -> LogFile:
        number = self._segment + 1
        # A file without its start would look as if events had been cut off.
        file = self._disk.begin(_path(self._folder, number), encode_start(self._last), self._fsync)
        self._segment = number
        self._waiting[number] = 0
        self._has_newest = True
        self._least = file.size
        return file

    def _with_room(self, write: Callable[[], T]) -> T:
        """Write; if the disk is full, delete what has only finished events, and write again.

        Otherwise these would stay for ever, because their acknowledgements need room, too.
        """
        try:
            return write()
        except OSError as error:
            if error.errno not in _FULL or not self._makes_room():
                raise
            return write()

    def _makes_room(self) -> bool:
        """Delete the segments in which no event waits, also the newest; return whether there were any."""
        size = self.size
        self._delete_finished()
        if self.is_empty and self._has_newest and self._file.size > self._least:
            # An open file keeps its place on the disk. The next write begins another.
            self._file.abandon()
            self._disk.remove(_path(self._folder, self._segment))
            del self._waiting[self._segment]
            self._has_newest = False
        return self.size < size

    def _delete_finished(self) -> None:
        for number in sorted(self._closed_sizes):
            if self._waiting[number]:
                return
            self._disk.remove(_path(self._folder, number))
            del self._closed_sizes[number], self._waiting[number]


def _path(folder: Path, number: int) -> Path:
    return folder / f"{number:010d}{SUFFIX}"
