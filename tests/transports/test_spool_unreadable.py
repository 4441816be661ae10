"""Events on disk that cannot be read now are neither damaged nor delivered: they wait."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from flagengine.transports.batching.sinks.jsonl import JsonlSink
from flagengine.transports.batching.spool.disk import SystemDisk
from flagengine.transports.batching.spool.spool import Spool

from .support import batch_of, make
from .test_spool_running import RECORD, START, Running, end_without_the_second_file

CODES = [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO, errno.EACCES]


class BlindDisk(SystemDisk):
    """A disk that cannot be read while it has a ``failure``."""

    def __init__(self, after: int = 0) -> None:
        self.failure: Exception | None = None
        self.after = after
        self.reads = 0

    def read(self, path: Path, offset: int = 0, most: int = -1) -> bytes:
        self.reads += 1
        if self.failure is not None and self.reads > self.after:
            raise self.failure
        return super().read(path, offset, most)


def blinded(directory: Path, failure: Exception, **options: int) -> tuple[Running, BlindDisk]:
    """Return a process with four events in memory and five on a disk that cannot be read."""
    disk = BlindDisk(options.pop("after", 0))
    running = Running(directory, disk=disk, **options)
    running.capture(9)
    disk.failure = failure
    return running, disk


def failure_of(code: int) -> OSError:
    return OSError(code, os.strerror(code))


@pytest.mark.contract("flush")
@pytest.mark.parametrize("failure", [*map(failure_of, CODES), MemoryError()], ids=repr)
def test_they_stay_pending_and_are_delivered_when_the_disk_works_again(
    tmp_path: Path, failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    running, disk = blinded(tmp_path, failure)
    assert not running.flush()
    assert running.delivered == running.uuids[:4]
    counters = running.bench.pipeline.counters()
    assert (counters.kept, counters.pending, counters.dropped) == (0, 5, {})
    assert caplog.text.count("5 events stay on disk, because they cannot be read now") == 1
    disk.failure = None
    running.bench.tick(1.0)
    running.bench.tick()
    running.bench.tick()
    assert running.delivered == running.uuids
    assert running.bench.pipeline.shutdown()
    assert running.told == list(tmp_path.iterdir()) == []
    running.check()


def test_they_are_read_once_a_second(tmp_path: Path) -> None:
    running, disk = blinded(tmp_path, failure_of(errno.EMFILE))
    running.flush()
    before = disk.reads
    for _ in range(40):
        running.bench.tick(0.25)
    assert disk.reads == before + 10


def test_a_flush_reads_at_once_and_waits_for_no_second_try(tmp_path: Path) -> None:
    running, disk = blinded(tmp_path, failure_of(errno.EMFILE))
    began = running.bench.clock.monotonic()
    assert [running.flush() for _ in range(3)] == [False, False, False]
    assert running.bench.clock.monotonic() == began
    disk.failure = None
    assert running.flush()
    assert running.delivered == running.uuids


def test_a_flush_sends_what_is_in_memory_first(tmp_path: Path) -> None:
    running, _ = blinded(tmp_path, failure_of(errno.EMFILE))
    running.bench.tick()
    assert running.bench.pipeline.counters().delivered == 2
    assert not running.flush()
    assert running.delivered == running.uuids[:4]


@pytest.mark.parametrize("after", range(4))
def test_new_events_do_not_overtake_them(tmp_path: Path, after: int) -> None:
    one_event = START + RECORD
    running, disk = blinded(tmp_path, failure_of(errno.EIO), segment_bytes=one_event, after=after)
    running.flush()
    assert running.capture(3) == 3
    running.flush()
    disk.failure = None
    assert running.flush()
    assert running.delivered == running.uuids
    running.check()


def test_a_failure_in_the_middle_of_a_file_is_no_loss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = Running(tmp_path)
    running.capture(9)
    module = "flagengine.transports.batching.spool.segments.parse_event"
    with monkeypatch.context() as patches:
        calls = []

        def fail_late(_payload: bytes) -> None:
            calls.append(1)
            raise MemoryError

        patches.setattr(module, fail_late)
        assert not running.flush()
    assert calls
    assert running.flush()
    assert running.delivered == running.uuids


@pytest.mark.contract("shutdown")
@pytest.mark.parametrize("code", CODES)
def test_at_the_end_they_are_left_to_the_next_process(
    tmp_path: Path, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    running, _ = blinded(tmp_path, failure_of(code))
    began = running.bench.clock.monotonic()
    assert not running.bench.pipeline.shutdown(10.0)
    assert running.bench.clock.monotonic() == pytest.approx(began + 10.0)
    counters = running.bench.pipeline.counters()
    assert (counters.delivered, counters.kept, counters.pending) == (4, 5, 0)
    assert "shutdown: 5 events stay on disk for the next process" in caplog.text
    assert running.told == []
    heir = Running(tmp_path)
    assert heir.flush()
    assert heir.delivered == running.uuids[4:]


def test_a_shutdown_delivers_them_if_the_disk_works_again_in_time(tmp_path: Path) -> None:
    running, disk = blinded(tmp_path, failure_of(errno.EMFILE))
    pause = running.bench.clock.advance

    def advance(seconds: float) -> None:
        pause(seconds)
        disk.failure = None

    running.bench.clock.advance = advance  # type: ignore[method-assign]
    assert running.bench.pipeline.shutdown(10.0)
    assert running.delivered == running.uuids


def test_those_in_a_cut_file_are_not_given_up_either(tmp_path: Path) -> None:
    running, _ = blinded(tmp_path, failure_of(errno.EIO), segment_bytes=START + 3 * RECORD)
    # The second of three files has events 4 to 6.
    os.truncate(running.files[1], START + 2 * RECORD)
    assert not running.bench.pipeline.shutdown(0.0)
    assert running.told == []
    heir = Running(tmp_path)
    heir.flush()
    assert heir.delivered[-3:] == running.uuids[6:]


@pytest.mark.contract("shutdown")
def test_those_in_a_deleted_file_are_told_at_the_end(tmp_path: Path) -> None:
    running, _ = blinded(tmp_path, failure_of(errno.EMFILE), segment_bytes=START + 3 * RECORD)
    end_without_the_second_file(running)


@pytest.mark.parametrize("code", [errno.EACCES, errno.EIO, errno.ENOMEM])
def test_a_file_that_cannot_be_looked_at_is_still_there(
    tmp_path: Path, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = Running(tmp_path, segment_bytes=START + 3 * RECORD)
    running.capture(9)
    files = running.files

    def fail(_path: Path) -> None:
        raise failure_of(code)

    with monkeypatch.context() as patches:
        patches.setattr(Path, "lstat", fail)
        assert running.capture(1) == 1
        assert not running.bench.pipeline.shutdown(0.0)
    assert set(files) <= set(running.files)
    assert len({path.parent for path in running.files}) == 1, "no new folder is made"
    assert running.told == []
    heir = Running(tmp_path)
    assert heir.flush()
    assert heir.delivered == running.uuids


def test_a_file_of_lines_that_cannot_be_looked_at_is_written_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = JsonlSink(tmp_path / "events")
    sink.deliver(batch_of(make()), timeout=1.0)
    opened = sink._file

    def fail(_path: Path) -> None:
        raise failure_of(errno.EACCES)

    with monkeypatch.context() as patches:
        patches.setattr(Path, "lstat", fail)
        sink.deliver(batch_of(make()), timeout=1.0)
    assert sink._file is opened


@pytest.mark.parametrize("replace", ["link", "folder"])
def test_what_is_in_place_of_a_file_is_a_loss_and_holds_up_nothing(
    tmp_path: Path, replace: str
) -> None:
    running = Running(tmp_path / "spool", segment_bytes=START + 3 * RECORD)
    running.capture(9)
    stranger = running.files[1]
    stranger.unlink()
    if replace == "link":
        stranger.symlink_to(tmp_path)
    else:
        stranger.mkdir()
    assert not running.flush()
    # The second of three files had events 4 to 6, of which the first is in memory as well.
    assert running.told == running.uuids[4:6]
    assert running.delivered == [*running.uuids[:4], *running.uuids[6:]]


def test_whatever_a_read_raises_keeps_the_events(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = Running(tmp_path)
    running.capture(9)
    with monkeypatch.context() as patches:
        patches.setattr(Spool, "read_back", lambda _spool, _count: 1 / 0)
        assert not running.flush()
    assert running.flush()
    assert running.delivered == running.uuids
