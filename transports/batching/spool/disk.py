"""The disk as the spool uses it: the operating system's files, or others that a test gives."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import sys
from enum import Enum, auto
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from ...missing_files import is_gone
from ...process_lock import HeldLock, try_lock
from ..append_file import AppendFile, Fsync

__all__ = ["Disk", "Found", "LogFile", "SystemDisk"]

KEEPS_NAMES_OF_OPEN_FILES = sys.platform == "win32"
_BEGUN = ".begun"


class Found(Enum):
    """What is at a path. A symbolic link is never followed, so it is something else."""

    NOTHING = auto()
    FILE = auto()
    FOLDER = auto()
    SOMETHING_ELSE = auto()


class LogFile(Protocol):
    """A file for appending; see ``AppendFile``."""

    @property
    def size(self) -> int:
        """The number of bytes."""
        ...

    def append(self, data: bytes) -> None:
        """Write ``data`` at the end, or nothing if that fails."""
        ...

    def rename(self, target: Path) -> None:
        """Give the file another name."""
        ...

    def is_whole(self) -> bool:
        """Return whether the path leads to this file with all its bytes, as far as known. Never raises."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...

    def abandon(self) -> None:
        """Close the file in the child of a fork."""
        ...


class Disk(Protocol):
    """A disk. All methods may raise OSError where nothing else is said."""

    def look(self, path: Path) -> Found:
        """Return what is at ``path``. Never raises."""
        ...

    def size(self, path: Path) -> int:
        """Return the number of bytes of a file, -1 if it is not there."""
        ...

    def names(self, folder: Path) -> list[str]:
        """Return the names in a folder, oldest first."""
        ...

    def new_name(self) -> str:
        """Return 32 hexadecimal digits that no other folder has. Never raises."""
        ...

    def make_folder(self, path: Path) -> None:
        """Make a folder that only its owner may read, with its parents; fail if it is there."""
        ...

    def read(self, path: Path, offset: int = 0, most: int = -1) -> bytes:
        """Return the bytes of a file from ``offset`` on, with ``most`` only so many of them."""
        ...

    def open(self, path: Path, fsync: Fsync) -> LogFile:
        """Open a file for appending; fail if a link is in its place."""
        ...

    def begin(self, path: Path, start: bytes, fsync: Fsync) -> LogFile:
        """Make a file that begins with ``start``, and open it for appending.

        If the process is killed meanwhile, there is no file of this name, but for Windows.
        """
        ...

    def lock(self, path: Path) -> HeldLock | None:
        """Lock the file, which is made if missing; None if another process has the lock."""
        ...

    def move(self, path: Path, target: Path) -> None:
        """Rename whatever is at ``path``."""
        ...

    def remove(self, path: Path) -> None:
        """Delete whatever is at ``path``, as far as that is possible. Never raises."""
        ...


class SystemDisk:
    """The operating system's files."""

    def look(self, path: Path) -> Found:
        """See ``Disk``."""
        try:
            mode = path.lstat().st_mode
        except (OSError, ValueError):
            return Found.NOTHING
        if stat.S_ISREG(mode):
            return Found.FILE
        return Found.FOLDER if stat.S_ISDIR(mode) else Found.SOMETHING_ELSE

    def size(self, path: Path) -> int:
        """See ``Disk``."""
        try:
            return path.lstat().st_size
        except OSError as error:
            if is_gone(error):
                return -1
            raise

    def names(self, folder: Path) -> list[str]:
        """See ``Disk``."""
        paths = sorted(folder.iterdir(), key=lambda path: (_age(path), path.name))
        return [path.name for path in paths]

    def new_name(self) -> str:
        """See ``Disk``."""
        return uuid4().hex

    def make_folder(self, path: Path) -> None:
        """See ``Disk``."""
        path.mkdir(parents=True, mode=0o700)

    def read(self, path: Path, offset: int = 0, most: int = -1) -> bytes:
        """See ``Disk``."""
        # Neither a link to another place nor a pipe that never ends.
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        with os.fdopen(os.open(path, flags), "rb") as file:
            file.seek(offset)
            return file.read(most)

    def open(self, path: Path, fsync: Fsync) -> LogFile:
        """See ``Disk``."""
        return AppendFile(path, fsync, follows_links=False)

    def begin(self, path: Path, start: bytes, fsync: Fsync) -> LogFile:
        """See ``Disk``."""
        name = path if KEEPS_NAMES_OF_OPEN_FILES else path.with_name(f"{path.name}{_BEGUN}")
        file = self.open(name, fsync)
        try:
            file.append(start)
            if name != path:
                file.rename(path)
        except OSError:
            file.abandon()
            self.remove(name)
            raise
        return file

    def lock(self, path: Path) -> HeldLock | None:
        """See ``Disk``."""
        held = try_lock(path)
        if held is None or held.is_in_place():
            return held
        # Another process deleted the file before it was locked here.
        held.close()
        return None

    def move(self, path: Path, target: Path) -> None:
        """See ``Disk``."""
        path.replace(target)

    def remove(self, path: Path) -> None:
        """See ``Disk``."""
        if self.look(path) is Found.FOLDER:
            shutil.rmtree(path, ignore_errors=True)
            return
        with contextlib.suppress(OSError):
            path.unlink()


def _age(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except OSError:
        return 0.0
