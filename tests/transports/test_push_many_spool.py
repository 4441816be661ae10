"""Many events at once through the spool: on disk before the call returns, or refused by name."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flagengine.transports.batching.append_file import Fsync
from flagengine.transports.batching.delivery import DeliveryOutcome, Disposition
from flagengine.transports.batching.drivers import ThreadDriver
from flagengine.transports.batching.event import Event
from flagengine.transports.batching.limits import LaneLimits, Overflow, Unstored
from flagengine.transports.batching.pipeline import EventPipeline, LaneSetup
from flagengine.transports.batching.sinks.memory import MemorySink
from flagengine.transports.batching.spool.disk import LogFile, SystemDisk
from flagengine.transports.batching.spool.records import encode_event, encode_start
from flagengine.transports.batching.spool.spool import Spool
from flagengine.transports.errors import EventTooLargeError, SpoolError, StatusError

from .killed import acknowledged_before_its_death, assert_nothing_is_lost
from .support import NO_JITTER, Bench, HeldSink, make

START = len(encode_start(0))
RECORD = len(encode_event(make("e0"), 1))
RETRY = DeliveryOutcome(Disposition.RETRY, StatusError(503))


def events(count: int) -> list[Event]:
    return [make(f"e{number}") for number in range(count)]


def uuids(of: list[Event]) -> list[str]:
    return [event.uuid for event in of]


def spilling(
    spool: Spool,
    on_unstored: Unstored = Unstored.KEEP,
    sink: MemorySink | None = None,
    *,
    max_queue_size: int = 4,
) -> Bench:
    limits = LaneLimits(
        overflow=Overflow.SPILL,
        max_queue_size=max_queue_size,
        retry=NO_JITTER,
        on_unstored=on_unstored,
    )
    return Bench(lanes={"events": LaneSetup(sink or MemorySink(), limits, spool=spool)})


def left_behind(folder: Path) -> list[str]:
    """Return the uuids that the next process finds undamaged."""
    spool = Spool(folder)
    found = spool.read(spool.open())
    assert not spool.take_damage()
    return uuids(found)


class FullDisk(SystemDisk):
    """A disk that takes ``writes`` more writes."""

    writes = 10**9

    def open(self, path: Path, fsync: Fsync) -> LogFile:
        file = super().open(path, fsync)
        write = file.append

        def append(data: bytes) -> None:
            self.writes -= 1
            if self.writes < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            write(data)

        file.append = append  # type: ignore[method-assign]
        return file


def noting(calls: list[str], name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def noted(*given: Any) -> Any:
        calls.append(name)
        return function(*given)

    return noted


def test_many_events_are_one_write_and_one_fsync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = spilling(Spool(tmp_path, fsync="always"))
    bench.capture(1)
    calls: list[str] = []
    for name in ("write", "fsync"):
        monkeypatch.setattr(os, name, noting(calls, name, getattr(os, name)))
    bench.pipeline.push_many(events(500))
    monkeypatch.undo()
    assert calls == ["write", "fsync"]


@pytest.mark.parametrize("policy", list(Unstored))
def test_what_is_accepted_is_on_disk(tmp_path: Path, policy: Unstored) -> None:
    bench = spilling(Spool(tmp_path), policy)
    given = events(9)
    assert bench.pipeline.push_many(given) == uuids(given)
    copy = tmp_path / "copy"
    (path,) = tmp_path.rglob("*.spool")
    (copy / path.parent.name).mkdir(parents=True)
    (copy / path.parent.name / path.name).write_bytes(path.read_bytes())
    assert left_behind(copy) == uuids(given), "as if the process was killed now"


def test_a_disk_that_takes_nothing_costs_the_protection(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    disk = FullDisk()
    bench = spilling(Spool(tmp_path, disk=disk))
    disk.writes = 0
    given = events(9)
    assert bench.pipeline.push_many(given) == [*uuids(given[:4]), *[None] * 5]
    assert bench.pipeline.counters().refused == {"queue_full": 5}
    assert caplog.text.count("kept in memory only: cannot use the spool") == 1


def test_an_event_that_cannot_be_stored_is_refused_on_request(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    disk, sink = FullDisk(), MemorySink()
    bench = spilling(Spool(tmp_path, disk=disk), Unstored.REFUSE, sink)
    first, failing, last = events(2), events(3), events(2)
    assert bench.pipeline.push_many(first) == uuids(first)
    disk.writes = 0
    assert bench.pipeline.push_many(failing) == [None] * 3
    large = make(properties={"text": "x" * 900 * 1024})
    assert bench.pipeline.push_many([large]) == [None]
    assert bench.pipeline.push(failing[0]) is None
    assert bench.pipeline.counters().refused == {"unstored": 4, "too_large": 1}
    found = [type(error) for error, _ in bench.errors]
    assert found == [SpoolError, EventTooLargeError, SpoolError]
    assert str(bench.errors[0][0]) == "the spool of lane 'events' could not store 3 events"
    assert caplog.text.count("new events are refused: cannot use the spool") == 1
    disk.writes = 100
    assert bench.pipeline.push_many(last) == uuids(last)
    assert not bench.pipeline.flush(), "events were lost"
    assert sink.events == [*first, *last]
    assert bench.pipeline.shutdown()


def test_half_of_a_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = spilling(Spool(tmp_path), Unstored.REFUSE, MemorySink([RETRY]))
    first, torn = events(2), events(50)
    bench.pipeline.push_many(first)
    write = os.write
    written: list[int] = []

    def half(descriptor: int, data: memoryview) -> int:
        if written:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.append(write(descriptor, data[: len(data) // 2]))
        return written[0]

    monkeypatch.setattr(os, "write", half)
    assert bench.pipeline.push_many(torn) == [None] * 50
    monkeypatch.undo()
    assert written[0] > 20 * RECORD
    (path,) = tmp_path.rglob("*.spool")
    assert path.stat().st_size == START + 2 * RECORD
    bench.pipeline.shutdown(0.0)
    assert left_behind(tmp_path) == uuids(first)


def test_a_folder_that_someone_deleted_is_made_anew_before(tmp_path: Path) -> None:
    bench = spilling(Spool(tmp_path / "spool"), Unstored.REFUSE, MemorySink([RETRY]))
    first, second = events(2), events(3)
    bench.pipeline.push_many(first)
    shutil.rmtree(tmp_path / "spool")
    assert bench.pipeline.push_many(second) == uuids(second)
    bench.pipeline.shutdown(0.0)
    assert left_behind(tmp_path / "spool") == uuids([*first, *second])


def test_the_worker_is_woken(tmp_path: Path) -> None:
    sink = HeldSink()
    limits = LaneLimits(overflow=Overflow.SPILL, flush_at=3)
    setup = LaneSetup(sink, limits, spool=Spool(tmp_path))
    pipeline = EventPipeline({"events": setup}, driver=ThreadDriver())
    given = events(5)
    pipeline.push_many(given)
    assert sink.entered.wait(10)
    sink.release.set()
    assert pipeline.shutdown()
    assert sink.events == given


@pytest.mark.parametrize("policy", list(Unstored))
def test_the_segments_that_were_written_before_the_disk_was_full_count(
    tmp_path: Path, policy: Unstored
) -> None:
    disk, sink = FullDisk(), MemorySink()
    bench = spilling(
        Spool(tmp_path, disk=disk, segment_bytes=START + 3 * RECORD), policy, sink=sink
    )
    # Three events, the start of a segment with three more, and the start of a segment without events.
    disk.writes = 4
    given = events(9)
    assert bench.pipeline.push_many(given) == [*uuids(given[:6]), *[None] * 3]
    assert not bench.pipeline.flush()
    assert sink.events == given[:6], "each once, from memory and from the disk"


@pytest.mark.parametrize(
    ("policy", "on_disk", "accepted"),
    [
        (Unstored.KEEP, 3, 4),
        (Unstored.KEEP, 6, 6),
        (Unstored.REFUSE, 3, 3),
        (Unstored.REFUSE, 6, 6),
    ],
)
def test_a_full_spool_takes_what_fits_exactly(
    tmp_path: Path, policy: Unstored, on_disk: int, accepted: int
) -> None:
    max_bytes = START + on_disk * RECORD
    sink = MemorySink()
    bench = spilling(Spool(tmp_path, max_bytes=max_bytes), policy, sink)
    given = events(9)
    answers = bench.pipeline.push_many(given)
    assert answers == [*uuids(given[:accepted]), *[None] * (9 - accepted)]
    (path,) = tmp_path.rglob("*.spool")
    assert path.stat().st_size == max_bytes
    bench.pipeline.flush()
    assert sink.events == given[:accepted]


def test_an_event_too_large_leaves_the_others_their_places(tmp_path: Path) -> None:
    bench = spilling(Spool(tmp_path), Unstored.REFUSE)
    given = events(3)
    large = make(properties={"text": "x" * 900 * 1024})
    answers = bench.pipeline.push_many([given[0], large, *given[1:], large])
    assert answers == [given[0].uuid, None, *uuids(given[1:]), None]
    assert bench.pipeline.push_many([large]) == [None]
    assert bench.pipeline.counters().refused == {"too_large": 3}


def test_a_closed_pipeline_writes_nothing(tmp_path: Path) -> None:
    bench = spilling(Spool(tmp_path))
    bench.pipeline.shutdown()
    assert bench.pipeline.push_many(events(2)) == [None, None]
    assert list(tmp_path.rglob("*.spool")) == []


def test_refusing_needs_a_spool() -> None:
    with pytest.raises(ValueError, match='needs overflow="spill", got "drop_new"'):
        LaneLimits(on_unstored=Unstored.REFUSE)


CHILD = """
import sys
from flagengine.transports.batching.delivery import DeliveryOutcome, Disposition
from flagengine.transports.batching.event import make_event
from flagengine.transports.batching.limits import LaneLimits
from flagengine.transports.batching.pipeline import EventPipeline, LaneSetup
from flagengine.transports.batching.sinks.memory import MemorySink
from flagengine.transports.batching.spool.spool import Spool
from flagengine.transports.clock import SystemClock

class Unreachable(MemorySink):
    def deliver(self, batch, *, timeout):
        return DeliveryOutcome(Disposition.RETRY)

limits = LaneLimits(overflow="spill", on_unstored="refuse", max_queue_size=150)
setup = LaneSetup(Unreachable(), limits, spool=Spool(sys.argv[1], segment_bytes=200_000))
pipeline = EventPipeline({"events": setup})
clock, message = SystemClock(), {"event": "e", "distinct_id": "u", "properties": {"t": "x" * 300}}
while True:
    answers = pipeline.push_many([make_event(message, clock=clock) for _ in range(200)])
    sys.stdout.write("".join(f"{uuid}\\n" for uuid in answers))
    sys.stdout.flush()
"""


@pytest.mark.parametrize("lines", [1, 200, 1001, 5000])
def test_a_killed_process_loses_nothing_that_it_acknowledged(tmp_path: Path, lines: int) -> None:
    acknowledged = acknowledged_before_its_death(CHILD, tmp_path, lines)
    sink = MemorySink()
    bench = spilling(Spool(tmp_path), sink=sink, max_queue_size=1000)
    assert_nothing_is_lost(acknowledged, bench, sink, most_more=200)
