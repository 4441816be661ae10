"""A lock between processes that the operating system releases when its holder dies."""

from __future__ import annotations

import os
import threading
from pathlib import Path

__all__ = ["FileLock"]


class FileLock:
    """A ``flock`` on a lock file, which is never deleted, because deleting it would race.

    Programs that the process starts do not inherit the descriptor. A forked child does inherit it,
    and must call `forget`; otherwise the lock outlives its holder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        self._guard = threading.Lock()

    @property
    def is_held(self) -> bool:
        """Whether this object holds the lock."""
        return self._descriptor is not None

    def acquire(self) -> bool:
        """Take the lock if it is free; never wait. Return whether this object holds it."""
        import fcntl  # noqa: PLC0415 - Windows has no fcntl

        with self._guard:
            if self._descriptor is not None:
                return True
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            descriptor = os.open(self._path, flags, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                return False
            except BaseException:
                os.close(descriptor)
                raise
            self._descriptor = descriptor
            return True

    def touch(self, wall: float) -> None:
        """Record `wall` as the holder's last sign of life, if this object holds the lock."""
        if self._descriptor is not None:
            os.utime(self._descriptor, (wall, wall))

    def touched_at(self) -> float:
        """Return the time of the holder's last sign of life, in wall-clock seconds."""
        return self._path.stat().st_mtime

    def release(self) -> None:
        """Release the lock, if this object holds it."""
        import fcntl  # noqa: PLC0415 - as above

        with self._guard:
            descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            # Closing alone does not unlock while a forked child has the descriptor open.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)

    def forget(self) -> None:
        """Close the inherited descriptor in a forked child; the parent keeps the lock."""
        self._guard = threading.Lock()
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)
