"""The disk of the simulated machine, its faults, and what a power cut leaves of it.

A file has two contents: what was written, which survives the death of a process, and what was
synced, which survives a power cut as well.
"""

import errno
import fnmatch
import functools
import os
import stat
from collections.abc import Iterator
from typing import NamedTuple

from .randomness import Draws

_USER, _GROUP = os.getuid(), os.getgid()
_DIRECTORY, _FILE = stat.S_IFDIR | 0o700, stat.S_IFREG | 0o600

SPOOL = "/spool"
_PUT_ASIDE = ".damaged"


class File:
    """A regular file."""

    is_directory = False

    def __init__(self, wall: float) -> None:
        self.content = bytearray()
        self.synced = b""
        self.modified = wall
        # The open file description that has locked the file.
        self.lock_holder: object = None
        self.is_linked = True


class Directory:
    """A directory: names and what they name."""

    is_directory = True

    def __init__(self, wall: float) -> None:
        self.entries: dict[str, File | Directory] = {}
        self.modified = wall
        self.is_linked = True


class Fault:
    """A fault that hits the next ``count`` operations named ``operation`` under ``folder``."""

    def __init__(self, operation: str, code: int, count: int, folder: str = "/") -> None:
        self.operation = operation
        self.code = code
        self.count = count
        self.folder = folder


