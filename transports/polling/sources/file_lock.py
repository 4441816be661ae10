"""The lock of the process that asks for the host: it may be taken again, and shows signs of life."""

from __future__ import annotations

import threading
from pathlib import Path

from ...process_lock import HeldLock, try_lock

__all__ = ["FileLock"]


class FileLock:
    """A lock on a file, which is never deleted, because deleting it would race.

    Programs that the process starts do not inherit the lock. A forked child does inherit it, and must
    call `forget`; otherwise the lock outlives its holder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: HeldLock | None = None
        self._guard = threading.Lock()

    @property
    def is_held(self) -> bool:
        """Whether this object holds the lock."""
        return self._held is not None

    def acquire(self) -> bool:
        """Take the lock if it is free; never wait. Return whether this object holds it."""
        with self._guard:
            if self._held is None:
                self._held = try_lock(self._path)
            return self._held is not None

    def touch(self, wall: float) -> None:
        """Record `wall` as the holder's last sign of life, if this object holds the lock."""
        held = self._held
        if held is not None:
            held.touch(wall)

    def touched_at(self) -> float:
        """Return the time of the holder's last sign of life, in wall-clock seconds.

        Raises:
            FileNotFoundError: the holder has released the lock, and its file is gone, as on Windows.
        """
        return self._path.stat().st_mtime

    def release(self) -> None:
        """Release the lock, if this object holds it."""
        with self._guard:
            held, self._held = self._held, None
        if held is not None:
            held.release()

    def forget(self) -> None:
        """Let go of the inherited lock in a forked child; the parent keeps it."""
        self._guard = threading.Lock()
        held, self._held = self._held, None
        if held is not None:
            held.close()
