"""The segments of one spool folder: append at the end, read from a cursor, delete from the front.

A segment is deleted when no event in it or in an older segment waits any more. The order matters,
because the acknowledgement of an event may be in a later segment and must outlive the event.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..append_file import AppendFile, Fsync
from ..event import Event, parse_event
from .records import (
    MAGIC,
    RecordKind,
    encode_acknowledgements,
    encode_event,
    scan,
    scan_records,
)

__all__ = ["SegmentLog", "read_pending"]

_SUFFIX = ".spool"


class SegmentLog:
    """The log that this process writes. Not thread-safe; its methods may raise OSError."""

    def __init__(self, folder: Path, *, segment_bytes: int, fsync: Fsync) -> None:
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._fsync = fsync
        self._number = 0
        self._closed_sizes: dict[int, int] = {}
        # The number of waiting events in each segment, and the segment of each waiting event.
        self._waiting: dict[int, int] = {}
        self._home: dict[str, int] = {}
        self._reader = _Reader(folder)
        self._file = self._begin()

    @property
    def size(self) -> int:
        """The number of bytes on disk."""
        return self._file.size + sum(self._closed_sizes.values())

    @property
    def is_empty(self) -> bool:
        """Whether no event waits."""
        return not self._home

    def holds(self, uuid: str) -> bool:
        """Return whether the event is in the log and not acknowledged."""
        return uuid.lower() in self._home

    def append(self, event: Event, *, unread: bool) -> None:
        """Write an event at the end; with ``unread``, ``read`` will return it in its turn."""
        self._write(data := encode_event(event))
        if unread:
            self._reader.expect(self._number, self._file.size - len(data))
        self._home[event.uuid.lower()] = self._number
        self._waiting[self._number] += 1

    def acknowledge(self, uuids: list[str]) -> None:
        """Record that these events are finished, and delete finished segments."""
        known = [uuid.lower() for uuid in uuids if uuid.lower() in self._home]
        if not known:
            return
        self._write(encode_acknowledgements(known))
        for uuid in known:
            self._waiting[self._home.pop(uuid)] -= 1
        self._delete_finished()

    def read(self, count: int) -> list[Event]:
        """Return the next ``count`` unread events, in the order in which they were written."""
        return self._reader.read(count)

    def close(self) -> None:
        """Close the files; their content stays."""
        self._file.close()

    def abandon(self) -> None:
        """Close the parent's files in the child of a fork."""
        self._file.abandon()

    def _write(self, data: bytes) -> None:
        if self._file.size >= self._segment_bytes:
            self._closed_sizes[self._number] = self._file.size
            self._file.close()
            self._file = self._begin()
        self._file.append(data)

    def _begin(self) -> AppendFile:
        self._number += 1
        self._waiting[self._number] = 0
        file = AppendFile(_path(self._folder, self._number), self._fsync)
        file.append(MAGIC)
        return file

    def _delete_finished(self) -> None:
        for number in sorted(self._closed_sizes):
            if self._waiting[number]:
                return
            _path(self._folder, number).unlink(missing_ok=True)
            del self._closed_sizes[number], self._waiting[number]


class _Reader:
    """A cursor over the unread events, which are the last events of the log."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = self._offset = self._unread = 0

    def expect(self, number: int, offset: int) -> None:
        """Note that an unread event was written at ``offset`` of segment ``number``."""
        if not self._unread:
            self._number, self._offset = number, offset
        self._unread += 1

    def read(self, count: int) -> list[Event]:
        events: list[Event] = []
        wanted = min(count, self._unread)
        while len(events) < wanted:
            found = self._read_segment(wanted - len(events))
            events += found
            if len(events) < wanted and not self._next_segment():
                break
        self._unread -= wanted
        return events

    def _read_segment(self, count: int) -> list[Event]:
        events: list[Event] = []
        start = self._offset
        for record in scan_records(_read_from(_path(self._folder, self._number), start)):
            self._offset = start + record.end
            if record.kind == RecordKind.EVENT:
                events.append(parse_event(record.payload))
            if len(events) == count:
                break
        return events

    def _next_segment(self) -> bool:
        self._number += 1
        self._offset = len(MAGIC)
        return _path(self._folder, self._number).exists()


def _read_from(path: Path, offset: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read()


def read_pending(folder: Path) -> Iterator[Event]:
    """Yield the unacknowledged events in a dead process's folder, each uuid once."""
    paths = sorted(folder.glob(f"*{_SUFFIX}"))
    settled = {
        uuid
        for path in paths
        for record in scan(path.read_bytes())
        if record.kind == RecordKind.ACKNOWLEDGED
        for uuid in record.uuids
    }
    for path in paths:
        for record in scan(path.read_bytes()):
            if record.kind == RecordKind.EVENT:
                event = parse_event(record.payload)
                if event.uuid.lower() not in settled:
                    settled.add(event.uuid.lower())
                    yield event


def _path(folder: Path, number: int) -> Path:
    return folder / f"{number:010d}{_SUFFIX}"
