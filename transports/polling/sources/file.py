"""Definitions from a JSON file: a plain file, or a ConfigMap mount that swaps symlinks.

The source detects a change by the modification time, inode and size of the file behind the path, so
it detects both an editor's save and a symlink swap. A file that is half written, broken or missing
is a failure, which leaves the last good definitions in use. Nothing watches the file in the
background: the source reads its status at each fetch.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import ClassVar

from ...clock import Clock, SystemClock
from ...option_values.objects import read_clock
from ...option_values.texts import read_path
from ..fetch_results import Failed, FailureKind, FetchResult, Loaded, Unchanged

__all__ = ["FileDefinitions"]

# Two writes within one tick of the file system's clock have the same modification time. So a file
# that was read within this many seconds of its last write is read again at the next fetch.
SETTLED_AFTER = 2.0


class FileDefinitions:
    """A source that reads the definitions document at `path`.

    Args:
        path: the file; symlinks are followed anew at every fetch.
        clock: compared with the file's modification time.
    """

    # The client reads the file when it is made: that needs neither a thread nor waiting.
    is_at_hand: ClassVar[bool] = True

    def __init__(self, path: str | os.PathLike[str], *, clock: Clock | None = None) -> None:
        self._path = Path(read_path("path", path))
        self._clock: Clock = read_clock("clock", clock) or SystemClock()

    def __repr__(self) -> str:
        return f"FileDefinitions({str(self._path)!r})"

    def fetch(self, version: str | None) -> FetchResult:
        """Read the file, unless `version` names its current content."""
        try:
            if version is not None and _signature(self._path.stat()) == version:
                return Unchanged(version)
            return self._read(version)
        except OSError as error:
            message = f"cannot read {self._path.name}: {error.strerror or type(error).__name__}"
            return Failed(FailureKind.UNREADABLE, message)

    def _read(self, version: str | None) -> FetchResult:
        with self._path.open("rb") as file:
            # Before the content is read: after a write in between, the signature is too old, and
            # the next fetch reads the file again.
            status = os.fstat(file.fileno())
            content = file.read()
        digest = hashlib.blake2b(content, digest_size=16).hexdigest()
        current = _signature(status)
        if self._clock.wall() - status.st_mtime <= SETTLED_AFTER:
            current = f"{current} {digest}"
        if version is not None and version.partition(" ")[2] == digest:
            return Unchanged(current)
        named = f"{self._path.name}: "
        malformed = Failed(FailureKind.MALFORMED, named)
        return Loaded(content, current, malformed)


def _signature(status: os.stat_result) -> str:
    return f"{status.st_mtime_ns}-{status.st_ino}-{status.st_size}"
