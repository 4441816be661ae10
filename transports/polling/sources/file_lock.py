"""A lock between processes that the operating system releases when its holder dies."""

from __future__ import annotations

import os
import threading
from pathlib import Path

__all__ = ["FileLock"]


class FileLock:
    """``flock`` on a file of its own; the file stays, since removing it would race.

    The descriptor is not inherited by programs that are started. A forked child does inherit it and
    must call `forget`, or the lock outlives its holder.
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
        """Take the lock if nobody holds it; never wait."""
        import fcntl  # noqa: PLC0415 - does not exist everywhere, and is needed only here

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
        """Show that the holder is alive, if this object holds the lock."""
        if self._descriptor is not None:
            os.utime(self._descriptor, (wall, wall))

    def touched_at(self) -> float:
        """Return when the holder last showed that it is alive, in wall-clock seconds."""
        return self._path.stat().st_mtime

    def release(self) -> None:
        """Give up the lock, if held."""
        import fcntl  # noqa: PLC0415 - as above

        with self._guard:
            descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            # Closing alone would leave the lock to a child that was forked without `forget`.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)

    def forget(self) -> None:
        """In a forked child: close the inherited descriptor; the lock stays the parent's."""
        self._guard = threading.Lock()
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)
