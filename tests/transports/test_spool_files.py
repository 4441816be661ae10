"""The spool's files: what is read from them, when they go, and what a damaged disk costs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from flagengine.transports.batching.batch import DropReason
from flagengine.transports.batching.event import Event
from flagengine.transports.batching.limits import MIB, LaneLimits, Overflow
from flagengine.transports.batching.pipeline import LaneSetup
from flagengine.transports.batching.queue import EventQueue
from flagengine.transports.batching.sinks.memory import MemorySink
from flagengine.transports.batching.spool.backing import SpoolBacking
from flagengine.transports.batching.spool.records import (
    RecordKind,
    SpoolRecord,
    encode_acknowledgements,
    encode_event,
    encode_start,
    scan,
)
from flagengine.transports.batching.spool.spool import Spool
from flagengine.transports.errors import SpoolError

from .support import NO_JITTER, Bench, make

EVENTS = [make(f"e{number}") for number in range(6)]
RECORD = len(encode_event(EVENTS[0], 1))
START = len(encode_start(0))
TWO_EVENTS = START + 2 * RECORD
"""A segment that is full after two of these events."""


def spool_of(directory: Path, *events: Event, segment_bytes: int = 100_000) -> Spool:
    spool = Spool(directory, segment_bytes=segment_bytes)
    for event in events:
        assert spool.append(event, unread=True)
    return spool


def files(directory: Path) -> list[Path]:
    return sorted(directory.rglob("*.spool"))


@pytest.mark.parametrize("segment_bytes", [1, TWO_EVENTS, 100_000])
@pytest.mark.parametrize("counts", [[2, 4], [1, 1, 1, 3], [3, 3], [5, 1], [6]])
def test_a_read_takes_as_many_events_as_it_asks_for(
    tmp_path: Path, counts: list[int], segment_bytes: int
) -> None:
    spool = spool_of(tmp_path, *EVENTS, segment_bytes=segment_bytes)
    rest = list(EVENTS)
    for count in counts:
        assert spool.read(count) == rest[:count]
        del rest[:count]
    assert spool.read(1) == []
    later = make()
    spool.append(later, unread=True)
    assert spool.read(2) == [later]


def test_a_torn_record_ends_the_reading_and_costs_only_itself(tmp_path: Path) -> None:
    spool = spool_of(tmp_path, *EVENTS[:2])
    (path,) = files(tmp_path)
    path.write_bytes(path.read_bytes()[:-5])
    assert spool.read(2) == EVENTS[:1]


def test_a_new_spool_has_nothing_to_read(tmp_path: Path) -> None:
    assert Spool(tmp_path).read(1) == []


def test_reading_begins_at_the_first_event_that_memory_did_not_take(tmp_path: Path) -> None:
    spool = Spool(tmp_path, segment_bytes=TWO_EVENTS)
    for event, unread in zip(EVENTS, [False] * 3 + [True] * 3, strict=True):
        spool.append(event, unread=unread)
    assert spool.read(9) == EVENTS[3:]


def test_reading_skips_acknowledgements(tmp_path: Path) -> None:
    spool = spool_of(tmp_path, EVENTS[0])
    spool.acknowledge(EVENTS[:1])
    spool.append(EVENTS[1], unread=True)
    assert spool.read(2) == EVENTS[:2]


def test_a_segment_is_full_at_its_bytes(tmp_path: Path) -> None:
    spool = Spool(tmp_path, segment_bytes=TWO_EVENTS)
    seen = []
    for event in EVENTS[:5]:
        spool.append(event, unread=False)
        seen.append(len(files(tmp_path)))
    assert seen == [1, 1, 2, 2, 3]


def test_a_segment_has_four_mib_unless_it_is_said_otherwise(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    large = make(properties={"text": "x" * (MIB - 400)})
    seen = []
    for _ in range(6):
        spool.append(large, unread=False)
        seen.append(len(files(tmp_path)))
    assert seen == [1, 1, 1, 1, 1, 2]


def test_a_spool_takes_what_fits_exactly(tmp_path: Path) -> None:
    size = len(EVENTS[0].body)
    for room, fits in ((START + size, True), (START + size - 1, False)):
        spool = Spool(tmp_path, max_bytes=room)
        assert spool.append(EVENTS[0], unread=False) is fits
        assert spool.holds(EVENTS[0]) is fits


def test_all_segments_count_against_the_bound(tmp_path: Path) -> None:
    spool = Spool(tmp_path, segment_bytes=1, max_bytes=3 * (START + RECORD))
    assert [spool.append(event, unread=False) for event in EVENTS[:4]] == [True] * 3 + [False]


class Long(bytes):
    """Few bytes that say they are many."""

    said: int

    def __len__(self) -> int:
        return self.said


def test_a_spool_has_room_for_256_mib_unless_it_is_said_otherwise(tmp_path: Path) -> None:
    body = Long(b"{}")
    for body.said, fits in ((256 * MIB, False), (256 * MIB - 100, True)):
        assert Spool(tmp_path).append(Event(EVENTS[0].uuid, "e", body), unread=False) is fits


def test_finished_segments_go_even_if_someone_deleted_them_before(tmp_path: Path) -> None:
    spool = spool_of(tmp_path, *EVENTS, segment_bytes=TWO_EVENTS)
    files(tmp_path)[0].unlink()
    spool.acknowledge(EVENTS)
    assert len(files(tmp_path)) == 1
    assert not spool.holds(EVENTS[0])


def test_an_empty_segment_of_acknowledgements_goes_when_its_turn_comes(tmp_path: Path) -> None:
    spool = spool_of(tmp_path, *EVENTS[:2], segment_bytes=1)
    spool.acknowledge(EVENTS[:1])
    spool.acknowledge(EVENTS[1:2])
    assert len(files(tmp_path)) == 1


def test_an_unopened_spool_holds_nothing_and_closes(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "never")
    assert not spool.holds(EVENTS[0])
    spool.close()
    spool.clear()
    spool.after_fork()
    assert not (tmp_path / "never").exists()


def test_a_closed_spool_leaves_its_events_and_can_be_used_again(tmp_path: Path) -> None:
    spool = spool_of(tmp_path, EVENTS[0])
    spool.close()
    assert not spool.holds(EVENTS[0])
    assert spool.open() == 1
    assert spool.read(2) == EVENTS[:1]


def test_the_child_of_a_fork_leaves_its_parents_files_and_makes_its_own(tmp_path: Path) -> None:
    spool = spool_of(tmp_path, EVENTS[0])
    spool.after_fork()
    assert not spool.holds(EVENTS[0])
    spool.append(EVENTS[1], unread=True)
    assert len(files(tmp_path)) == 2
    assert spool.read(2) == EVENTS[1:2]


def test_events_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    spool_of(tmp_path / "deep" / "down", EVENTS[0])
    (folder,) = (tmp_path / "deep" / "down").iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_a_folder_that_someone_deleted_is_no_trouble_at_the_end(tmp_path: Path) -> None:
    for tidy in (Spool.clear, Spool.close):
        spool = spool_of(tmp_path / "spool", EVENTS[0])
        spool.acknowledge(EVENTS[:1])
        shutil.rmtree(tmp_path / "spool")
        tidy(spool)


def test_what_is_no_folder_of_a_spool_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("")
    (tmp_path / "strange" / "lock").mkdir(parents=True)
    assert Spool(tmp_path).open() == 0
    assert {"notes.txt", "strange"} <= {path.name for path in tmp_path.iterdir()}


def test_events_are_inherited_with_their_number_and_their_folders_go(tmp_path: Path) -> None:
    for event in EVENTS[:3]:
        spool_of(tmp_path, event).after_fork()
    heir = Spool(tmp_path)
    assert heir.open() == 3
    assert sorted(event.name for event in heir.read(9)) == ["e0", "e1", "e2"]
    assert len(list(tmp_path.iterdir())) == 1


def test_our_error_says_what_the_system_says(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SpoolError, match=r"file/spool: Not a directory$"):
        Spool(tmp_path / "file" / "spool").open()


def test_records_name_their_events_and_may_be_empty() -> None:
    data = encode_start(7) + encode_acknowledgements([1, 2**40], 9) + encode_acknowledgements([], 9)
    start, first, second = scan(data)
    assert isinstance(start, SpoolRecord)
    assert isinstance(first, SpoolRecord)
    assert isinstance(second, SpoolRecord)
    assert (start.kind, start.number, start.payload) == (RecordKind.START, 7, b"")
    assert [list(first.numbers), list(second.numbers)] == [[1, 2**40], []]


# With a queue or a pipeline.


def backed(spool: Spool, **limits: int) -> tuple[SpoolBacking, EventQueue]:
    queue = EventQueue("events", LaneLimits(overflow=Overflow.SPILL, **limits))  # type: ignore[arg-type]
    return SpoolBacking(spool, queue, lambda *_: None, lambda _: None), queue


def test_recovery_says_whether_there_was_anything(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    for count in (1, 2):
        spool_of(tmp_path / str(count), *EVENTS[:count]).close()
    for name, is_any in (("file", False), ("empty", False), ("1", True), ("2", True)):
        backing, queue = backed(Spool(tmp_path / name))
        assert not backing.recover(0.0)
        assert queue.pending == int(name if is_any else 0)


def test_an_event_that_the_queue_refuses_is_not_stored(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    backing, _ = backed(spool, max_event_bytes=len(EVENTS[0].body))
    large = make(properties={"text": "x" * 100})
    assert backing.push(EVENTS[0], 0.0).reason is None
    assert backing.push(large, 0.0).reason is DropReason.TOO_LARGE
    assert [spool.holds(EVENTS[0]), spool.holds(large)] == [True, False]


def spilling(spool: Spool, sink: MemorySink) -> Bench:
    limits = LaneLimits(
        overflow=Overflow.SPILL, max_queue_size=4, max_batch_size=2, retry=NO_JITTER
    )
    return Bench(lanes={"events": LaneSetup(sink, limits, spool=spool)})
