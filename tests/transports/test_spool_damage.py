"""A damaged spool costs the events that were hit, says so once, and nothing else."""

from __future__ import annotations

import os
import shutil
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flagengine.transports.batching.append_file import Fsync
from flagengine.transports.batching.event import Event
from flagengine.transports.batching.limits import LaneLimits, Overflow
from flagengine.transports.batching.pipeline import LaneSetup
from flagengine.transports.batching.sinks.memory import MemorySink
from flagengine.transports.batching.spool import damage as damage_module
from flagengine.transports.batching.spool.disk import LogFile, SystemDisk
from flagengine.transports.batching.spool.records import (
    HEADER_BYTES,
    encode_event,
    encode_start,
)
from flagengine.transports.batching.spool.spool import Spool
from flagengine.transports.errors import SpoolDamagedError
from flagengine.transports.process_lock import HeldLock

from .support import NO_JITTER, Bench, make

EVENTS = [make(f"e{number}") for number in range(6)]
UUIDS = [event.uuid for event in EVENTS]
START = len(encode_start(0))
RECORD = len(encode_event(EVENTS[0], 1))


def left_by(directory: Path, *events: Event, segment_bytes: int = 100_000) -> list[Path]:
    """Leave events as a killed process does; return the files."""
    spool = Spool(directory, segment_bytes=segment_bytes)
    for event in events:
        assert spool.append(event, unread=False)
    spool.after_fork()
    return segments(directory)


def segments(directory: Path) -> list[Path]:
    return sorted(directory.rglob("*.spool"))


def started(directory: Path, *, size: int = 100) -> tuple[Bench, MemorySink]:
    """Start a process on the directory."""
    sink = MemorySink()
    limits = LaneLimits(overflow=Overflow.SPILL, max_queue_size=size, retry=NO_JITTER)
    bench = Bench(lanes={"events": LaneSetup(sink, limits, spool=Spool(directory))})
    return bench, sink


def outcome(directory: Path) -> tuple[list[str], int]:
    """Start a process; return what it delivers and how many events it says are lost.

    A second process must find nothing more to send and nothing to complain about.
    """
    bench, sink = started(directory)
    bench.pipeline.flush()
    counters = bench.pipeline.counters()
    told = sum(error.count for error, _ in bench.errors if isinstance(error, SpoolDamagedError))
    assert told == counters.damaged
    assert counters.recovered == counters.delivered
    bench.pipeline.shutdown()
    again, second = started(directory)
    assert again.pipeline.flush()
    assert second.events == []
    again.pipeline.shutdown()
    assert [path for path in directory.iterdir() if not path.name.endswith(".damaged")] == []
    return [event.uuid for event in sink.events], counters.damaged


# Every byte.

CHANGES = (0x01, 0x80, 0xFF, 0x20)


def test_whatever_byte_is_changed_delivered_and_lost_make_what_was_written(tmp_path: Path) -> None:
    (path,) = left_by(tmp_path / "whole", *EVENTS[:3])
    data = path.read_bytes()
    for where in range(len(data)):
        directory = tmp_path / str(where)
        shutil.copytree(tmp_path / "whole", directory)
        (copy,) = segments(directory)
        damaged = bytearray(data)
        damaged[where] ^= CHANGES[where % len(CHANGES)]
        copy.write_bytes(damaged)
        hit = (where - START) // RECORD if where >= START else None
        expected = [uuid for number, uuid in enumerate(UUIDS[:3]) if number != hit]
        assert outcome(directory) == (expected, 3 - len(expected)), where
        shutil.rmtree(directory)


def test_wherever_a_file_is_cut_what_is_whole_is_delivered(tmp_path: Path) -> None:
    (path,) = left_by(tmp_path / "whole", *EVENTS[:3])
    data = path.read_bytes()
    for cut in range(0, len(data), 7):
        directory = tmp_path / str(cut)
        shutil.copytree(tmp_path / "whole", directory)
        segments(directory)[0].write_bytes(data[:cut])
        delivered, lost = outcome(directory)
        complete = max(0, cut - START) // RECORD
        assert delivered == UUIDS[:complete]
        # Where the cut is between two records, nothing tells that there were more.
        is_seen = (cut - START) % RECORD or cut < START
        assert lost == bool(is_seen), cut
        shutil.rmtree(directory)


