"""Sharing definitions between the processes of one host, through a file and a lock.

Forty workers make one request: the process that holds the lock asks the server and writes the file,
and the other processes read the file. The operating system releases the lock of a killed process. If
the holder hangs and has not polled for too long, another process asks in its place. The file is
replaced atomically, and only its owner can read it, because definitions can name customers.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from ... import fork_and_exit
from ...clock import Clock, SystemClock
from ...json_text import read_json
from ...option_values.messages import wrong_type
from ...option_values.objects import read_clock
from ...option_values.quantities import Seconds
from ...option_values.texts import read_optional_path
from .file_lock import FileLock
from .private_folder import UnsafeDirectoryError, make_private

__all__ = ["HostFlagCache", "UnsafeDirectoryError"]

FRESH_FOR = 20.0
TAKE_OVER_AFTER = 180.0
WAIT_FOR_FIRST = 8.0
LOOK_AGAIN_AFTER = 0.02
# Windows neither replaces nor deletes a file that a process has open.
KEEPS_OPEN_FILES = sys.platform == "win32"
# How often to try what an open file prevents: for half a second.
TRIES = 25

T = TypeVar("T")


class HostFlagCache:
    """A flag definition cache provider in a directory of this host.

    Args:
        name: the project's name, for example its project key. The file name has only its digest.
        directory: where to keep the file; by default a directory of this user under the temporary
            directory, on Windows under ``LOCALAPPDATA``. It is made with mode 0700, and refused if
            other users may write to it; Windows decides that by what the directory is in.
        fresh_for: seconds for which a file is fresh. A process that newly gets the lock does not
            ask the server while the file is fresh, so a series of short-lived processes makes one
            request.
        take_over_after: seconds without a poll after which the holder counts as hanging. Another
            process that finds the file no longer fresh then asks in its place. A holder that polls
            but gets no response does not hang, because more requests would not help.
        wait_for_first: seconds to wait for the holder's first file.
        clock: its wall clock gives the age of the file, its monotonic clock limits waiting.
        sleep: called to wait between two checks for the file.
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
        chosen = read_optional_path("directory", directory)
        self._directory = _own_directory() if chosen is None else Path(chosen)
        if not isinstance(name, str):
            raise wrong_type("name", "text", name)
        stem = sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:20]
        self._path = self._directory / f"{stem}.json"
        self._lock = FileLock(self._directory / f"{stem}.lock")
        self._fresh_for: float = Seconds(FRESH_FOR, least=0)("fresh_for", fresh_for)
        self._take_over_after: float = Seconds(TAKE_OVER_AFTER)("take_over_after", take_over_after)
        self._wait_for_first: float = Seconds(WAIT_FOR_FIRST, least=0)(
            "wait_for_first", wait_for_first
        )
        self._clock: Clock = read_clock("clock", clock) or SystemClock()
        self._sleep = sleep
        fork_and_exit.watch(self)

    def __repr__(self) -> str:
        return f"<HostFlagCache {str(self._path)!r}>"

    @property
    def directory(self) -> Path:
        """Where the file is kept."""
        return self._directory

    def should_fetch_flag_definitions(self) -> bool:
        """Return whether this process must ask: it holds or gets the lock, or the holder hangs.

        While there is no file, wait until the holder writes it or dies.
        """
        make_private(self._directory)
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
        """Replace the file with `document`, which came from a source without JSON text."""
        text = json.dumps(dict(document), separators=(",", ":"))
        self.on_flag_definitions_text_received(text)

    def get_flag_definitions_text(self) -> bytes | None:
        """Return the content of the file; None if there is no file."""
        make_private(self._directory)
        try:
            return self._patiently(self._read)
        except FileNotFoundError:
            return None

    def on_flag_definitions_text_received(self, text: bytes | str) -> None:
        """Replace the file atomically: a reader sees the old content or the new, never a mixture."""
        # mkstemp creates the file with O_EXCL and mode 0600.
        descriptor, name = tempfile.mkstemp(
            prefix=f"{self._path.stem}.", suffix=".tmp", dir=self._directory
        )
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(text.encode() if isinstance(text, str) else text)
            os.utime(name, (self._clock.wall(),) * 2)
            self._patiently(lambda: os.replace(name, self._path))  # noqa: PTH105 - the name is a str
        except BaseException:
            os.unlink(name)  # noqa: PTH108
            raise
        self._remove_leftovers()

    def on_flag_definitions_unchanged(self) -> bool:
        """Set the file's modification time to now; return whether there still is a file."""
        try:
            os.utime(self._path, (self._clock.wall(),) * 2)
        except FileNotFoundError:
            return False
        return True

    def flag_definitions_age(self) -> float | None:
        """Return the seconds since the file was written or confirmed; None if there is no file."""
        age = self._file_age()
        return None if age is None else max(0.0, age)

    def shutdown(self) -> None:
        """Release the lock; leave the file for the other processes."""
        self._lock.release()

    def after_fork(self) -> None:
        """Leave the lock to the parent in a forked child."""
        self._lock.forget()

    def at_exit(self, timeout: float) -> None:
        """Do nothing: the operating system releases the lock."""

    def _is_fresh(self) -> bool | None:
        """Return whether the file is fresh; None if there is no file."""
        age = self._file_age()
        # A file from the future has a negative age, and is not fresh.
        return None if age is None else 0 <= age < self._fresh_for

    def _file_age(self) -> float | None:
        try:
            return self._clock.wall() - self._path.stat().st_mtime
        except FileNotFoundError:
            return None

    def _holder_hangs(self) -> bool:
        try:
            return self._clock.wall() - self._lock.touched_at() > self._take_over_after
        except FileNotFoundError:
            # The holder has gone, and the next poll takes the lock.
            return False

    def _read(self) -> bytes:
        flags = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
        with os.fdopen(os.open(self._path, flags), "rb") as file:
            return file.read()

    def _patiently(self, act: Callable[[], T]) -> T:
        """Act again a few times on a system where nobody can replace a file that is being read."""
        tries = TRIES if KEEPS_OPEN_FILES else 1
        while True:
            tries -= 1
            try:
                return act()
            except PermissionError:
                if not tries:
                    raise
                self._sleep(LOOK_AGAIN_AFTER)

    def _remove_leftovers(self) -> None:
        """Remove the temporary files of killed writers."""
        for path in self._directory.glob(f"{self._path.stem}.*.tmp"):
            try:
                if self._clock.wall() - path.stat().st_mtime > self._take_over_after:
                    path.unlink()
            except FileNotFoundError:
                continue


def _own_directory() -> Path:
    if hasattr(os, "getuid"):
        return Path(tempfile.gettempdir()) / f"flagengine-{os.getuid()}"
    # What is in this folder belongs to one user, which is not so for every temporary folder.
    private = os.environ.get("LOCALAPPDATA")
    if not private:
        msg = "directory must be given, because the environment has no LOCALAPPDATA"
        raise ValueError(msg)
    return Path(private) / "flagengine"
