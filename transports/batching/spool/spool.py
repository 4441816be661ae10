"""The spool of ``overflow="spill"``, which keeps accepted events on disk until they are acknowledged.

Every event is written before ``push`` returns, so accepted events survive SIGKILL (and, with
``fsync="always"``, a power cut). When memory is full, events wait only on disk and are read back in
order. A later process finds the events of a dead process and sends them with the same uuids.

If a process is killed between the server's response and the acknowledgement on disk, its events are
sent again; the server drops such duplicates by their uuids.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from ...errors import InvalidEventError, SpoolError
from ..append_file import Fsync
from ..event import Event
from ..limits import MIB
from .claims import Claim, claim_new, claim_orphans
from .segments import SegmentLog, read_pending

__all__ = ["Spool"]

# Enough for some hundred thousand small events, in segments that are quick to read back.
MAX_BYTES = 256 * MIB
SEGMENT_BYTES = 4 * MIB


class _Files(NamedTuple):
    claim: Claim
    log: SegmentLog


class Spool:
    """The spool of one lane in ``directory``, opened at the first use. Thread-safe."""

    def __init__(
        self,
        directory: str | os.PathLike[str],
        *,
        max_bytes: int = MAX_BYTES,
        segment_bytes: int = SEGMENT_BYTES,
        fsync: Fsync | str = Fsync.NEVER,
    ) -> None:
        self._directory = Path(directory)
        self._max_bytes = max_bytes
        self._segment_bytes = segment_bytes
        self._fsync = Fsync(fsync)
        # Reentrant, like the pipeline's lock.
        self._lock = threading.RLock()
        self._files: _Files | None = None

    def open(self) -> int:
        """Take over the events of dead processes; return how many.

        Raises:
            SpoolError: the directory cannot be used.
        """
        with self._lock, _translated(self._directory):
            return self._open()

    def append(self, event: Event, *, unread: bool) -> bool:
        """Write the event; return False if the spool is full.

        ``unread`` says that the queue has no room for the event, so ``read`` must return it.

        Raises:
            SpoolError: the disk cannot be written.
        """
        with self._lock, _translated(self._directory):
            log = self._opened()
            if log.size + len(event.body) > self._max_bytes:
                return False
            log.append(event, unread=unread)
            return True

    def read(self, count: int) -> list[Event]:
        """Return the next unread events.

        Raises:
            SpoolError: the disk cannot be read.
        """
        with self._lock, _translated(self._directory):
            return self._opened().read(count)

    def acknowledge(self, events: Iterable[Event]) -> None:
        """Record that these events are delivered or reported as lost.

        Raises:
            SpoolError: the disk cannot be written; a later process may send the events again.
        """
        with self._lock, _translated(self._directory):
            self._opened().acknowledge([event.uuid for event in events])

    def holds(self, event: Event) -> bool:
        """Return whether the event waits on disk."""
        with self._lock:
            return self._files is not None and self._files.log.holds(event.uuid)

    def clear(self) -> None:
        """Delete all events on disk."""
        with self._lock:
            self._remove()

    def close(self) -> None:
        """Leave waiting events to a later process; remove the folder if no event waits."""
        with self._lock:
            if self._files is None:
                return
            if self._files.log.is_empty:
                self._remove()
                return
            self._files.log.close()
            self._files.claim.release()
            self._files = None

    def after_fork(self) -> None:
        """Leave the files to the parent in the child of a fork; the next use makes a new folder."""
        self._lock = threading.RLock()
        files, self._files = self._files, None
        if files is not None:
            files.log.abandon()
            files.claim.release()

    def _opened(self) -> SegmentLog:
        if self._files is None:
            claim = claim_new(self._directory)
            log = SegmentLog(claim.folder, segment_bytes=self._segment_bytes, fsync=self._fsync)
            self._files = _Files(claim, log)
        return self._files.log

    def _open(self) -> int:
        log = self._opened()
        inherited = 0
        for orphan in claim_orphans(self._directory):
            for event in read_pending(orphan.folder):
                if not log.holds(event.uuid):
                    log.append(event, unread=True)
                    inherited += 1
            # Last: if this process is killed before, the next finds both copies and sends one.
            orphan.remove()
        return inherited

    def _remove(self) -> None:
        if self._files is not None:
            self._files.log.close()
            self._files.claim.remove()
        self._files = None


@contextmanager
def _translated(directory: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, InvalidEventError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        msg = f"cannot use the spool in {directory}: {reason}"
        raise SpoolError(msg) from error