class KilledError(BaseException):
    """The end of a process, which nothing catches."""


class DyingDisk(SystemDisk):
    """A disk whose process is killed after so many steps, before the next."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self._locks: list[HeldLock | None] = []

    def end_process(self) -> None:
        """Release what the operating system releases."""
        for lock in self._locks:
            if lock is not None:
                lock.close()

    def lock(self, path: Path) -> HeldLock | None:
        self._locks.append(super().lock(path))
        return self._locks[-1]

    def _step(self) -> None:
        self.steps -= 1
        if self.steps < 0:
            raise KilledError

    def open(self, path: Path, fsync: Fsync) -> LogFile:
        self._step()
        file = super().open(path, fsync)
        for name in ("append", "rename", "close"):
            setattr(file, name, self._dying(getattr(file, name)))
        return file

    def _dying(self, act: Callable[..., None]) -> Callable[..., None]:
        def dying(*given: object) -> None:
            self._step()
            act(*given)

        return dying

    def remove(self, path: Path) -> None:
        self._step()
        super().remove(path)


@pytest.mark.skipif(sys.platform == "win32", reason="a new segment begins in two steps there")
def test_a_process_that_is_killed_between_two_steps_leaves_no_damage(tmp_path: Path) -> None:
    steps, is_killed = 0, True
    while is_killed:
        is_killed = False
        directory, kept, finished = tmp_path / str(steps), [], []
        disk = DyingDisk(steps)
        spool = Spool(directory, segment_bytes=2 * RECORD, disk=disk)
        try:
            for event in EVENTS:
                spool.append(event, unread=False)
                kept.append(event.uuid)
            for event in EVENTS[:4]:
                finished.append(event.uuid)
                spool.acknowledge([event])
        except KilledError:
            is_killed = True
        disk.end_process()
        delivered, lost = outcome(directory)
        assert lost == 0, steps
        assert set(kept) >= set(delivered) >= set(kept) - set(finished), steps
        steps += 1
    assert steps > 20


def test_one_flipped_bit_among_a_thousand_events_costs_one(tmp_path: Path) -> None:
    events = [make(f"e{number}") for number in range(1000)]
    (path,) = left_by(tmp_path, *events, segment_bytes=1_000_000)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    delivered, lost = outcome(tmp_path)
    assert (len(delivered), lost) == (999, 1)


@pytest.mark.parametrize(
    "rubbish",
    [
        b"\x00" * 500,
        b"\xff" * 500,
        b"{" * 500,
        b'E{"uuid":"' * 60,
        b"\xfe\xed\xfa\xff" * 120,
        encode_event(EVENTS[5], 2**63)[:HEADER_BYTES] * 20,
        b"\xfe\xed\xfa\xffE" + b"\xff" * 12 + b"x" * 100,
    ],
    ids=["zeros", "ones", "braces", "old", "markers", "headers", "length"],
)
@pytest.mark.parametrize("place", ["before", "between", "behind"])
def test_rubbish_in_a_file_costs_no_event_beside_it(
    tmp_path: Path, rubbish: bytes, place: str
) -> None:
    (path,) = left_by(tmp_path, *EVENTS[:4])
    data = path.read_bytes()
    at = {"before": 0, "between": START + 2 * RECORD, "behind": len(data)}[place]
    path.write_bytes(data[:at] + rubbish + data[at:])
    delivered, _ = outcome(tmp_path)
    assert delivered == UUIDS[:4]


def test_a_lost_event_that_was_acknowledged_is_no_loss(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    for event in EVENTS[:3]:
        spool.append(event, unread=False)
    spool.acknowledge(EVENTS[1:2])
    spool.after_fork()
    (path,) = segments(tmp_path)
    data = bytearray(path.read_bytes())
    data[START + RECORD + HEADER_BYTES] ^= 1
    path.write_bytes(data)
    assert outcome(tmp_path) == ([UUIDS[0], UUIDS[2]], 0)


def test_a_missing_segment_is_noticed_by_the_next(tmp_path: Path) -> None:
    paths = left_by(tmp_path, *EVENTS, segment_bytes=START + 2 * RECORD)
    paths[1].unlink()
    assert outcome(tmp_path) == ([*UUIDS[:2], *UUIDS[4:]], 2)


# Records that only another writer makes.


def record(kind: bytes, number: int, payload: bytes) -> bytes:
    fields = struct.pack(
        ">4scQII", b"\xfe\xed\xfa\xff", kind, number, len(payload), zlib.crc32(payload)
    )
    return fields + zlib.crc32(fields).to_bytes(4, "big") + payload


BAD_EVENTS = {
    "list": b"[]",
    "no uuid": b'{"event":"e","distinct_id":"u","timestamp":"t","properties":{}}',
    "bad uuid": b'{"uuid":"no","event":"e","distinct_id":"u","timestamp":"t","properties":{}}',
    "number uuid": b'{"uuid":7,"event":"e","distinct_id":"u","timestamp":"t","properties":{}}',
    "no id": b'{"uuid":"0190a5d2-7c4b-7000-8000-000000000000","event":"e","timestamp":"t"}',
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "deep event": b'{"uuid":"u","properties":' + b'{"a":' * 100_000,
    "empty": b"",
    "no JSON": b"\xff\xfe",
}


@pytest.mark.parametrize("payload", BAD_EVENTS.values(), ids=BAD_EVENTS)
def test_a_record_that_is_no_event_costs_itself(tmp_path: Path, payload: bytes) -> None:
    (path,) = left_by(tmp_path, *EVENTS[:2])
    with path.open("ab") as file:
        file.write(record(b"E", 3, payload) + record(b"E", 4, EVENTS[2].body))
    assert outcome(tmp_path) == (UUIDS[:3], 1)


@pytest.mark.parametrize(
    "payload", [b"x", b"x" * 15, b"x" * 17, b"\xff" * 8 + b"y", bytes(8) + b"\xff" * 8]
)
def test_an_odd_acknowledgement_hurts_nobody(tmp_path: Path, payload: bytes) -> None:
    (path,) = left_by(tmp_path, *EVENTS[:2])
    with path.open("ab") as file:
        file.write(record(b"A", 2, payload) + record(b"Z", 2, payload) + record(b"S", 2, payload))
    assert outcome(tmp_path) == (UUIDS[:2], 0)


# Version 1.


def old(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">IIc", len(payload), zlib.crc32(kind + payload), kind) + payload


def old_folder(directory: Path, data: bytes) -> Path:
    folder = directory / "0123456789abcdef0123456789abcdef"
    folder.mkdir(parents=True)
    path = folder / "0000000001.spool"
    path.write_bytes(data)
    return path


OLD_EVENTS = [old(b"E", event.body) for event in EVENTS]
OLD_MAGIC = b"flagengine spool 1\n"


def test_folders_of_version_1_are_read(tmp_path: Path) -> None:
    settled = old(b"A", UUID(UUIDS[1]).bytes + UUID(UUIDS[4]).bytes)
    old_folder(tmp_path, OLD_MAGIC + b"".join(OLD_EVENTS) + settled)
    assert outcome(tmp_path) == ([UUIDS[0], *UUIDS[2:4], UUIDS[5]], 0)


def test_a_changed_byte_in_version_1_costs_one_event(tmp_path: Path) -> None:
    data = OLD_MAGIC + b"".join(OLD_EVENTS[:3])
    size = len(OLD_EVENTS[0])
    for where in range(0, len(data), 5):
        directory = tmp_path / str(where)
        damaged = bytearray(data)
        damaged[where] ^= 0x10
        old_folder(directory, bytes(damaged))
        hit = (where - len(OLD_MAGIC)) // size if where >= len(OLD_MAGIC) else None
        expected = [uuid for number, uuid in enumerate(UUIDS[:3]) if number != hit]
        assert outcome(directory) == (expected, 3 - len(expected)), where


def test_an_odd_acknowledgement_of_version_1_hurts_nobody(tmp_path: Path) -> None:
    data = OLD_MAGIC + OLD_EVENTS[0] + old(b"A", b"x" * 15) + OLD_EVENTS[1]
    old_folder(tmp_path, data)
    assert outcome(tmp_path) == (UUIDS[:2], 0)


# What is in place of a file.


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "inside").write_text("x")


def a_link(path: Path) -> None:
    path.rename(path.parent.parent.parent / "elsewhere")
    path.symlink_to(path.parent.parent.parent / "elsewhere")


def a_dead_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def nothing_in_it(path: Path) -> None:
    path.write_bytes(b"")


STRANGERS = [a_folder, a_link, a_dead_link, a_pipe, nothing_in_it]


@pytest.mark.parametrize("stranger", STRANGERS)
def test_what_is_no_file_is_put_aside_and_the_other_files_are_read(
    tmp_path: Path, stranger: Callable[[Path], None]
) -> None:
    directory = tmp_path / "spool"
    paths = left_by(directory, *EVENTS, segment_bytes=START + 2 * RECORD)
    stranger(paths[1])
    assert outcome(directory) == ([*UUIDS[:2], *UUIDS[4:]], 2)
    assert len(list(directory.glob("*.damaged"))) == 1


@pytest.mark.parametrize(
    "name", ["-1.spool", "99999999999999999999.spool", "x.spool", ".spool", "٣.spool", "1.5.spool"]
)
def test_a_file_with_an_odd_name_is_read(tmp_path: Path, name: str) -> None:
    (path,) = left_by(tmp_path, EVENTS[0])
    (path.parent / name).write_bytes(encode_start(1) + encode_event(EVENTS[1], 2))
    delivered, lost = outcome(tmp_path)
    assert sorted(delivered) == sorted(UUIDS[:2])
    assert lost == 0


def test_a_folder_in_place_of_the_lock_hides_no_event(tmp_path: Path) -> None:
    (path,) = left_by(tmp_path, *EVENTS[:2])
    (path.parent / "lock").unlink()
    (path.parent / "lock").mkdir()
    assert outcome(tmp_path) == (UUIDS[:2], 0)


def test_a_linked_folder_is_not_followed(tmp_path: Path) -> None:
    left_by(tmp_path / "other", EVENTS[0])
    (folder,) = (tmp_path / "other").iterdir()
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / folder.name).symlink_to(folder)
    bench, _ = started(tmp_path / "spool")
    assert bench.pipeline.counters().recovered == 0
    assert len(segments(folder)) == 1


@pytest.mark.parametrize("damaged_limit", [10, 10_000])
def test_of_a_file_that_is_too_large_the_beginning_is_read(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    damaged_limit: int,
) -> None:
    size = START + 2 * RECORD
    monkeypatch.setattr("flagengine.transports.batching.spool.spool.MAX_BYTES", size)
    monkeypatch.setattr(damage_module, "MAX_BYTES", damaged_limit)
    (path,) = left_by(tmp_path, *EVENTS[:2])
    os.truncate(path, size + 3000)
    sink = MemorySink()
    limits = LaneLimits(overflow=Overflow.SPILL)
    spool = Spool(tmp_path, max_bytes=size)
    bench = Bench(lanes={"events": LaneSetup(sink, limits, spool=spool)})
    assert bench.pipeline.counters().damaged == 1
    assert not bench.pipeline.flush()
    assert [event.uuid for event in sink.events] == UUIDS[:2]
    assert not path.exists()
    assert "3000 damaged bytes in 0000000001.spool" in caplog.text
    assert ("the first 10 of them at most" in caplog.text) == (damaged_limit == 10)


# What is kept of it.


def test_the_damaged_bytes_are_put_aside_and_it_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (path,) = left_by(tmp_path, *EVENTS[:3])
    data = bytearray(path.read_bytes())
    data[START + RECORD] ^= 1
    path.write_bytes(data)
    bench, _ = started(tmp_path)
    (aside,) = tmp_path.glob("*.damaged")
    assert aside.read_bytes() == bytes(data[START + RECORD : START + 2 * RECORD])
    assert aside.stat().st_mode & 0o777 == 0o600
    assert caplog.text.count("was damaged") == caplog.text.count("\n") == 1
    assert not bench.pipeline.flush(), "an event is lost"
    assert bench.pipeline.flush()


def test_only_the_newest_damaged_parts_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(damage_module, "MAX_BYTES", 250)
    for number, size in enumerate((200, 100, 100)):
        (path,) = left_by(tmp_path, EVENTS[0])
        path.write_bytes(path.read_bytes() + b"x" * size)
        bench, _ = started(tmp_path)
        bench.pipeline.shutdown()
        for aside in tmp_path.glob("*.damaged"):
            if aside.stat().st_mtime > 1000:
                os.utime(aside, (number, number))
    assert [path.stat().st_size for path in tmp_path.glob("*.damaged")] == [100, 100]


def test_no_more_than_some_damaged_parts_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(damage_module, "MAX_FILES", 2)
    for _ in range(4):
        (path,) = left_by(tmp_path, EVENTS[0])
        a_pipe(path)
        started(tmp_path)[0].pipeline.shutdown()
    assert len(list(tmp_path.glob("*.damaged"))) == 2


def test_what_is_not_ours_is_neither_deleted_nor_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(damage_module, "MAX_FILES", 1)
    named_like_ours = tmp_path / f"{'0' * 32}-folder.damaged"
    for folder in (tmp_path / "mine.damaged", named_like_ours):
        folder.mkdir()
        (folder / "inside").write_text("x")
        os.utime(folder, (1, 1))
    (tmp_path / "notes.damaged").write_text("x")
    before = {path.name for path in tmp_path.rglob("*")}
    (path,) = left_by(tmp_path, EVENTS[0])
    path.write_bytes(path.read_bytes() + b"x" * 9)
    started(tmp_path)[0].pipeline.shutdown()
    after = {path.name for path in tmp_path.rglob("*")}
    assert before < after
    assert len(after - before) == 1


def test_damaged_parts_are_not_written_through_a_link(tmp_path: Path) -> None:
    directory = tmp_path / "spool"
    (path,) = left_by(directory, EVENTS[0])
    path.write_bytes(path.read_bytes() + b"x" * 9)
    (directory / f"{path.parent.name}-{path.stem}.damaged").symlink_to(tmp_path / "victim")
    assert outcome(directory) == (UUIDS[:1], 1)
    assert not (tmp_path / "victim").exists()


# Any damage.


@given(
    st.lists(
        st.tuples(st.integers(0, 10_000), st.binary(min_size=1, max_size=400)),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from([1, START + 2 * RECORD, 100_000]),
)
@settings(max_examples=60, deadline=None)
def test_whatever_is_overwritten_nothing_is_sent_twice_or_lost_in_silence(
    pieces: list[tuple[int, bytes]], segment_bytes: int
) -> None:
    with TemporaryDirectory() as name:
        directory = Path(name)
        paths = left_by(directory, *EVENTS, segment_bytes=segment_bytes)
        for number, (where, piece) in enumerate(pieces):
            path = paths[number % len(paths)]
            data = path.read_bytes()
            at = where % len(data)
            path.write_bytes((data[:at] + piece + data[at + len(piece) :])[: len(data)])
        delivered, lost = outcome(directory)
        assert delivered == [uuid for uuid in UUIDS if uuid in delivered]
        missing = len(UUIDS) - len(delivered)
        assert lost <= missing
        assert bool(lost) == bool(missing)


class ContendedDisk(SystemDisk):
    """A disk on which another process takes a folder just as it is deleted."""

    def __init__(self, folder: Path, *names: str) -> None:
        self.folder = folder
        self.names_of_other = names

    def remove(self, path: Path) -> None:
        super().remove(path)
        if path == self.folder:
            path.mkdir()
            for name in self.names_of_other:
                (path / name).touch()


def test_a_folder_in_which_another_process_looks_for_events_is_no_damage(tmp_path: Path) -> None:
    (orphan,) = {path.parent for path in left_by(tmp_path, *EVENTS)}
    spool = Spool(tmp_path, disk=ContendedDisk(orphan, "lock"))
    assert spool.open() == len(EVENTS)
    assert orphan.is_dir()
    spool.close()
    assert outcome(tmp_path) == (UUIDS, 0)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_another_process_has_just_made_is_left_to_it(tmp_path: Path) -> None:
    made = tmp_path / ("0" * 32)
    made.mkdir()
    spool = Spool(tmp_path, disk=ContendedDisk(made, "lock", "0000000001.spool"))
    assert spool.open() == 0
    spool.close()
    assert {path.name for path in made.iterdir()} == {"lock", "0000000001.spool"}


def test_the_lock_of_a_folder_is_deleted_last(tmp_path: Path) -> None:
    (path,) = left_by(tmp_path, *EVENTS)
    removed: list[str] = []

    class Noting(SystemDisk):
        """A disk that notes what is deleted of the folder."""

        def remove(self, path: Path) -> None:
            removed.append(path.name)
            super().remove(path)

    spool = Spool(tmp_path, disk=Noting())
    spool.open()
    assert removed == [path.name, path.parent.name]
