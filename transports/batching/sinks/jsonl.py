"""A sink that writes events as lines of JSON to a file, for offline use, batch jobs and debugging.

A batch is written whole or not at all. Behind half a line, as a crash leaves it, a new line begins. A
file that would exceed ``max_bytes`` is renamed to ``name.1`` (older files move up, the oldest file is
deleted), and a new file is begun.
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
        # What ends the line that the file ended with when it was opened.
        self._ending = b""

    def deliver(self, batch: Batch, *, timeout: float) -> DeliveryOutcome:  # noqa: ARG002
        """Write the batch; return a retry after a failure, such as a full disk."""
        lines = b"".join(event.body + b"\n" for event in batch.events)
        try:
            file = self._writable(len(lines))
            file.append(self._ending + lines)
            self._ending = b""
        except OSError as error:
            self._give_up_file()
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

    def _give_up_file(self) -> None:
        """Close the file without another failure; the next batch looks how it ends."""
        file, self._file = self._file, None
        if file:
            file.abandon()

    def _writable(self, coming: int) -> AppendFile:
        if self._file and self._file.size and self._file.size + coming > self._max_bytes:
            self.close()
            self._rotate()
        if self._file and not self._file.is_in_place():
            # Someone renamed or deleted it, as a rotation of logs does.
            self.close()
        if self._file is None:
            self._ending = b"\n" if _ends_in_half_a_line(self._path) else b""
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


def _ends_in_half_a_line(path: Path) -> bool:
    if not path.is_file() or not path.stat().st_size:
        return False
    try:
        with path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read() != b"\n"
    except PermissionError:
        # The file may be written but not read.
        return False
