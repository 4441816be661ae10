"""A file to append to that never ends in half a record.

Bytes go straight to the operating system, so that they survive the death of the process;
``Fsync`` says whether they must survive a power cut as well.
"""

from __future__ import annotations

import contextlib
import os
from enum import StrEnum
from pathlib import Path

__all__ = ["AppendFile", "Fsync"]


class Fsync(StrEnum):
    """When written bytes are forced to the disk."""

    NEVER = "never"
    ALWAYS = "always"
    ON_CLOSE = "on_close"


class AppendFile:
    """One open file. ``append`` writes all of its argument or nothing, and raises OSError."""

    def __init__(self, path: Path, fsync: Fsync = Fsync.NEVER) -> None:
        self.path = path
        self._fsync = fsync
        # Readable by its owner only: events are personal data.
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self.size = os.fstat(self._descriptor).st_size

    def append(self, data: bytes) -> None:
        """Write ``data`` at the end."""
        try:
            _write_all(self._descriptor, data)
        except OSError:
            # A full disk leaves a part behind: remove it.
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, self.size)
            raise
        self.size += len(data)
        if self._fsync is Fsync.ALWAYS:
            os.fsync(self._descriptor)

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        if self._descriptor < 0:
            return
        if self._fsync is Fsync.ON_CLOSE:
            os.fsync(self._descriptor)
        self.abandon()

    def abandon(self) -> None:
        """Close without ``fsync``: for the child of a fork, which shares the file."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
