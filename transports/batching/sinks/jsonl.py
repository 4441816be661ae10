"""A sink that writes events as lines of JSON to a file, for offline use, batch jobs and debugging.

A batch is written whole or not at all. A file that would exceed ``max_bytes`` is renamed to
``name.1`` (older files move up, the oldest file is deleted), and a new file is begun.
"""

from __future__ import annotations

import os
from pathlib import Path

from ...errors import SpoolError
from ...option_values.quantities import Count
from ...option_values.texts import Word, read_path
from ..append_file import AppendFile, Fsync
from ..batch import Batch
from ..delivery import DELIVERED, DeliveryOutcome, Disposition
from ..limits import MIB

__all__ = ["JsonlSink"]

# Small enough for an editor.
MAX_BYTES = 64 * MIB
BACKUPS = 5


class JsonlSink:
    """A sink for one process: two processes must not write to the same rotating file."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        max_bytes: int = MAX_BYTES,
        backups: int = BACKUPS,
        fsync: Fsync = Fsync.NEVER,
    ) -> None:
        self._path = Path(read_path("path", path))
        self._max_bytes = Count(MAX_BYTES)("max_bytes", max_bytes)
        self._backups = Count(BACKUPS, least=0)("backups", backups)
        self._fsync = Fsync(Word(tuple(Fsync))("fsync", fsync))
        self._file: AppendFile | None = None

    def deliver(self, batch: Batch, *, timeout: float) -> DeliveryOutcome:  # noqa: ARG002
        """Write the batch; return a retry after a failure, such as a full disk."""
        lines = b"".join(event.body + b"\n" for event in batch.events)
        try:
            self._writable(len(lines)).append(lines)
        except OSError as error:
            # str(error) may contain the path again.
            return DeliveryOutcome(
                Disposition.RETRY, SpoolError(f"cannot write {self._path}: {error.strerror}")
            )
        return DELIVERED

    def close(self) -> None:
        """Close the file; the next batch opens it again."""
        if self._file:
            self._file.close()
            self._file = None

    def _writable(self, coming: int) -> AppendFile:
        if self._file and self._file.size and self._file.size + coming > self._max_bytes:
            self.close()
            self._rotate()
        if self._file and not self._file.is_in_place():
            # Someone renamed or deleted it, as a rotation of logs does.
            self.close()
        if self._file is None:
            self._file = AppendFile(self._path, self._fsync)
        return self._file

    def _rotate(self) -> None:
        if not self._backups:
            self._path.unlink()
            return
        for number in range(self._backups - 1, 0, -1):
            older = self._numbered(number)
            if older.exists():
                older.replace(self._numbered(number + 1))
        self._path.replace(self._numbered(1))

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")
