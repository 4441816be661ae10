"""A file for appending, which never ends in half a record.

Python does not buffer the bytes, so they survive a crash of the process. ``Fsync`` says whether
they must survive a power cut as well.
"""

from __future__ import annotations

import contextlib
import os
from enum import StrEnum
from pathlib import Path

from ..missing_files import is_gone

__all__ = ["AppendFile", "Fsync"]


class Fsync(StrEnum):
    """When ``fsync`` is called for the written bytes."""

    NEVER = "never"
    ALWAYS = "always"
    ON_CLOSE = "on_close"


class AppendFile:
    """An open file for appending. Methods may raise OSError where nothing else is said."""

    def __init__(
        self, path: Path, fsync: Fsync = Fsync.NEVER, *, follows_links: bool = True
    ) -> None:
        self.path = path
        self._fsync = fsync
        # Without O_BINARY, Windows writes two bytes for each line feed.
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
        if not follows_links:
            flags |= getattr(os, "O_NOFOLLOW", 0)
        # Only the owner may read the file, because events are personal data.
        self._descriptor = os.open(path, flags, 0o600)
        found = os.fstat(self._descriptor)
        self.size: int = found.st_size
        self._identity = found.st_dev, found.st_ino

    def append(self, data: bytes) -> None:
        """Write ``data`` at the end, or nothing if that fails."""
        try:
            _write_all(self._descriptor, data)
            if self._fsync is Fsync.ALWAYS:
                os.fsync(self._descriptor)
        except OSError:
            # On a full disk, a part of the data may have been written.
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, self.size)
            raise
        self.size += len(data)

    def rename(self, target: Path) -> None:
        """Give the file another name, in the place of whatever has it. Windows renames no open file."""
        self.path.replace(target)
        self.path = target

    def is_in_place(self) -> bool:
        """Return whether the path still leads to this file, as far as known. Never raises."""
        return self._is_found()

    def is_whole(self) -> bool:
        """Return whether the path leads to this file with all its bytes, as far as known. Never raises."""
        return self._is_found(self.size)

    def _is_found(self, size: int | None = None) -> bool:
        try:
            found = self.path.lstat()
        except OSError as error:
            return not is_gone(error)
        return (found.st_dev, found.st_ino) == self._identity and size in {None, found.st_size}

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        if self._descriptor < 0:
            return
        if self._fsync is Fsync.ON_CLOSE:
            os.fsync(self._descriptor)
        self.abandon()

    def abandon(self) -> None:
        """Close without ``fsync``, in the child of a fork, which shares the file with its parent."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
