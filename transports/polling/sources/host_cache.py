"""Sharing definitions between the processes of one host: a file and a lock, no server needed.

Forty workers make one request: the process that holds the lock asks the server and writes the file,
the others read it. The operating system releases the lock (``flock``) of a process that is killed;
a holder that hangs is passed over when it has not polled for too long. The file is replaced
atomically and is readable by its owner only, because definitions can name customers. POSIX only.
"""

from __future__ import annotations

import json
import os
import stat
import tempfile
import time
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from ... import lifecycle
from ...clock import Clock, SystemClock
from ...json_text import read_json
from .file_lock import FileLock

__all__ = ["HostFlagCache", "UnsafeDirectoryError"]

FRESH_FOR = 20.0
TAKE_OVER_AFTER = 180.0
WAIT_FOR_FIRST = 8.0
LOOK_AGAIN_AFTER = 0.02


class UnsafeDirectoryError(OSError):
    """Other users could write into the directory, and so decide flags."""


class HostFlagCache:
    """A flag definition cache provider in a directory of this host.

    Args:
        name: distinguishes this project's definitions from another's, for example its project key;
            only a digest of it is used.
        directory: where to keep the file; by default a directory of this user under the temporary
            directory. It is made with mode 0700 and refused if others may write to it.
        fresh_for: a process that newly gets the lock does not ask the server if the file is younger
            than this many seconds: short-lived processes one after the other make one request.
        take_over_after: a holder that has not polled for this many seconds hangs; then a process
            that finds the file no longer fresh asks in its place. A holder that polls and gets no
            response does not hang: more requests would not help.
        wait_for_first: how many seconds to wait for the holder's first file.
        clock: the wall clock gives the age of the file, the monotonic clock bounds waiting.
        sleep: waits between two looks at the file.
    """

    def __init__(
        self,
        name: str,
        *,
        directory: str | os.PathLike[str] | None = None,
        fresh_for: float = FRESH_FOR,
        take_over_after: float = TAKE_OVER_AFTER,
        wait_for_first: float = WAIT_FOR_FIRST,
        clock: Clock | None = None,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._directory = Path(directory) if directory is not None else _own_directory()
        stem = sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:20]
        self._path = self._directory / f"{stem}.json"
        self._lock = FileLock(self._directory / f"{stem}.lock")
        self._fresh_for = fresh_for
        self._take_over_after = take_over_after
        self._wait_for_first = wait_for_first
        self._clock = clock or SystemClock()
        self._sleep = sleep
        lifecycle.watch(self)

    def __repr__(self) -> str:
        return f"<HostFlagCache {str(self._path)!r}>"

    def should_fetch_flag_definitions(self) -> bool:
        """Return whether this process holds the lock or gets it now, or the holder seems to hang.

        While there is no file at all, wait for the holder to write it or to die.
        """
        _make_private(self._directory)
        until = self._clock.monotonic() + self._wait_for_first
        while True:
            if self._lock.is_held:
                self._lock.touch(self._clock.wall())
                return True
            is_fresh = self._is_fresh()
            if self._lock.acquire():
                self._lock.touch(self._clock.wall())
                return not is_fresh
            if is_fresh is not None:
                return not is_fresh and self._holder_hangs()
            if self._clock.monotonic() >= until:
                return False
            self._sleep(LOOK_AGAIN_AFTER)

    def get_flag_definitions(self) -> Mapping[str, Any] | None:
        """Return the document in the file; None if there is no file.

        Raises:
            ValueError: the file holds no JSON.
        """
        text = self.get_flag_definitions_text()
        document: Mapping[str, Any] | None = None if text is None else read_json(text)
        return document

    def on_flag_definitions_received(self, document: Mapping[str, Any]) -> None:
        """Replace the file, from a source that has no text."""
        text = json.dumps(dict(document), separators=(",", ":"))
        self.on_flag_definitions_text_received(text)

    def get_flag_definitions_text(self) -> bytes | None:
        """Return the content of the file; None if there is no file."""
        _make_private(self._directory)
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            return None
        with os.fdopen(descriptor, "rb") as file:
            return file.read()

    def on_flag_definitions_text_received(self, text: bytes | str) -> None:
        """Replace the file: a reader sees the old content or the new one, never a part."""
        # The random name is made with O_EXCL and mode 0600.
        descriptor, name = tempfile.mkstemp(
            prefix=f"{self._path.stem}.", suffix=".tmp", dir=self._directory
        )
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(text.encode() if isinstance(text, str) else text)
            os.utime(name, (self._clock.wall(),) * 2)
            os.replace(name, self._path)  # noqa: PTH105 - its name is text already
        except BaseException:
            os.unlink(name)  # noqa: PTH108
            raise
        self._remove_leftovers()

    def on_flag_definitions_unchanged(self) -> None:
        """Mark the file as confirmed just now."""
        os.utime(self._path, (self._clock.wall(),) * 2)

    def shutdown(self) -> None:
        """Give up the lock; the file stays for the others."""
        self._lock.release()

    def after_fork(self) -> None:
        """In a forked child: the lock is the parent's."""
        self._lock.forget()

    def at_exit(self, timeout: float) -> None:
        """Do nothing: the operating system releases the lock."""

    def _is_fresh(self) -> bool | None:
        """Return whether the file is young; None if there is no file."""
        try:
            age = self._clock.wall() - self._path.stat().st_mtime
        except FileNotFoundError:
            return None
        # The age of a file from the future is unknown.
        return 0 <= age < self._fresh_for

    def _holder_hangs(self) -> bool:
        return self._clock.wall() - self._lock.touched_at() > self._take_over_after

    def _remove_leftovers(self) -> None:
        """Remove the temporary files of writers that were killed."""
        for path in self._directory.glob(f"{self._path.stem}.*.tmp"):
            try:
                if self._clock.wall() - path.stat().st_mtime > self._take_over_after:
                    path.unlink()
            except FileNotFoundError:
                continue


def _own_directory() -> Path:
    return Path(tempfile.gettempdir()) / f"flagengine-{os.getuid()}"


def _make_private(directory: Path) -> None:
    """Make sure that `directory` exists and that nobody else can write to it."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = directory.lstat()
    if not stat.S_ISDIR(status.st_mode):
        msg = f"{directory} is not a directory"
        raise UnsafeDirectoryError(msg)
    if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        msg = f"{directory} is not this user's own, or others may write to it"
        raise UnsafeDirectoryError(msg)
