"""Accepted events on disk, until they are acknowledged: what ``overflow="spill"`` writes to.

Every event is appended before ``push`` returns, so what was accepted survives SIGKILL (and, with
``fsync="always"``, a power cut). When memory is full, events wait on disk alone and are read back
in order. A later process finds what a dead one left and sends it under the same uuids.

One window stays: a process killed after the server's answer and before the acknowledgement is
written leaves events that will be sent again; the server drops them by uuid.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ...errors import InvalidEventError, SpoolError
from ..event import Event
from ..files import Fsync
from ..limits import MIB
from .claims import Claim, claim_new, claim_orphans
from .segments import SegmentLog, read_pending

__all__ = ["Spool"]

# Ours: room for some hundred thousand small events, in pieces that are quick to read back.
MAX_BYTES = 256 * MIB
SEGMENT_BYTES = 4 * MIB


class Spool:
    """One lane's spool in ``directory``; opened at first use, safe for threads."""

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
        # Reentrant, like the carrier's.
        self._lock = threading.RLock()
        self._claim: Claim | None = None
        self._log: SegmentLog | None = None

    def open(self) -> int:
        """Take over what dead processes left; how many events that is.

        Raises:
            SpoolError: the directory cannot be used.
        """
        with self._lock, _translated(self._directory):
            return self._open()

    def append(self, event: Event, *, unread: bool) -> bool:
        """Write the event; False when the spool is full.

        ``unread``: memory has no room for it, ``read`` will give it back.

        Raises:
            SpoolError: the disk refused it.
        """
        with self._lock, _translated(self._directory):
            log = self._opened()
            if log.size + len(event.body) > self._max_bytes:
                return False
            log.append(event, unread=unread)
            return True

    def read(self, count: int) -> list[Event]:
        """The next unread events.

        Raises:
            SpoolError: the disk cannot be read.
        """
        with self._lock, _translated(self._directory):
            return self._opened().read(count)

    def acknowledge(self, events: Iterable[Event]) -> None:
        """These are delivered or reported: nobody needs them any more.

        Raises:
            SpoolError: the disk refused the note; they may be sent again after a restart.
        """
        with self._lock, _translated(self._directory):
            self._opened().acknowledge([event.uuid for event in events])

    def holds(self, event: Event) -> bool:
        """Whether the event is on disk, waiting."""
        with self._lock:
            return self._log is not None and self._log.holds(event.uuid)

    def clear(self) -> None:
        """Forget everything that is on disk."""
        with self._lock:
            self._remove()

    def close(self) -> None:
        """Leave what waits for a later process; an empty folder is removed."""
        with self._lock:
            if self._log is not None and self._log.is_empty:
                self._remove()
            elif self._log is not None and self._claim is not None:
                self._log.close()
                self._claim.release()
                self._log = self._claim = None

    def after_fork(self) -> None:
        """In the child: the files are the parent's; a folder of our own comes with first use."""
        self._lock = threading.RLock()
        log, claim = self._log, self._claim
        self._log = self._claim = None
        if log is not None and claim is not None:
            log.abandon()
            claim.release()

    def _opened(self) -> SegmentLog:
        if self._log is None:
            self._claim = claim_new(self._directory)
            self._log = SegmentLog(
                self._claim.folder, segment_bytes=self._segment_bytes, fsync=self._fsync
            )
        return self._log

    def _open(self) -> int:
        log = self._opened()
        inherited = 0
        for orphan in claim_orphans(self._directory):
            for event in read_pending(orphan.folder):
                if not log.holds(event.uuid):
                    log.append(event, unread=True)
                    inherited += 1
            # Only now: killed before this line, the next process finds both copies and sends one.
            orphan.remove()
        return inherited

    def _remove(self) -> None:
        if self._log is not None and self._claim is not None:
            self._log.close()
            self._claim.remove()
        self._log = self._claim = None


@contextmanager
def _translated(directory: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, InvalidEventError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        msg = f"cannot use the spool in {directory}: {reason}"
        raise SpoolError(msg) from error
