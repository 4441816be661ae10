"""The ownership of spool folders, so that no two processes send the same events.

Every open spool has a folder of its own and holds a lock on a file in the folder. The operating
system releases the lock when the process dies. A process that finds a folder with a free lock takes
the lock and inherits the events.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

try:
    import fcntl
except ImportError:  # Windows, where folders are not locked
    fcntl = None  # type: ignore[assignment]

__all__ = ["Claim", "claim_new", "claim_orphans"]

_LOCK_NAME = "lock"
# Before a new folder is locked, another process may mistake it for an orphan and take it.
_MAX_TRIES = 100


class Claim:
    """A folder that belongs to this process until ``release``."""

    def __init__(self, folder: Path, descriptor: int) -> None:
        self.folder = folder
        self._descriptor = descriptor

    def release(self) -> None:
        """Release the folder; its content stays."""
        os.close(self._descriptor)

    def remove(self) -> None:
        """Delete the folder and release it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.release()


def claim_new(directory: Path) -> Claim:
    """Claim a new folder in ``directory``, which is created if missing."""
    for _ in range(_MAX_TRIES):
        folder = directory / uuid4().hex
        folder.mkdir(parents=True, mode=0o700)
        claim = _try_claim(folder)
        if claim is not None:
            return claim
    raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN), str(directory))


def claim_orphans(directory: Path) -> Iterator[Claim]:
    """Claim the folders in ``directory`` that no process owns any more, oldest first."""
    for folder in sorted(directory.iterdir(), key=_age):
        if folder.is_dir():
            claim = _try_claim(folder)
            if claim is not None:
                yield claim


def _age(folder: Path) -> float:
    with contextlib.suppress(OSError):
        return folder.stat().st_mtime
    return 0.0


def _try_claim(folder: Path) -> Claim | None:
    """Claim the folder, unless another process has it or has just deleted it."""
    try:
        descriptor = os.open(folder / _LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        return None
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Fails if another process deleted the file before it was locked here.
        (folder / _LOCK_NAME).stat()
    except OSError:
        os.close(descriptor)
        return None
    return Claim(folder, descriptor)
