"""One request per host: the lock, the file, and a holder that dies or hangs."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from flagengine.transports.clock import ManualClock
from flagengine.transports.polling import DefinitionLoader
from flagengine.transports.polling.sources.host_cache import HostFlagCache, UnsafeDirectoryError
from flagengine.transports.polling.sources.memory import MemoryDefinitions

HERE = Path(__file__).parent

pytestmark = [
    pytest.mark.contract("flag-definition-loader"),
    pytest.mark.skipif(sys.platform == "win32", reason="needs flock"),
]

DOCUMENT = {"flags": [{"key": "a"}], "cohorts": {"1": {}}, "property_matching_version": 2}
NOW = 1_700_000_000.0


class Turning(ManualClock):
    """A clock that `sleep` advances, so that waiting takes no time."""

    def __init__(self) -> None:
        super().__init__(wall=NOW)
        self.naps = 0

    def sleep(self, seconds: float) -> None:
        self.naps += 1
        self.advance(seconds)


@pytest.fixture
def clock() -> Turning:
    return Turning()


def cache(directory: Path, clock: Turning, name: str = "phc_key", **options: Any) -> HostFlagCache:
    return HostFlagCache(
        name, directory=directory / "flags", clock=clock, sleep=clock.sleep, **options
    )


def files(directory: Path, ending: str) -> list[Path]:
    return sorted((directory / "flags").glob(f"*{ending}"))


def test_the_first_gets_the_turn_and_the_others_read_what_it_stored(
    tmp_path: Path, clock: Turning
) -> None:
    first, other = cache(tmp_path, clock), cache(tmp_path, clock)
    assert first.should_fetch_flag_definitions()
    first.on_flag_definitions_received(DOCUMENT)
    assert not other.should_fetch_flag_definitions()
    assert other.get_flag_definitions() == DOCUMENT
    assert first.should_fetch_flag_definitions()


def test_text_is_stored_and_read_back_byte_for_byte(tmp_path: Path, clock: Turning) -> None:
    first, other = cache(tmp_path, clock), cache(tmp_path, clock)
    text = b'{ "flags" : [ ], "name": "caf\xc3\xa9" }'
    loader = DefinitionLoader(MemoryDefinitions(text), cache=first)
    loader.tick()
    assert other.get_flag_definitions_text() == text
    assert other.get_flag_definitions() == {"flags": [], "name": "café"}


def test_while_there_is_no_file_the_others_wait_for_it_within_bounds(
    tmp_path: Path, clock: Turning
) -> None:
    first, other = cache(tmp_path, clock), cache(tmp_path, clock, wait_for_first=1.0)
    assert first.should_fetch_flag_definitions()
    assert not other.should_fetch_flag_definitions()
    assert 1.0 <= clock.monotonic() < 1.1
    assert other.get_flag_definitions() is None


def test_a_waiting_process_takes_over_as_soon_as_the_holder_is_gone(
    tmp_path: Path, clock: Turning
) -> None:
    first, other = cache(tmp_path, clock), cache(tmp_path, clock)
    first.should_fetch_flag_definitions()
    clock.sleep = lambda _seconds: first.shutdown()  # type: ignore[method-assign, assignment]
    other._sleep = clock.sleep
    assert other.should_fetch_flag_definitions()


def test_processes_one_after_the_other_make_one_request_while_the_file_is_fresh(
    tmp_path: Path, clock: Turning
) -> None:
    first, second, third = (cache(tmp_path, clock) for _ in range(3))
    assert first.should_fetch_flag_definitions()
    first.on_flag_definitions_received(DOCUMENT)
    first.shutdown()
    clock.advance(10)
    assert not second.should_fetch_flag_definitions()
    assert second.get_flag_definitions() == DOCUMENT
    second.shutdown()
    clock.advance(20)
    assert third.should_fetch_flag_definitions()


def test_a_confirmation_keeps_the_file_fresh(tmp_path: Path, clock: Turning) -> None:
    first, second = cache(tmp_path, clock), cache(tmp_path, clock)
    first.should_fetch_flag_definitions()
    first.on_flag_definitions_received(DOCUMENT)
    clock.advance(1000)
    assert first.on_flag_definitions_unchanged() is True
    assert not second.should_fetch_flag_definitions()
    for file in tmp_path.rglob("*.json"):
        file.unlink()
    assert first.on_flag_definitions_unchanged() is False


def test_a_holder_that_hangs_is_passed_over_by_one_of_the_others(
    tmp_path: Path, clock: Turning
) -> None:
    hanging, waiting, another = (cache(tmp_path, clock) for _ in range(3))
    hanging.should_fetch_flag_definitions()
    hanging.on_flag_definitions_received(DOCUMENT)
    clock.advance(180)
    assert not waiting.should_fetch_flag_definitions()
    clock.advance(1)
    assert waiting.should_fetch_flag_definitions()
    waiting.on_flag_definitions_received(DOCUMENT)
    assert not another.should_fetch_flag_definitions()


def test_a_holder_that_polls_but_gets_no_answer_is_not_helped_by_asking_more(
    tmp_path: Path, clock: Turning
) -> None:
    holder, other = cache(tmp_path, clock), cache(tmp_path, clock)
    holder.should_fetch_flag_definitions()
    holder.on_flag_definitions_received(DOCUMENT)
    for _ in range(100):
        clock.advance(30)
        assert holder.should_fetch_flag_definitions()
        assert not other.should_fetch_flag_definitions()


def test_a_file_from_the_future_is_not_trusted_to_be_fresh(tmp_path: Path, clock: Turning) -> None:
    first, second = cache(tmp_path, clock), cache(tmp_path, clock)
    first.should_fetch_flag_definitions()
    first.on_flag_definitions_received(DOCUMENT)
    first.shutdown()
    clock.set_wall(NOW - 3600)
    assert second.should_fetch_flag_definitions()


def test_projects_do_not_meet_and_their_keys_are_not_on_disk(
    tmp_path: Path, clock: Turning
) -> None:
    first, second = cache(tmp_path, clock), cache(tmp_path, clock, name="phc_other")
    assert first.should_fetch_flag_definitions()
    assert second.should_fetch_flag_definitions()
    first.on_flag_definitions_received(DOCUMENT)
    assert second.get_flag_definitions() is None
    assert not any("phc" in path.name for path in files(tmp_path, ""))
    assert "phc" not in repr(first)


def test_only_the_owner_may_read_what_is_written(tmp_path: Path, clock: Turning) -> None:
    old = os.umask(0)
    try:
        first = cache(tmp_path, clock)
        first.should_fetch_flag_definitions()
        first.on_flag_definitions_received(DOCUMENT)
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "flags").stat().st_mode) == 0o700
    modes = {path.suffix: stat.S_IMODE(path.stat().st_mode) for path in files(tmp_path, "")}
    assert modes == {".json": 0o600, ".lock": 0o600}


def test_a_directory_that_others_may_write_to_is_refused(tmp_path: Path, clock: Turning) -> None:
    (tmp_path / "flags").mkdir()
    (tmp_path / "flags").chmod(0o777)
    open_to_all = cache(tmp_path, clock)
    with pytest.raises(UnsafeDirectoryError):
        open_to_all.should_fetch_flag_definitions()
    with pytest.raises(UnsafeDirectoryError):
        open_to_all.get_flag_definitions()


def test_a_link_in_place_of_the_directory_or_the_file_is_refused(
    tmp_path: Path, clock: Turning
) -> None:
    first = cache(tmp_path, clock)
    first.should_fetch_flag_definitions()
    first.on_flag_definitions_received(DOCUMENT)
    (file,) = files(tmp_path, ".json")
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic link"):
        first.get_flag_definitions()
    (tmp_path / "flags").rename(tmp_path / "moved")
    (tmp_path / "flags").symlink_to(tmp_path / "moved")
    with pytest.raises(UnsafeDirectoryError):
        first.get_flag_definitions()


def test_a_broken_file_is_an_error_and_a_failing_cache_is_no_failing_loader(
    tmp_path: Path, clock: Turning, caplog: pytest.LogCaptureFixture
) -> None:
    first, other = cache(tmp_path, clock), cache(tmp_path, clock)
    first.should_fetch_flag_definitions()
    first.on_flag_definitions_received(DOCUMENT)
    files(tmp_path, ".json")[0].write_text("{")
    with pytest.raises(ValueError, match="Expecting"):
        other.get_flag_definitions()
    loader = DefinitionLoader(MemoryDefinitions(DOCUMENT), cache=other)
    loader.tick()
    assert loader.is_ready
    assert "get_flag_definitions" in caplog.text


def test_a_reader_never_sees_a_part_of_a_file(tmp_path: Path, clock: Turning) -> None:
    writer, reader = cache(tmp_path, clock), cache(tmp_path, clock)
    writer.should_fetch_flag_definitions()
    done = threading.Event()

    def write() -> None:
        for number in range(200):
            flags = [{"key": "x" * number, "n": number}] * 50
            writer.on_flag_definitions_received({"flags": flags})
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    while not done.is_set():
        document = reader.get_flag_definitions()
        assert document is None or len({json.dumps(flag) for flag in document["flags"]}) == 1
    thread.join()


def test_what_killed_writers_left_behind_is_swept_up(tmp_path: Path, clock: Turning) -> None:
    first = cache(tmp_path, clock)
    first.should_fetch_flag_definitions()
    first.on_flag_definitions_received(DOCUMENT)
    stem = files(tmp_path, ".json")[0].stem
    old, young = (tmp_path / "flags" / f"{stem}.{name}.tmp" for name in ("old", "young"))
    for path, age in ((old, 1000), (young, 1)):
        path.touch()
        os.utime(path, (NOW - age,) * 2)
    first.on_flag_definitions_received(DOCUMENT)
    assert not old.exists()
    assert young.exists()


def test_a_document_that_cannot_be_written_leaves_nothing_behind(
    tmp_path: Path, clock: Turning, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = cache(tmp_path, clock)
    first.should_fetch_flag_definitions()

    def full(*_args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        first.on_flag_definitions_received(DOCUMENT)
    assert files(tmp_path, ".tmp") == []


def test_the_default_directory_is_the_users_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/somewhere")
    assert f"/somewhere/flagengine-{os.getuid()}/" in repr(HostFlagCache("phc_key"))


# The following tests use real processes and a real server.


@contextmanager
def workers(url: str, directory: Path, count: int) -> Iterator[subprocess.Popen[str]]:
    program = [sys.executable, str(HERE / "workers.py"), url, str(directory), str(count)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        program,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    ) as process:
        yield process
        if process.stdin is not None:
            process.stdin.close()


def lines(process: subprocess.Popen[str], count: int) -> list[str]:
    assert process.stdout is not None
    found: list[str] = []
    while len(found) < count:
        line = process.stdout.readline().strip()
        if line != "started":
            found.append(line)
    return found


def test_forty_processes_make_one_request(tmp_path: Path, server: Any) -> None:
    with workers(server.url, tmp_path / "cache", 40) as processes:
        assert lines(processes, 40) == ["served"] * 40
        assert len(server.paths) == 1


def test_a_holder_killed_in_the_middle_of_its_request_is_followed_by_one_other(
    tmp_path: Path, server: Any
) -> None:
    server.may_answer.clear()
    with workers(server.url, tmp_path / "cache", 1) as holder:
        assert server.was_asked.acquire(timeout=30)
        with workers(server.url, tmp_path / "cache", 10) as followers:
            assert followers.stdout is not None
            started = [followers.stdout.readline() for _ in range(10)]
            assert started == ["started\n"] * 10
            os.kill(holder.pid, signal.SIGKILL)
            assert server.was_asked.acquire(timeout=30)
            server.may_answer.set()
            assert lines(followers, 10) == ["served"] * 10
    assert len(server.paths) == 2


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_neither_has_nor_prolongs_its_parents_lock(tmp_path: Path) -> None:
    parents = HostFlagCache("k", directory=tmp_path / "flags")
    assert parents.should_fetch_flag_definitions()
    parents.on_flag_definitions_received(DOCUMENT)
    from_child, to_parent = os.pipe()
    from_parent, to_child = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(to_child)
        denied = not parents.should_fetch_flag_definitions()
        os.write(to_parent, b"y" if denied else b"n")
        os.read(from_parent, 1)
        os._exit(0)
    os.close(from_parent)
    assert os.read(from_child, 1) == b"y"
    # Close the descriptor without unlocking, as if the parent were killed.
    assert parents._lock._held is not None
    parents._lock._held.close()
    parents._lock._held = None
    others = HostFlagCache("k", directory=tmp_path / "flags")
    assert others._lock.acquire()
    for descriptor in (to_child, to_parent, from_child):
        os.close(descriptor)
    os.waitpid(child, 0)
    others.shutdown()
