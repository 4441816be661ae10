"""The ownership of spool folders, so that no two processes send the same events.

Every open spool has a folder of its own and holds a lock on a file in the folder. The operating
system releases the lock when the process dies. A process that finds a folder with a free lock takes
the lock and inherits the events.
"""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ...process_lock import HeldLock
from .disk import Disk, Found

__all__ = ["Claim", "Unclaimed", "claim_new", "claim_orphans"]

# Windows deletes no file that a process has open.
KEEPS_OPEN_FILES = sys.platform == "win32"

_LOCK_NAME = "lock"
# Before a new folder is locked, another process may mistake it for an orphan and take it.
_MAX_TRIES = 100
# The hexadecimal digits of a UUID.
_OUR_NAME = re.compile(r"[0-9a-f]{32}")


class Claim:
    """A folder that belongs to this process until ``release``."""

    def __init__(self, disk: Disk, folder: Path, lock: HeldLock) -> None:
        self.folder = folder
        self._disk = disk
        self._lock = lock

    def is_held(self) -> bool:
        """Return whether the folder and its lock are still there."""
        return self._lock.is_in_place()

    def release(self) -> None:
        """Release the folder; its content stays."""
        self._lock.close()

    def remove(self) -> None:
        """Delete the folder and release it."""
        # The lock file last: without it, another process may take the folder.
        with suppress(OSError):
            for name in self._disk.names(self.folder):
                if name != _LOCK_NAME:
                    self._disk.remove(self.folder / name)
        self._disk.remove(self.folder)
        self.release()
        if KEEPS_OPEN_FILES:
            # The lock was open, and without it another process that takes the folder finds no events.
            self._disk.remove(self.folder)


class Unclaimed(NamedTuple):
    """A folder that cannot be looked into, and why."""

    folder: Path
    error: OSError


def claim_new(disk: Disk, directory: Path) -> Claim:
    """Claim a new folder in ``directory``, which is created if missing."""
    for _ in range(_MAX_TRIES):
        folder = directory / disk.new_name()
        disk.make_folder(folder)
        lock = disk.lock(folder / _LOCK_NAME)
        if lock is not None:
            return Claim(disk, folder, lock)
    raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN), str(directory))


def claim_orphans(disk: Disk, directory: Path) -> Iterator[Claim | Unclaimed]:
    """Claim the folders in ``directory`` that no process owns any more, oldest first.

    Pass over everything that is no folder of a spool.
    """
    for name in disk.names(directory):
        folder = directory / name
        if _OUR_NAME.fullmatch(name) and disk.look(folder) is Found.FOLDER:
            try:
                lock = _lock_orphan(disk, folder)
            except OSError as error:
                # Another process may have deleted the folder meanwhile.
                if disk.look(folder) is Found.FOLDER:
                    yield Unclaimed(folder, error)
                continue
            if lock is not None:
                yield Claim(disk, folder, lock)


def _lock_orphan(disk: Disk, folder: Path) -> HeldLock | None:
    path = folder / _LOCK_NAME
    if disk.look(path) in {Found.FOLDER, Found.SOMETHING_ELSE}:
        # No process of ours made this, so none has locked it.
        disk.move(path, folder / f"{_LOCK_NAME}.damaged")
    return disk.lock(path)
