"""The events in the folder of a dead process, whatever has happened to its files."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from pathlib import Path

from ...errors import InvalidEventError
from ..event import Event, parse_event
from .damage import Damage
from .disk import Disk, Found
from .records import Gap, RecordKind, SpoolRecord, encode_start, scan, scan_acknowledgements
from .segments import SUFFIX

__all__ = ["Remains"]

_START_BYTES = len(encode_start(0))
_FIRST_SEGMENT = f"{1:010d}{SUFFIX}"


class Remains:
    """What a dead process left in ``folder``; ``damage`` is complete when all events are read.

    Of a file of more than ``max_bytes``, only these are read: what follows is none of ours.
    """

    def __init__(self, disk: Disk, folder: Path, *, max_bytes: int) -> None:
        self.damage: Damage = Damage()
        self._disk = disk
        self._max_bytes = max_bytes
        self._paths = sorted(folder / name for name in disk.names(folder) if name.endswith(SUFFIX))
        # The acknowledged events, and those that were yielded.
        self._settled: set[str] = set()
        self._settled_numbers: list[int] = []
        # The number of the newest event of which is known what became of it.
        self._last: int | None = None
        # The gaps since the last numbered record, which hide an unknown number of events.
        self._gaps = 0

    def events(self) -> Iterator[Event]:
        """Yield the unacknowledged events, each uuid once.

        Raises:
            OSError: a file cannot be read now; at the first event, unless the disk failed since.
        """
        self._find_settled()
        for path in self._paths:
            if path.name == _FIRST_SEGMENT:
                self._last = 0
            data = self._read(path)
            if data is not None:
                yield from self._events_of(path, data)
                self._note_rest(path, self._disk.size(path) - len(data))
        self._count_gaps()

    def are_left(self) -> bool:
        """Return whether one of the files is still there."""
        return any(self._disk.look(path) is not Found.NOTHING for path in self._paths)

    def _find_settled(self) -> None:
        numbers: set[int] = set()
        for path in self._paths:
            for record in scan_acknowledgements(self._peek(path)):
                if record.kind == RecordKind.ACKNOWLEDGED:
                    numbers.update(record.numbers)
                else:
                    self._settled.update(record.uuids)
        self._settled_numbers = sorted(numbers)

    def _peek(self, path: Path) -> bytes:
        """Return the bytes of a file; none if it is gone or no file.

        Raises:
            OSError: it cannot be read now, which says nothing about what is in it.
        """
        # What cannot be found may only be out of reach: then the reading fails.
        may_be_file = self._disk.look(path) in (Found.FILE, Found.NOTHING)
        try:
            return self._disk.read(path, most=self._max_bytes) if may_be_file else b""
        except FileNotFoundError:
            return b""

    def _read(self, path: Path) -> bytes | None:
        """Return the bytes of a segment; None, with a note of the damage, if that is impossible."""
        data = self._peek(path)
        if data:
            return data
        self._gaps += 1
        self.damage.add_file(path, self._disk.size(path))
        return None

    def _note_rest(self, path: Path, unread: int) -> None:
        if unread > 0:
            self._gaps += 1
            self.damage.add_unread(path, unread)

    def _events_of(self, path: Path, data: bytes) -> Iterator[Event]:
        for found in scan(data):
            if isinstance(found, Gap):
                self.damage.add(path, data[found.start : found.end])
                # The beginning of a file hides no event, unless the file was cut there.
                self._gaps += found.end > _START_BYTES or len(data) < _START_BYTES
                continue
            event = self._read_record(found)
            if event is None:
                if found.kind == RecordKind.EVENT or found.payload is None:
                    self.damage.add(path, data[found.start : found.end])
                continue
            if event.uuid.lower() not in self._settled and not self._is_settled(found.number):
                self._settled.add(event.uuid.lower())
                yield event

    def _read_record(self, record: SpoolRecord) -> Event | None:
        """Return the record's event; None if there is none, with a note if it is lost."""
        is_event = record.kind == RecordKind.EVENT
        if record.number:
            self._skip_to(record.number - is_event)
        else:
            self._count_gaps()
        if not is_event:
            return None
        self._last = max(self._last or 0, record.number)
        if record.payload is not None:
            try:
                return parse_event(record.payload)
            except InvalidEventError:
                pass
        self.damage.events += not self._is_settled(record.number)
        return None

    def _skip_to(self, number: int) -> None:
        """Count the events up to ``number`` that no record tells of."""
        self._gaps = 0
        last = number if self._last is None else self._last
        missing = max(0, number - last)
        if missing:
            numbers = self._settled_numbers
            missing -= bisect_right(numbers, number) - bisect_left(numbers, last + 1)
        self.damage.events += missing
        self._last = max(last, number)

    def _count_gaps(self) -> None:
        """Count one event for each gap, because no number says how many there are."""
        self.damage.events += self._gaps
        self._gaps = 0

    def _is_settled(self, number: int) -> bool:
        at = bisect_left(self._settled_numbers, number)
        return self._settled_numbers[at : at + 1] == [number] and number > 0
