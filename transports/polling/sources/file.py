"""Definitions from a JSON file: a plain file, or a ConfigMap mount that swaps symlinks.

A change is noticed by modification time, inode and size of what the path leads to, so that both an
editor's save and a symlink swap count. A file whose content cannot be used (half written, broken,
gone) is a failure, which leaves the last good definitions in use. Nothing is watched in the
background: the file is looked at when the source is asked.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import ClassVar

from ...clock import Clock, SystemClock
from ..answers import Answer, Failed, FailureKind, Loaded, Unchanged
from ..documents import MalformedDefinitionsError, decode_definitions

__all__ = ["FileDefinitions"]

# Two writes within the file system's clock tick leave the same time stamp. A file that was written
# this short a time before it was read is therefore compared by content at the next look.
SETTLED_AFTER = 2.0


class FileDefinitions:
    """The definitions document in the file at `path`.

    Args:
        path: the file; symlinks are followed anew at every look.
        clock: tells how recently the file was written.
    """

    # Read when the client is made: no thread and no waiting is needed to have it.
    is_at_hand: ClassVar[bool] = True

    def __init__(self, path: str | os.PathLike[str], *, clock: Clock | None = None) -> None:
        self._path = Path(path)
        self._clock = clock or SystemClock()

    def __repr__(self) -> str:
        return f"FileDefinitions({str(self._path)!r})"

    def fetch(self, version: str | None) -> Answer:
        """Read the file, unless it is the one of `version`."""
        try:
            if version is not None and _signature(self._path.stat()) == version:
                return Unchanged(version)
            return self._read(version)
        except OSError as error:
            message = f"cannot read {self._path.name}: {error.strerror or type(error).__name__}"
            return Failed(FailureKind.UNREADABLE, message, once_per_episode=True)
        except MalformedDefinitionsError as error:
            message = f"{self._path.name}: {error}"
            return Failed(FailureKind.MALFORMED, message, once_per_episode=True)

    def _read(self, version: str | None) -> Answer:
        with self._path.open("rb") as file:
            # Taken before the content: a write in between leaves an older signature, and the next
            # look reads again.
            status = os.fstat(file.fileno())
            content = file.read()
        digest = hashlib.blake2b(content, digest_size=16).hexdigest()
        current = _signature(status)
        if self._clock.wall() - status.st_mtime <= SETTLED_AFTER:
            current = f"{current} {digest}"
        if version is not None and version.partition(" ")[2] == digest:
            return Unchanged(current)
        return Loaded(decode_definitions(content), current)


def _signature(status: os.stat_result) -> str:
    return f"{status.st_mtime_ns}-{status.st_ino}-{status.st_size}"
