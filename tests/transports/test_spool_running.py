"""What happens to the spool's folder while its process runs: deleted, cut, full, unreadable."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from flagengine.transports.batching.append_file import Fsync
from flagengine.transports.batching.event import Event
from flagengine.transports.batching.limits import LaneLimits, Overflow
from flagengine.transports.batching.pipeline import LaneSetup
from flagengine.transports.batching.sinks.memory import MemorySink
from flagengine.transports.batching.spool.disk import LogFile, SystemDisk
from flagengine.transports.batching.spool.records import encode_event, encode_start
from flagengine.transports.batching.spool.spool import Spool

from .support import NO_JITTER, Bench, make

START = len(encode_start(0))
RECORD = len(encode_event(make("e0"), 1))


class Running:
    """A process with four events in memory at most, and its spool."""

    def __init__(
        self, directory: Path, *, disk: SystemDisk | None = None, segment_bytes: int = 100_000
    ) -> None:
        self.directory = directory
        self.sink = MemorySink()
        limits = LaneLimits(
            overflow=Overflow.SPILL, max_queue_size=4, max_batch_size=2, retry=NO_JITTER
        )
        spool = Spool(directory, segment_bytes=segment_bytes, disk=disk)
        self.bench = Bench(lanes={"events": LaneSetup(self.sink, limits, spool=spool)})
        self.uuids: list[str] = []

    def capture(self, count: int) -> int:
        new = self.bench.capture(count)
        self.uuids += new
        return len(new)

    def flush(self) -> bool:
        return self.bench.pipeline.flush()

    @property
    def delivered(self) -> list[str]:
        return [event.uuid for event in self.sink.events]

    @property
    def told(self) -> list[str]:
        return [event.uuid for _, events in self.bench.errors for event in events]

    @property
    def files(self) -> list[Path]:
        return sorted(self.directory.rglob("*.spool"))

    def check(self) -> None:
        counters = self.bench.pipeline.counters()
        lost = sum(counters.dropped.values())
        assert counters.accepted == counters.delivered + lost + counters.kept + counters.pending
        assert counters.delivered == len(self.delivered)
        assert lost == len(self.told)
        assert sorted(self.delivered + self.told) == sorted(self.uuids)


def delete_all(running: Running) -> None:
    shutil.rmtree(running.directory)


def delete_folder(running: Running) -> None:
    shutil.rmtree(running.files[0].parent)


def delete_files(running: Running) -> None:
    for path in running.files:
        path.unlink()


def empty_files(running: Running) -> None:
    for path in running.files:
        path.write_bytes(b"")


def move_folder(running: Running) -> None:
    running.files[0].parent.rename(running.directory / "elsewhere")


@pytest.mark.parametrize(
    "remove", [delete_all, delete_folder, delete_files, empty_files, move_folder]
)
def test_without_its_folder_memory_is_kept_and_the_rest_is_told(
    tmp_path: Path, remove: Callable[[Running], None]
) -> None:
    running = Running(tmp_path / "spool")
    running.capture(9)
    remove(running)
    assert running.capture(3) == 3
    assert not running.flush()
    assert running.delivered == [*running.uuids[:4], *running.uuids[9:]]
    assert running.told == running.uuids[4:9]
    running.check()
    assert running.bench.pipeline.flush()


def test_a_new_folder_protects_what_was_in_memory(tmp_path: Path) -> None:
    running = Running(tmp_path / "spool")
    running.capture(3)
    delete_all(running)
    running.capture(1)
    # As if the process was killed now.
    heir = Running(tmp_path / "copy")
    shutil.copytree(tmp_path / "spool", tmp_path / "copy", dirs_exist_ok=True)
    heir = Running(tmp_path / "copy")
    heir.flush()
    assert heir.delivered == running.uuids


@pytest.mark.parametrize("cut", [START + 5 * RECORD, START + 5 * RECORD + 20, START + 2 * RECORD])
def test_what_a_cut_file_still_has_is_delivered(tmp_path: Path, cut: int) -> None:
    running = Running(tmp_path)
    running.capture(9)
    (path,) = running.files
    os.truncate(path, cut)
    running.capture(2)
    running.flush()
    left = max((cut - START) // RECORD, 4)
    assert running.delivered == [*running.uuids[:left], *running.uuids[9:]]
    running.check()


def end_without_the_second_file(running: Running) -> None:
    """Delete the second of three files, with events 4 to 6; of these only event 4 is in memory as well."""
    running.files[1].unlink()
    assert not running.bench.pipeline.shutdown(0.0)
    counters = running.bench.pipeline.counters()
    assert counters.kept == 6
    assert counters.dropped == {"damaged": 2, "shutdown": 1}
    assert sorted(running.told) == sorted(running.uuids[3:6])
    heir = Running(running.directory)
    heir.flush()
    assert heir.delivered == [*running.uuids[:3], *running.uuids[6:]]


def test_what_is_gone_at_the_end_is_not_said_to_be_kept(tmp_path: Path) -> None:
    running = Running(tmp_path, segment_bytes=START + 3 * RECORD)
    running.sink.deliver = lambda batch, *, timeout: 1 / 0  # type: ignore[assignment,method-assign]
    running.capture(9)
    end_without_the_second_file(running)


class FailingDisk(SystemDisk):
    """A disk whose methods fail when they are told to."""

    def __init__(self) -> None:
        self.failing: set[str] = set()

    def check(self, what: str) -> None:
        if what in self.failing:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def open(self, path: Path, fsync: Fsync) -> LogFile:
        self.check("open")
        file = super().open(path, fsync)
        write = file.append

        def append(data: bytes) -> None:
            self.check("append")
            write(data)

        file.append = append  # type: ignore[method-assign]
        return file

    def read(self, path: Path, offset: int = 0, most: int = -1) -> bytes:
        self.check("read")
        return super().read(path, offset, most)


@pytest.mark.parametrize("what", ["append", "open"])
@pytest.mark.parametrize("segment_bytes", [1, 100_000])
def test_a_full_disk_costs_the_protection_and_comes_back(
    tmp_path: Path, what: str, segment_bytes: int, caplog: pytest.LogCaptureFixture
) -> None:
    disk = FailingDisk()
    running = Running(tmp_path, disk=disk, segment_bytes=segment_bytes)
    running.capture(2)
    disk.failing = {what, "append"}
    assert running.capture(9) == 2, "memory is full"
    assert caplog.text.count("in memory only: cannot use the spool") == 1
    disk.failing = set()
    assert running.capture(5) == 5
    assert not running.flush()
    assert running.delivered == running.uuids
    counters = running.bench.pipeline.counters()
    assert (counters.accepted, counters.refused) == (9, {"queue_full": 7})
    assert running.bench.pipeline.shutdown()


def test_a_disk_that_takes_no_acknowledgement_costs_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    disk = FailingDisk()
    running = Running(tmp_path, disk=disk)
    running.capture(3)
    disk.failing = {"append"}
    assert running.flush()
    assert running.delivered == running.uuids
    assert caplog.text.count("may be sent again") == 1


def test_a_disk_that_does_not_take_what_a_dead_process_left_leaves_it(tmp_path: Path) -> None:
    first = Spool(tmp_path)
    events = [make(f"e{number}") for number in range(3)]
    for event in events:
        first.append(event, unread=False)
    first.after_fork()
    disk = FailingDisk()
    spool = Spool(tmp_path, disk=disk)
    assert spool.append(make(), unread=False)
    disk.failing = {"append"}
    assert spool.open() == 0
    assert len(spool.take_damage().problems) == 1
    disk.failing = set()
    assert spool.open() == 3
    assert spool.read(9) == events


class OnceUnreadable(SystemDisk):
    """A disk of which one read fails."""

    def __init__(self, reads_before: int, code: int) -> None:
        self.reads_before = reads_before
        self.code = code

    def read(self, path: Path, offset: int = 0, most: int = -1) -> bytes:
        self.reads_before -= 1
        if self.reads_before == -1:
            raise OSError(self.code, os.strerror(self.code))
        return super().read(path, offset, most)


# Each of the three files is read twice.
@pytest.mark.parametrize("reads_before", range(6))
@pytest.mark.parametrize("code", [errno.EIO, errno.EMFILE, errno.EACCES])
def test_what_cannot_be_read_now_is_no_damage(tmp_path: Path, reads_before: int, code: int) -> None:
    first = Spool(tmp_path, segment_bytes=1)
    events = [make(f"e{number}") for number in range(3)]
    for event in events:
        first.append(event, unread=False)
    first.after_fork()
    spool = Spool(tmp_path, disk=OnceUnreadable(reads_before, code))
    copied = spool.open()
    damage = spool.take_damage()
    assert (damage.events, damage.places, len(damage.problems)) == (0, [], 1)
    assert copied + spool.open() == 3
    assert spool.read(9) == events
    assert not spool.take_damage()


def test_events_with_the_same_uuid_are_each_finished(tmp_path: Path) -> None:
    spool = Spool(tmp_path, segment_bytes=1)
    twins = [make("first"), make("second")]
    twins[1] = Event(twins[0].uuid, "second", twins[1].body.replace(
        twins[1].uuid.encode(), twins[0].uuid.encode()))  # fmt: skip
    for event in twins:
        spool.append(event, unread=True)
    assert spool.read(2) == twins
    spool.acknowledge(twins[:1])
    assert spool.holds(twins[1])
    spool.acknowledge(twins[1:])
    assert not spool.holds(twins[1])
    spool.close()
    assert list(tmp_path.iterdir()) == []


def test_a_full_spool_says_so_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    limits = LaneLimits(overflow=Overflow.SPILL, max_queue_size=4, retry=NO_JITTER)
    spool = Spool(tmp_path, max_bytes=START + 2 * RECORD)
    bench = Bench(lanes={"events": LaneSetup(MemorySink(), limits, spool=spool)})
    assert len(bench.capture(9)) == 4
    assert caplog.text.count("spool is full") == 1
    assert bench.pipeline.counters().refused == {"queue_full": 5}
