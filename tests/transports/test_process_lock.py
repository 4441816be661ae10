"""The lock between processes, with ``flock`` and with the library that Windows has instead."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from flagengine.transports import process_lock
from flagengine.transports.process_lock import try_lock

HOLDER = """
import sys
import filelock  # before it is hidden: filelock has a use for fcntl on this system
from flagengine.transports import process_lock
if sys.argv[2] == "filelock":
    process_lock.fcntl = None
lock = process_lock.try_lock(__import__("pathlib").Path(sys.argv[1]))
print("held" if lock else "free", flush=True)
sys.stdin.read()
"""
KINDS = ["filelock"] if sys.platform == "win32" else ["flock", "filelock"]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let ``try_lock`` take one kind of lock."""
    if request.param == "filelock":
        monkeypatch.setattr(process_lock, "fcntl", None)
    return request.param


def test_a_lock_has_one_holder_at_a_time(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "lock"
    first = try_lock(path)
    assert first is not None
    assert try_lock(path) is None
    first.release()
    second = try_lock(path)
    assert second is not None
    second.close()
    third = try_lock(path)
    assert third is not None
    third.release()


def test_a_second_release_does_nothing(tmp_path: Path, kind: str) -> None:
    lock = try_lock(tmp_path / "lock")
    assert lock is not None
    lock.release()
    other = try_lock(tmp_path / "lock")
    assert other is not None
    lock.release()
    lock.close()
    assert try_lock(tmp_path / "lock") is None
    other.release()


def test_another_thread_can_release_the_lock(tmp_path: Path, kind: str) -> None:
    lock = try_lock(tmp_path / "lock")
    assert lock is not None
    thread = threading.Thread(target=lock.release)
    thread.start()
    thread.join()
    after = try_lock(tmp_path / "lock")
    assert after is not None
    after.release()


def test_the_lock_shows_when_it_was_touched_and_whether_its_file_is_there(
    tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "lock"
    lock = try_lock(path)
    assert lock is not None
    assert lock.is_in_place()
    lock.touch(1_700_000_000.0)
    assert path.stat().st_mtime == 1_700_000_000.0
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        path.unlink()
        assert not lock.is_in_place()
    lock.release()


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_in_the_place_of_the_lock_is_not_followed(tmp_path: Path, kind: str) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "victim")
    with pytest.raises(OSError, match="symbolic links"):
        try_lock(tmp_path / "lock")
    assert not (tmp_path / "victim").exists()


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path), kind],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert try_lock(path) is None
        holder.kill()
    after = try_lock(path)
    assert after is not None
    after.release()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform has no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_that_closes_the_lock_leaves_it_to_its_parent(tmp_path: Path) -> None:
    lock = try_lock(tmp_path / "lock")
    assert lock is not None
    child = os.fork()
    if child == 0:
        lock.close()
        os._exit(0)
    os.waitpid(child, 0)
    assert try_lock(tmp_path / "lock") is None
    lock.release()


def test_without_flock_and_the_library_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_lock, "fcntl", None)
    monkeypatch.setitem(sys.modules, "filelock", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'flagengine\[client\]'"):
        try_lock(tmp_path / "lock")
