"""What differs on Windows, as far as another system can show it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flagengine.transports.batching.append_file import AppendFile
from flagengine.transports.batching.spool import claims
from flagengine.transports.batching.spool.disk import SystemDisk
from flagengine.transports.clock import ManualClock
from flagengine.transports.polling.sources import host_cache
from flagengine.transports.polling.sources.host_cache import HostFlagCache

PROGRAM = Path(__file__).with_name("other_system.py")
DOCUMENT = {"flags": [{"key": "a"}]}


@pytest.mark.skipif(sys.platform == "win32", reason="the suite itself shows it there")
def test_a_client_needs_nothing_that_only_posix_has(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, PROGRAM, tmp_path],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "works\n", done.stderr


def test_a_file_for_appending_is_opened_without_translation_of_line_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    real = os.open

    def noting(path: Any, flags: int, *rest: Any) -> int:
        opened.append(flags)
        return real(path, flags & ~binary, *rest)

    binary = getattr(os, "O_BINARY", 1 << 30)
    monkeypatch.setattr(os, "O_BINARY", binary, raising=False)
    monkeypatch.setattr(os, "open", noting)
    AppendFile(tmp_path / "file").close()
    assert opened[0] & binary


class Busy:
    """A function that fails some times before it works, because another process reads the file."""

    def __init__(self, real: Any, failures: int) -> None:
        self.failures = failures
        self._real = real

    def __call__(self, *arguments: Any) -> Any:
        if self.failures:
            self.failures -= 1
            raise PermissionError(13, "Access is denied")
        return self._real(*arguments)


@pytest.mark.parametrize("act", ["replace", "open"])
def test_the_host_cache_waits_for_a_file_that_another_process_has_open(
    act: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ManualClock(wall=1_700_000_000.0)
    cache = HostFlagCache("k", directory=tmp_path / "flags", clock=clock, sleep=clock.advance)
    assert cache.should_fetch_flag_definitions()
    cache.on_flag_definitions_received(DOCUMENT)
    monkeypatch.setattr(host_cache, "KEEPS_OPEN_FILES", True)
    busy = Busy(getattr(os, act), 3)

    def use() -> None:
        if act == "replace":
            cache.on_flag_definitions_received(DOCUMENT)
        assert cache.get_flag_definitions() == DOCUMENT

    monkeypatch.setattr(os, act, busy)
    use()
    busy.failures = host_cache.TRIES
    with pytest.raises(PermissionError):
        use()
    monkeypatch.setattr(host_cache, "KEEPS_OPEN_FILES", False)
    busy.failures = 1
    with pytest.raises(PermissionError):
        use()
    cache.shutdown()


def test_a_lock_file_that_vanished_is_no_hanging_holder(tmp_path: Path) -> None:
    clock = ManualClock(wall=1_700_000_000.0)
    cache = HostFlagCache("k", directory=tmp_path, clock=clock, sleep=clock.advance)
    assert not cache._holder_hangs()


def test_without_user_ids_the_directory_is_the_profiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "getuid", raising=False)
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    assert str(tmp_path / "flagengine") in repr(HostFlagCache("k"))
    monkeypatch.delenv("LOCALAPPDATA")
    with pytest.raises(ValueError, match="directory must be given"):
        HostFlagCache("k")


class DiskOfWindows(SystemDisk):
    """A disk that deletes no lock file before its lock is released."""

    def __init__(self) -> None:
        self.held: list[Any] = []

    def lock(self, path: Path) -> Any:
        lock = super().lock(path)
        self.held.append(lock)
        return lock

    def remove(self, path: Path) -> None:
        if self.look(path) is not claims.Found.FOLDER or self.held[0]._descriptor < 0:
            super().remove(path)


@pytest.mark.skipif(sys.platform == "win32", reason="looks into the lock of POSIX")
@pytest.mark.parametrize("keeps_open_files", [False, True])
def test_a_folder_of_a_spool_is_removed_after_its_lock_where_it_must_be(
    keeps_open_files: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "KEEPS_OPEN_FILES", keeps_open_files)
    claims.claim_new(DiskOfWindows(), tmp_path).remove()
    assert (list(tmp_path.iterdir()) == []) is keeps_open_files