class Disk:
    """A tree of files with a capacity."""

    def __init__(self) -> None:
        self.root = Directory(0.0)
        self.faults: list[Fault] = []
        # The error of every file that is opened for reading; None while they can be read.
        self.blindness: int | None = None
        self.is_blind_until = 0.0
        self.capacity: int | None = None
        # Whether bytes or files have changed that nobody wrote.
        self.is_damaged = False
        self.was_unreadable = False

    @property
    def is_healthy(self) -> bool:
        """Whether no fault is waiting."""
        return not self.faults and self.capacity is None

    def heal(self, now: float) -> None:
        """Remove all faults."""
        self.faults.clear()
        self.capacity = None
        self.is_blind_until = min(self.is_blind_until, now)

    def blind(self, code: int, until: float) -> None:
        """Let no file be opened for reading until then."""
        self.blindness, self.is_blind_until = code, until

    def check_sight(self, path: str, now: float) -> None:
        """Raise the error of a file that cannot be opened for reading now."""
        if now < self.is_blind_until and path.startswith(SPOOL):
            self.was_unreadable = True
            raise error(self.blindness, path)

    def check(self, operation: str, path: str) -> None:
        """Raise the error of a fault that hits this operation."""
        for fault in self.faults:
            if fault.operation == operation and path.startswith(fault.folder):
                fault.count -= 1
                if fault.count <= 0:
                    self.faults.remove(fault)
                self.was_unreadable = self.was_unreadable or operation in (
                    "open",
                    "read",
                    "stat",
                    "list",
                )
                raise error(fault.code, path)

    def room(self) -> int | None:
        """Return how many bytes can still be written; None without a limit."""
        if self.capacity is None:
            return None
        return max(0, self.capacity - self.used())

    def used(self, folder: str = "/") -> int:
        """Return the number of bytes in the files under a folder."""
        return sum(len(file.content) for _, file in self.files(folder))

    def find(self, path: str) -> File | Directory:
        """Return what the path names."""
        node: File | Directory = self.root
        for name in _names(path):
            if not isinstance(node, Directory):
                raise error(errno.ENOTDIR, path)
            found = node.entries.get(name)
            if found is None:
                raise error(errno.ENOENT, path)
            node = found
        return node

    def parent(self, path: str) -> tuple[Directory, str]:
        """Return the directory that a path is in, and its name there."""
        *above, name = _names(path)
        folder = self.find("/" + "/".join(above))
        if not isinstance(folder, Directory):
            raise error(errno.ENOTDIR, path)
        return folder, name

    def make_directory(self, path: str, wall: float) -> None:
        """Make a directory."""
        folder, name = self.parent(path)
        if name in folder.entries:
            raise error(errno.EEXIST, path)
        folder.entries[name] = Directory(wall)
        folder.modified = wall

    def make_file(self, path: str, wall: float) -> File:
        """Make an empty file."""
        folder, name = self.parent(path)
        made = File(wall)
        folder.entries[name] = made
        folder.modified = wall
        return made

    def remove(self, path: str, wall: float, *, directory: bool = False) -> None:
        """Remove a file or an empty directory."""
        folder, name = self.parent(path)
        node = folder.entries.get(name)
        if node is None:
            raise error(errno.ENOENT, path)
        if node.is_directory is not directory:
            raise error(errno.EISDIR if node.is_directory else errno.ENOTDIR, path)
        if directory and node.entries:
            raise error(errno.ENOTEMPTY, path)
        node.is_linked = False
        del folder.entries[name]
        folder.modified = wall

    def move(self, old: str, new: str, wall: float) -> None:
        """Rename, replacing a file at the new path."""
        source, source_name = self.parent(old)
        if source_name not in source.entries:
            raise error(errno.ENOENT, old)
        target, target_name = self.parent(new)
        replaced = target.entries.get(target_name)
        if isinstance(replaced, Directory) and replaced.entries:
            raise error(errno.ENOTEMPTY, new)
        if replaced is not None and replaced is not source.entries[source_name]:
            replaced.is_linked = False
        target.entries[target_name] = source.entries.pop(source_name)
        source.modified = target.modified = wall

    def tree(self, folder: str) -> Iterator[str]:
        """Yield the paths of everything under a folder, the deepest first."""
        try:
            node = self.find(folder)
        except OSError:
            return
        if isinstance(node, Directory):
            for name in list(node.entries):
                path = f"{folder.rstrip('/')}/{name}"
                yield from self.tree(path)
                yield path

    def files(self, folder: str = "/") -> Iterator[tuple[str, File]]:
        """Yield paths and files under a folder."""
        for path in self.tree(folder):
            node = self.find(path)
            if isinstance(node, File):
                yield path, node

    def matching(self, folder: str, pattern: str) -> list[str]:
        """Return the names in a folder that match a pattern."""
        node = self.find(folder)
        return [name for name in node.entries if fnmatch.fnmatchcase(name, pattern)]

    def cut_power(self, draws: Draws) -> None:
        """Keep of each file what was synced, and of the rest as much as the draw says."""
        for _, file in self.files():
            written, synced = bytes(file.content), file.synced
            if written.startswith(synced):
                extra = draws.below(len(written) - len(synced) + 1)
                file.content = bytearray(written[: len(synced) + extra])
            else:
                file.content = bytearray(synced)

    def contains(self, needle: bytes, *, synced: bool = False) -> bool:
        """Return whether a file that the spool reads has these bytes."""
        return any(
            needle in (file.synced if synced else file.content)
            for path, file in self.files(SPOOL)
            # What is put aside is never read again.
            if _PUT_ASIDE not in path
        )


def error(code: int, path: str) -> OSError:
    """Return the error of the operating system."""
    return OSError(code, os.strerror(code), path)


class Status(NamedTuple):
    """What ``stat`` says of a file."""

    st_mode: int
    st_ino: int
    st_size: int
    st_mtime: float
    st_dev: int = 0
    st_nlink: int = 1
    st_uid: int = _USER
    st_gid: int = _GROUP

    @property
    def st_mtime_ns(self) -> int:
        return int(self.st_mtime * 1e9)

    st_atime = st_ctime = property(lambda self: self.st_mtime)


def status(node: File | Directory) -> Status:
    """Return what ``stat`` says of a file."""
    if node.is_directory:
        return Status(_DIRECTORY, id(node), 0, node.modified)
    return Status(_FILE, id(node), len(node.content), node.modified)


@functools.lru_cache(maxsize=10_000)
def _names(path: str) -> list[str]:
    return [name for name in path.split("/") if name not in ("", ".")]
