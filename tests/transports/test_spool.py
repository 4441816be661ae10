"""The spool on disk: its format survives torn writes, and its events survive their process."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagengine.transports.batching.delivery import DeliveryOutcome, Disposition
from flagengine.transports.batching.event import Event
from flagengine.transports.batching.limits import LaneLimits, Overflow
from flagengine.transports.batching.pipeline import LaneSetup
from flagengine.transports.batching.sinks.memory import MemorySink
from flagengine.transports.batching.spool.records import (
    RecordKind,
    SpoolRecord,
    encode_acknowledgements,
    encode_event,
    encode_start,
    scan,
)
from flagengine.transports.batching.spool.spool import Spool
from flagengine.transports.errors import SpoolDamagedError, SpoolError, StatusError

from .killed import acknowledged_before_its_death, assert_nothing_is_lost
from .support import NO_JITTER, Bench, make

EVENTS = [make(f"e{number}", properties={"text": "x" * number}) for number in range(6)]


def leave(spool: Spool) -> None:
    """Release the folder as a killed process does, without cleaning up."""
    spool.after_fork()


def pending(directory: Path) -> list[Event]:
    spool = Spool(directory)
    events = spool.read(spool.open())
    spool.close()
    return events


def whole(data: bytes) -> list[SpoolRecord]:
    """Return the records that are not damaged."""
    records = [found for found in scan(data) if isinstance(found, SpoolRecord)]
    return [record for record in records if record.payload is not None]


@given(st.integers(0, 10_000), st.binary(max_size=20))
def test_a_torn_tail_costs_only_the_record_that_was_being_written(cut: int, rubbish: bytes) -> None:
    records = [encode_event(event, number) for number, event in enumerate(EVENTS, 1)]
    records.append(encode_acknowledgements([1, 2], len(EVENTS)))
    start = encode_start(0)
    data = start + b"".join(records)
    cut = max(len(start), min(cut, len(data)))
    ends = [len(start) + sum(map(len, records[: i + 1])) for i in range(len(records))]
    complete = 1 + sum(end <= cut for end in ends)
    assert len(whole(data[:cut])) == complete
    assert len(whole(data[:cut] + b"\xff" * 9 + rubbish)) == complete


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_damaged_byte_costs_only_the_record_that_it_hit(where: int, change: int) -> None:
    records = [encode_event(event, number) for number, event in enumerate(EVENTS, 1)]
    data = bytearray(encode_start(0) + b"".join(records))
    where = where % len(data)
    data[where] ^= change
    ends = [len(encode_start(0)) + sum(map(len, records[: i + 1])) for i in range(len(records))]
    hit = sum(end <= where for end in ends)
    rest = [event.body for event in EVENTS]
    if where >= len(encode_start(0)):
        del rest[hit]
    events = [record.payload for record in whole(bytes(data)) if record.kind == RecordKind.EVENT]
    assert events == rest


def test_what_was_not_acknowledged_is_found_again_in_order(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    for event in EVENTS:
        assert spool.append(event, unread=False)
    spool.acknowledge(EVENTS[1:3])
    leave(spool)
    assert pending(tmp_path) == [EVENTS[0], *EVENTS[3:]]
    assert pending(tmp_path) == [EVENTS[0], *EVENTS[3:]], "reading does not acknowledge"


def test_events_are_inherited_once_though_two_spools_start(tmp_path: Path) -> None:
    old = Spool(tmp_path)
    old.append(EVENTS[0], unread=False)
    assert Spool(tmp_path).open() == 0, "the owner is alive"
    leave(old)
    first, second = Spool(tmp_path), Spool(tmp_path)
    assert [first.open(), second.open()] == [1, 0]


def test_an_event_that_two_dead_processes_left_is_one(tmp_path: Path) -> None:
    for _ in range(2):
        spool = Spool(tmp_path)
        spool.append(EVENTS[0], unread=False)
        spool.append(EVENTS[0], unread=False)
        leave(spool)
    assert pending(tmp_path) == EVENTS[:1]


def test_segments_are_deleted_from_the_front_and_the_bound_holds(tmp_path: Path) -> None:
    spool = Spool(tmp_path, segment_bytes=500, max_bytes=2500)
    events = [make() for _ in range(99)]
    taken = [event for event in events if spool.append(event, unread=False)]
    files = list(tmp_path.rglob("*.spool"))
    assert len(files) > 3
    assert sum(file.stat().st_size for file in files) < 3500
    spool.acknowledge(taken[2:])
    assert len(list(tmp_path.rglob("*.spool"))) >= len(files), "the first event still waits"
    spool.acknowledge(taken[:2])
    assert len(list(tmp_path.rglob("*.spool"))) <= 2
    assert spool.append(make(), unread=False)


def test_unread_events_come_back_in_order_over_segments(tmp_path: Path) -> None:
    spool = Spool(tmp_path, segment_bytes=400)
    spool.append(EVENTS[0], unread=False)
    for event in EVENTS[1:]:
        spool.append(event, unread=True)
        spool.acknowledge(EVENTS[:1])
    assert [*spool.read(2), *spool.read(99)] == EVENTS[1:]
    assert spool.read(1) == []


def test_an_empty_spool_leaves_no_folder(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.append(EVENTS[0], unread=False)
    spool.acknowledge(EVENTS[:1])
    spool.close()
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be_used_is_our_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SpoolError, match="cannot use the spool"):
        Spool(tmp_path / "file" / "spool").append(EVENTS[0], unread=False)


# With a pipeline.


def spilling(directory: Path, sink: MemorySink, *, size: int = 4) -> Bench:
    limits = LaneLimits(
        overflow=Overflow.SPILL, max_queue_size=size, max_batch_size=2, retry=NO_JITTER
    )
    return Bench(lanes={"events": LaneSetup(sink, limits, spool=Spool(directory))})


def down(times: int) -> MemorySink:
    return MemorySink([DeliveryOutcome(Disposition.RETRY, StatusError(503))] * times)


@pytest.mark.contract("event-batcher")
def test_more_events_than_memory_takes_all_go_out_in_order(tmp_path: Path) -> None:
    sink = MemorySink()
    bench = spilling(tmp_path, sink)
    uuids = bench.capture(25)
    assert len(uuids) == 25
    assert bench.pipeline.pending_count() == 25
    assert bench.pipeline.flush()
    assert [event.uuid for event in sink.events] == uuids
    assert bench.pipeline.shutdown()
    assert list(tmp_path.iterdir()) == []


def test_what_shutdown_could_not_deliver_is_sent_by_the_next_process(tmp_path: Path) -> None:
    bench = spilling(tmp_path, down(99))
    uuids = bench.capture(9)
    assert not bench.pipeline.shutdown(timeout=0.5)
    assert bench.errors == []
    assert bench.pipeline.counters().kept == 9
    sink = MemorySink()
    second = spilling(tmp_path, sink)
    assert second.pipeline.counters().recovered == 9
    assert second.pipeline.flush()
    assert [event.uuid for event in sink.events] == uuids


def test_discard_clears_the_disk_as_well(tmp_path: Path) -> None:
    bench = spilling(tmp_path, MemorySink())
    bench.capture(9)
    bench.pipeline.shutdown(discard=True)
    assert bench.pipeline.counters().dropped == {"discarded": 9}
    assert list(tmp_path.iterdir()) == []


def test_without_a_disk_events_are_kept_in_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    sink = MemorySink()
    bench = spilling(tmp_path / "file", sink)
    assert len(bench.capture(6)) == 4
    assert not bench.pipeline.flush()
    assert len(sink.events) == 4
    assert caplog.text.count("in memory only") == 1


def test_events_that_the_disk_does_not_give_back_stay_accounted_for(tmp_path: Path) -> None:
    sink = MemorySink()
    bench = spilling(tmp_path, sink)
    uuids = bench.capture(9)
    for path in tmp_path.rglob("*.spool"):
        path.write_bytes(path.read_bytes()[:-5])
    assert not bench.pipeline.flush()
    counters = bench.pipeline.counters()
    assert (counters.delivered, counters.dropped, counters.pending) == (8, {"damaged": 1}, 0)
    ((error, events),) = bench.errors
    assert isinstance(error, SpoolDamagedError)
    assert [event.uuid for event in events] == uuids[8:]


CHILD = """
import sys
from flagengine.transports.batching.limits import LaneLimits
from flagengine.transports.batching.pipeline import EventPipeline, LaneSetup, ManualDriver
from flagengine.transports.batching.sinks.memory import MemorySink
from flagengine.transports.batching.spool.spool import Spool

limits = LaneLimits(overflow="spill", max_queue_size=50)
spool = Spool(sys.argv[1], segment_bytes=20_000)
pipeline = EventPipeline({"events": LaneSetup(MemorySink(), limits, spool=spool)}, driver=ManualDriver())
number = 0
while True:
    uuid = pipeline.capture({"event": f"e{number}", "distinct_id": "u", "properties": {"t": "x" * 500}})
    sys.stdout.write(f"{uuid}\\n")
    sys.stdout.flush()
    number += 1
"""


@pytest.mark.parametrize("lines", [1, 37, 300])
def test_a_killed_process_loses_nothing_that_it_acknowledged(tmp_path: Path, lines: int) -> None:
    acknowledged = acknowledged_before_its_death(CHILD, tmp_path, lines)
    sink = MemorySink()
    bench = spilling(tmp_path, sink)
    assert_nothing_is_lost(acknowledged, bench, sink, most_more=1)
