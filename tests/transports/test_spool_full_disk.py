"""A disk that the spool itself has filled: finished events leave it, although no acknowledgement fits on it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from flagengine.transports.batching.append_file import Fsync
from flagengine.transports.batching.event import Event
from flagengine.transports.batching.spool.disk import LogFile, SystemDisk
from flagengine.transports.batching.spool.spool import Spool
from flagengine.transports.errors import SpoolError

from .support import make

ROOM = 20_000


class SmallDisk(SystemDisk):
    """A disk with room for so many bytes of files in a folder."""

    def __init__(self, folder: Path, room: int = ROOM) -> None:
        self._folder = folder
        self._room = room

    def open(self, path: Path, fsync: Fsync) -> LogFile:
        file = super().open(path, fsync)
        write = file.append

        def append(data: bytes) -> None:
            used = sum(each.stat().st_size for each in self._folder.rglob("*.spool"))
            if used + len(data) > self._room:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            write(data)

        file.append = append  # type: ignore[method-assign]
        return file


class FullDisk(SmallDisk):
    """A disk on which a segment cannot even begin while it is full."""

    is_full = False

    def begin(self, path: Path, start: bytes, fsync: Fsync) -> LogFile:
        if self.is_full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().begin(path, start, fsync)


def _event(number: int) -> Event:
    uuid = f"00000000-0000-4000-8000-{number:012d}"
    return make(uuid=uuid, properties={"pad": "x" * 250})


def _fill(spool: Spool, first: int, *, at_once: int) -> list[Event]:
    """Write events until the disk is full; return those that are on it."""
    kept: list[Event] = []
    while True:
        events = [_event(first + len(kept) + each) for each in range(at_once)]
        stored = spool.append_many(events, in_memory=9_999)
        kept += events[: stored.number]
        if stored.failure is not None:
            assert "No space" in str(stored.failure)
            return kept


def _acknowledge(spool: Spool, events: list[Event], *, at_once: int) -> None:
    for begin in range(0, len(events), at_once):
        try:
            spool.acknowledge(events[begin : begin + at_once])
        except SpoolError as error:
            assert "No space" in str(error)


@pytest.mark.parametrize("segment_bytes", [1, 3_000, 100_000])
@pytest.mark.parametrize("at_once", [1, 7, 1_000])
def test_a_full_disk_has_room_again_when_its_events_are_finished(
    tmp_path: Path, segment_bytes: int, at_once: int
):
    spool = Spool(tmp_path, segment_bytes=segment_bytes, disk=SmallDisk(tmp_path))
    for turn in range(4):
        kept = _fill(spool, turn * 1_000, at_once=min(at_once, 7))
        assert len(kept) >= 30
        _acknowledge(spool, kept, at_once=at_once)
        assert not any(map(spool.holds, kept))


@pytest.mark.parametrize("segment_bytes", [3_000, 100_000])
def test_events_that_wait_on_a_full_disk_are_there_after_a_kill(tmp_path: Path, segment_bytes: int):
    disk = SmallDisk(tmp_path)
    spool = Spool(tmp_path, segment_bytes=segment_bytes, disk=disk)
    kept = _fill(spool, 0, at_once=7)
    _acknowledge(spool, kept[:-3], at_once=5)
    more = [_event(5_000 + each) for each in range(50)]
    waiting = kept[-3:] + more[: spool.append_many(more, in_memory=9_999).number]
    assert all(map(spool.holds, waiting))
    spool.after_fork()  # as if the process were killed: nothing more is written
    found = Spool(tmp_path)
    found.open()
    events = found.read(9_999)
    assert {each.uuid for each in waiting} <= {each.uuid for each in events}
    assert {each.body for each in waiting} <= {each.body for each in events}


def test_one_event_at_a_time_finds_the_room_too(tmp_path: Path):
    spool = Spool(tmp_path, disk=SmallDisk(tmp_path))
    kept = _fill(spool, 0, at_once=1)
    with pytest.raises(SpoolError, match="No space"):
        spool.append(_event(900), unread=False)
    _acknowledge(spool, kept, at_once=1)
    assert spool.append(_event(901), unread=False)
    assert spool.holds(_event(901))


def test_a_spool_that_cannot_begin_a_segment_goes_on_when_there_is_room(tmp_path: Path):
    disk = FullDisk(tmp_path)
    spool = Spool(tmp_path, disk=disk)
    kept = _fill(spool, 0, at_once=1)
    disk.is_full = True
    with pytest.raises(SpoolError, match="No space"):
        spool.acknowledge(kept)
    with pytest.raises(SpoolError, match="No space"):
        spool.append(_event(1_000), unread=False)
    assert spool.is_whole()  # nobody else has changed the folder
    assert spool.verify() == []
    disk.is_full = False
    assert spool.append(_event(1_001), unread=False)
    spool.after_fork()
    heir = Spool(tmp_path)
    assert [event.uuid for event in heir.read(heir.open())] == [_event(1_001).uuid]
    assert not heir.take_damage()
