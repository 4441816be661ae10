"""A lock between processes, which the operating system releases when its holder dies.

It is ``flock`` where there is one. On Windows it is the lock of ``filelock``, which is not used
elsewhere because it would also release the parent's lock in the child of a fork.
"""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from flagengine import extra_for

from .missing_files import is_gone

if TYPE_CHECKING:
    from filelock import BaseFileLock

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

__all__ = ["HeldLock", "try_lock"]

# File systems differ in how they say that another process has the lock.
_HELD_ELSEWHERE = frozenset({errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES})


class HeldLock(Protocol):
    """A lock that this process holds, until a method lets it go."""

    def is_in_place(self) -> bool:
        """Return whether the path still leads to the locked file, as far as known. Never raises."""
        ...

    def touch(self, wall: float) -> None:
        """Set the file's modification time to ``wall``, in seconds since 1970."""
        ...

    def release(self) -> None:
        """Release the lock, also for children that a fork shares it with."""
        ...

    def close(self) -> None:
        """Let go of the lock; it is released when no other process shares it since a fork."""
        ...


def try_lock(path: Path) -> HeldLock | None:
    """Lock the file at ``path`` without waiting; return None if another holder has the lock.

    The file is made if missing, for its owner only, and a symbolic link is not followed. Programs that
    this process starts do not inherit the lock.

    Raises:
        OSError: the file cannot be opened or locked.
        ModuleNotFoundError: this is Windows, and ``filelock`` is not installed.
    """
    if fcntl is None:
        return _try_without_flock(path)
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(path, flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException as error:
        os.close(descriptor)
        if isinstance(error, OSError) and error.errno in _HELD_ELSEWHERE:
            return None
        raise
    return _Flock(path, descriptor)


class _Flock:
    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor

    def is_in_place(self) -> bool:
        try:
            return os.path.samestat(self._path.lstat(), os.fstat(self._descriptor))
        except OSError as error:
            return not is_gone(error)

    def touch(self, wall: float) -> None:
        os.utime(self._descriptor, (wall, wall))

    def release(self) -> None:
        # Closing alone does not unlock while a forked child has the descriptor open.
        if self._descriptor >= 0:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        self.close()

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


def _try_without_flock(path: Path) -> HeldLock | None:
    with extra_for("a lock between processes"):
        from filelock import FileLock, Timeout  # noqa: PLC0415 - only on Windows
    # The thread that releases the lock may be another than the one that took it.
    lock = FileLock(path, mode=0o600, thread_local=False)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return None
    return _LibraryLock(path, lock)


class _LibraryLock:
    def __init__(self, path: Path, lock: BaseFileLock) -> None:
        self._path = path
        self._lock = lock

    def is_in_place(self) -> bool:
        # Windows deletes no open file, so whatever is at the path is the locked file.
        return os.path.lexists(self._path)

    def touch(self, wall: float) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.utime(self._path, (wall, wall))

    def release(self) -> None:
        self._lock.release(force=True)

    def close(self) -> None:
        self.release()
