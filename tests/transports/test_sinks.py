"""The sinks other than HTTP: JSONL files with rotation, fan-out, memory, null."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from flagengine.transports.batching.append_file import AppendFile, Fsync
from flagengine.transports.batching.delivery import DELIVERED, DeliveryOutcome, Disposition
from flagengine.transports.batching.limits import LaneLimits
from flagengine.transports.batching.pipeline import LaneSetup
from flagengine.transports.batching.sinks.fanout import FanOutSink
from flagengine.transports.batching.sinks.jsonl import JsonlSink
from flagengine.transports.batching.sinks.memory import MemorySink, NullSink
from flagengine.transports.errors import SpoolError, StatusError

from .support import NO_JITTER, Bench, batch_of, make


def lines(path: Path) -> list[str]:
    return [json.loads(line)["event"] for line in path.read_text().splitlines()]


def test_jsonl_writes_one_event_a_line_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    bench = Bench(lanes={"events": LaneSetup(JsonlSink(path))})
    bench.capture(3, properties={"text": "two\nlines"})
    assert bench.pipeline.shutdown()
    assert lines(path) == ["e0", "e1", "e2"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_jsonl_appends_to_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    for name in ("first", "second"):
        sink = JsonlSink(path, fsync=Fsync.ON_CLOSE)
        sink.deliver(batch_of(make(name)), timeout=1.0)
        sink.close()
    assert lines(path) == ["first", "second"]


def test_jsonl_begins_a_new_line_behind_half_a_line(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"event":"half')
    sink = JsonlSink(path)
    for name in ("first", "second"):
        sink.deliver(batch_of(make(name)), timeout=1.0)
    half, *whole = path.read_bytes().splitlines()
    assert half == b'{"event":"half'
    assert [json.loads(line)["event"] for line in whole] == ["first", "second"]


def test_jsonl_begins_a_new_line_behind_what_a_failure_has_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "events.jsonl"
    sink = JsonlSink(path)
    sink.deliver(batch_of(make("first")), timeout=1.0)
    write = os.write

    def fail_halfway(descriptor: int, data: bytes) -> int:
        if len(data) > 9:
            return write(descriptor, bytes(data)[: len(data) - 9])
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    def refuse(_descriptor: int, _size: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", fail_halfway)
        patched.setattr(os, "ftruncate", refuse)
        outcome = sink.deliver(batch_of(make("torn")), timeout=1.0)
        assert outcome.disposition is Disposition.RETRY
    assert sink.deliver(batch_of(make("torn")), timeout=1.0) is DELIVERED
    texts = path.read_bytes().splitlines()
    assert [json.loads(texts[number])["event"] for number in (0, 2)] == ["first", "torn"]
    assert len(texts) == 3


def test_jsonl_writes_to_a_file_that_it_must_not_read_and_through_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"half")
    link = tmp_path / "link"
    link.symlink_to(target)

    def refuse(_path: Path, _mode: str) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "open", refuse)
    assert JsonlSink(link).deliver(batch_of(make()), timeout=1.0) is DELIVERED
    monkeypatch.undo()
    assert target.read_bytes().startswith(b'half{"uuid"')


def test_jsonl_rotates_and_keeps_so_many_files(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    sink = JsonlSink(path, max_bytes=1, backups=2, fsync=Fsync.ALWAYS)
    for number in range(5):
        sink.deliver(batch_of(make(f"e{number}")), timeout=1.0)
    sink.close()
    found = {file.name: lines(file) for file in tmp_path.iterdir()}
    assert found == {"events.jsonl": ["e4"], "events.jsonl.1": ["e3"], "events.jsonl.2": ["e2"]}


def test_jsonl_without_backups_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    sink = JsonlSink(path, max_bytes=1, backups=0)
    for number in range(3):
        sink.deliver(batch_of(make(f"e{number}")), timeout=1.0)
    assert lines(path) == ["e2"]


def test_a_missing_folder_is_tried_again_later(tmp_path: Path) -> None:
    sink = JsonlSink(tmp_path / "later" / "events.jsonl")
    outcome = sink.deliver(batch_of(make()), timeout=1.0)
    assert outcome.disposition is Disposition.RETRY
    assert isinstance(outcome.error, SpoolError)
    (tmp_path / "later").mkdir()
    assert sink.deliver(batch_of(make()), timeout=1.0) is DELIVERED


def test_a_full_disk_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = AppendFile(tmp_path / "file")
    file.append(b"whole\n")
    write = os.write

    def fill_up(descriptor: int, data: bytes) -> int:
        monkeypatch.setattr(os, "write", refuse)
        return write(descriptor, bytes(data)[:3])

    def refuse(descriptor: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", fill_up)
    with pytest.raises(OSError, match="No space"):
        file.append(b"second line\n")
    monkeypatch.setattr(os, "write", write)
    file.append(b"third\n")
    assert (tmp_path / "file").read_bytes() == b"whole\nthird\n"


def test_what_the_disk_did_not_sync_is_not_left_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = AppendFile(tmp_path / "file", Fsync.ALWAYS)
    file.append(b"whole\n")

    def refuse(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", refuse)
        with pytest.raises(OSError, match="Input/output"):
            file.append(b"second line\n")
    assert file.is_whole()
    file.append(b"third\n")
    assert (tmp_path / "file").read_bytes() == b"whole\nthird\n"


def test_null_takes_everything() -> None:
    bench = Bench(lanes={"events": LaneSetup(NullSink())})
    bench.capture(3)
    assert bench.pipeline.shutdown()
    assert bench.pipeline.counters().delivered == 3


def fan_out(*sinks: MemorySink, **limits: int) -> Bench:
    setup = LaneSetup(FanOutSink(sinks), LaneLimits(retry=NO_JITTER, **limits))  # type: ignore[arg-type]
    return Bench(lanes={"events": setup})


def test_fan_out_gives_every_event_to_every_sink_once() -> None:
    first, second = MemorySink(), MemorySink([DeliveryOutcome(Disposition.RETRY, StatusError(503))])
    bench = fan_out(first, second)
    bench.capture(3)
    assert not bench.pipeline.flush()
    assert bench.pipeline.flush()
    assert [len(first.batches), len(second.batches)] == [1, 2]
    assert first.events == second.events
    assert bench.pipeline.counters().delivered == 3
    bench.pipeline.shutdown()
    assert first.is_closed
    assert second.is_closed


def test_fan_out_splits_for_the_sink_that_needs_it_alone() -> None:
    first, second = MemorySink(), MemorySink([DeliveryOutcome(Disposition.SPLIT, StatusError(413))])
    bench = fan_out(first, second)
    bench.capture(4)
    assert bench.pipeline.flush()
    assert [len(batch.events) for batch in first.batches] == [4]
    assert [len(batch.events) for batch in second.batches] == [4, 2, 2]


def test_fan_out_reports_what_one_sink_refused_after_the_others_have_it() -> None:
    first = MemorySink([DeliveryOutcome(Disposition.RETRY, StatusError(503))])
    second = MemorySink([DeliveryOutcome(Disposition.REJECTED, StatusError(400))])
    bench = fan_out(first, second)
    bench.capture(2)
    bench.pipeline.flush()
    assert bench.errors == []
    assert not bench.pipeline.flush()
    assert len(first.events) == 2
    assert len(second.batches) == 1
    assert set(bench.reasons) == {"rejected"}
    assert sum(len(events) for _, events in bench.errors) == 2
    assert "HTTP 400" in str(bench.errors[0][0].__cause__)


def test_fan_out_passes_partial_results_on() -> None:
    events = [make(), make(), make()]
    uuids = [event.uuid for event in events]
    partial = DeliveryOutcome(
        Disposition.PARTIAL, None, 2.0, frozenset(uuids[:1]), {uuids[1]: "drop"}
    )
    sink = FanOutSink([MemorySink([partial]), MemorySink()])
    outcome = sink.deliver(batch_of(*events), timeout=1.0)
    assert (outcome.disposition, outcome.retry_after) == (Disposition.PARTIAL, 2.0)
    assert outcome.retry == {uuids[0]}
    assert outcome.refused == {uuids[1]: "drop"}


def test_an_event_with_the_uuid_of_an_earlier_one_reaches_every_sink() -> None:
    first, second = MemorySink(), MemorySink()
    bench = fan_out(first, second)
    twins = [make("first"), make("second", uuid=make().uuid)]
    twins[1] = make("second", uuid=twins[0].uuid)
    for event in twins:
        bench.pipeline.push(event)
        assert bench.pipeline.flush()
    assert first.events == second.events == twins


@pytest.mark.parametrize("move", [Path.unlink, lambda path: path.rename(path.with_suffix(".1"))])
def test_a_file_that_someone_takes_away_is_begun_anew(tmp_path: Path, move: Any) -> None:
    path = tmp_path / "events.jsonl"
    sink = JsonlSink(path)
    bench = Bench(lanes={"events": LaneSetup(sink)})
    bench.capture(1)
    assert bench.pipeline.flush()
    move(path)
    bench.capture(1)
    assert bench.pipeline.flush()
    assert len(path.read_text().splitlines()) == 1
