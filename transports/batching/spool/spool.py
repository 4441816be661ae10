"""The spool of ``overflow="spill"``, which keeps accepted events on disk until they are acknowledged.

Every event is written before ``push`` returns, so accepted events survive SIGKILL (and, with
``fsync="always"``, a power cut). While the disk takes no events, new ones are kept in memory only, or
refused (``on_unstored="refuse"``). When memory is full, events wait only on disk and are read back in
order. A later process finds the events of a dead process and sends them with the same uuids.

If a process is killed between the server's response and the acknowledgement on disk, its events are
sent again; the server drops such duplicates by their uuids.

Whatever has happened to a folder costs the events that it hit and no others: see ``recovery``.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from ...errors import SpoolError
from ..append_file import Fsync
from ..event import Event
from ..limits import MIB
from .claims import Claim, Unclaimed, claim_new, claim_orphans
from .damage import SUFFIX_OF_DAMAGED, Damage, put_aside
from .disk import Disk, SystemDisk
from .recovery import Remains
from .segments import ReadBack, SegmentLog

__all__ = ["ReadBack", "Spool", "Stored", "reason"]

# Enough for some hundred thousand small events, in segments that are quick to read back.
MAX_BYTES = 256 * MIB
SEGMENT_BYTES = 4 * MIB
# Read back at once while a folder is renewed.
_RENEW_SIZE = 1000


class Stored(NamedTuple):
    """The number of events that are on disk; ``failure`` is why no more could be written, if it failed."""

    number: int
    failure: Exception | None = None


class _Files(NamedTuple):
    claim: Claim
    log: SegmentLog


class Spool:
    """The spool of one lane in ``directory``, opened at the first use. Thread-safe.

    Methods raise only SpoolError, and only where they say so.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        *,
        max_bytes: int = MAX_BYTES,
        segment_bytes: int = SEGMENT_BYTES,
        fsync: Fsync | str = Fsync.NEVER,
        disk: Disk | None = None,
    ) -> None:
        self._directory = Path(directory)
        self._max_bytes = max_bytes
        self._segment_bytes = segment_bytes
        self._fsync = Fsync(fsync)
        self._disk = disk or SystemDisk()
        # Reentrant, like the pipeline's lock.
        self._lock = threading.RLock()
        self._files: _Files | None = None
        self._damage = Damage()

    def open(self) -> int:
        """Take over the events of dead processes; return how many. ``take_damage`` tells the rest.

        Raises:
            SpoolError: the directory cannot be used.
        """
        with self._lock, self._translated():
            log = self._opened()
        with self._lock:
            inherited = 0
            try:
                for orphan in claim_orphans(self._disk, self._directory):
                    if isinstance(orphan, Unclaimed):
                        self._cannot_read(orphan.folder, orphan.error)
                    else:
                        inherited += self._inherit(log, orphan)
            except OSError as error:
                self._cannot_read(self._directory, error)
            return inherited

    def _cannot_read(self, folder: Path, error: Exception) -> None:
        self._damage.problems.append(f"{folder.name}: {reason(error)}")

    def take_damage(self) -> Damage:
        """Return what ``open`` found damaged; the next call returns nothing."""
        with self._lock:
            damage, self._damage = self._damage, Damage()
            return damage

    def append(self, event: Event, *, unread: bool) -> bool:
        """Write the event; return False if the spool is full.

        ``unread`` says that the queue has no room for the event, so ``read`` must return it.

        Raises:
            SpoolError: the disk cannot be written.
        """
        with self._lock, self._translated():
            log = self._opened()
            if log.size + len(event.body) > self._max_bytes:
                return False
            log.append(event, unread=unread)
            return True

    def append_many(self, events: Sequence[Event], *, in_memory: int) -> Stored:
        """Write events, with one write for each segment that they begin; return how many are on disk.

        These are the first ones: the first event that does not fit ends the writing. The queue has room
        for ``in_memory`` events, so ``read`` must return the others. Never raises.
        """
        count = 0
        try:
            with self._lock, self._translated():
                log = self._opened()
                while count < len(events):
                    rest, room = events[count:], max(in_memory - count, 0)
                    written = log.append_many(rest, in_memory=room, most_bytes=self._max_bytes)
                    if not written:
                        break
                    count += written
        except Exception as error:  # noqa: BLE001 - what is on disk so far must be counted
            return Stored(count, error)
        return Stored(count)

    def read(self, count: int) -> list[Event]:
        """Return those of the next ``count`` unread events that can be read."""
        return self.read_back(count).events

    def read_back(self, count: int) -> ReadBack:
        """Return the next ``count`` unread events, or those before the first that cannot be read now."""
        with self._lock:
            return ReadBack([], []) if self._files is None else self._files.log.read(count)

    def acknowledge(self, events: Iterable[Event]) -> None:
        """Record that these events are delivered or reported as lost.

        Raises:
            SpoolError: the disk cannot be written; a later process may send the events again.
        """
        with self._lock, self._translated():
            if self._files is not None:
                self._files.log.acknowledge(event.uuid for event in events)

    def is_whole(self) -> bool:
        """Return whether the folder is as this process left it."""
        with self._lock:
            files = self._files
            return files is None or (files.log.is_whole() and files.claim.is_held())

    def renew(self, events: Iterable[Event]) -> list[Event]:
        """Replace a folder that was deleted or cut by a new one; return the events that are lost.

        Write ``events``, which are in memory, again, and behind them the unread events that can
        still be read. If the disk does not take them, those in memory stay there, and the unread
        ones are lost.
        """
        with self._lock:
            old, self._files = self._files, None
            if old is None:
                return []
            log: SegmentLog | None = None
            # The next append finds out, and says what is wrong.
            with suppress(OSError):
                log = self._opened()
                for event in events:
                    if old.log.holds(event.uuid):
                        log.append(event, unread=False)
            lost = _carry_over(old.log, log)
            old.log.abandon()
            old.claim.remove()
            return lost

    def verify(self) -> list[Event]:
        """Forget events that are no longer on disk; return those that were nowhere else."""
        with self._lock:
            return [] if self._files is None else self._files.log.verify()

    def holds(self, event: Event) -> bool:
        """Return whether the event waits on disk."""
        with self._lock:
            return self._files is not None and self._files.log.holds(event.uuid)

    def clear(self) -> None:
        """Delete all events on disk."""
        with self._lock, self._translated():
            self._remove()

    def close(self) -> None:
        """Leave waiting events to a later process; remove the folder if no event waits."""
        with self._lock, self._translated():
            if self._files is None:
                return
            if self._files.log.is_empty:
                self._remove()
                return
            files, self._files = self._files, None
            files.log.close()
            files.claim.release()

    def after_fork(self) -> None:
        """Leave the files to the parent in the child of a fork; the next use makes a new folder."""
        self._lock = threading.RLock()
        files, self._files = self._files, None
        if files is not None:
            files.log.abandon()
            files.claim.release()

    def _opened(self) -> SegmentLog:
        if self._files is None:
            claim = claim_new(self._disk, self._directory)
            try:
                log = SegmentLog(
                    self._disk, claim.folder, segment_bytes=self._segment_bytes, fsync=self._fsync
                )
            except OSError:
                claim.remove()
                raise
            self._files = _Files(claim, log)
        return self._files.log

    def _inherit(self, log: SegmentLog, orphan: Claim) -> int:
        """Copy the events of a dead process's folder, then delete the folder; return how many."""
        inherited = 0
        try:
            most = max(self._max_bytes, MAX_BYTES)
            remains = Remains(self._disk, orphan.folder, max_bytes=most)
            for event in remains.events():
                if not log.holds(event.uuid):
                    log.append(event, unread=True)
                    inherited += 1
        except Exception as error:  # noqa: BLE001 - what was copied so far must be counted
            # The folder stays for the next process.
            self._cannot_read(orphan.folder, error)
            orphan.release()
            return inherited
        put_aside(self._disk, self._directory, remains.damage)
        self._damage.join(remains.damage)
        # Last: if this process is killed before, the next finds both copies and sends one.
        orphan.remove()
        if remains.are_left():
            # Otherwise each later process would send these events again.
            set_aside = orphan.folder.with_name(f"{orphan.folder.name}{SUFFIX_OF_DAMAGED}")
            with suppress(OSError):
                self._disk.move(orphan.folder, set_aside)
        return inherited

    def _remove(self) -> None:
        files, self._files = self._files, None
        if files is not None:
            files.log.abandon()
            files.claim.remove()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            msg = f"cannot use the spool in {self._directory}: {reason(error)}"
            raise SpoolError(msg) from error


def reason(error: Exception) -> str:
    """Return why the disk failed, in a few words."""
    named = error.strerror if isinstance(error, OSError) else None
    return named or type(error).__name__


def _carry_over(old: SegmentLog, new: SegmentLog | None) -> list[Event]:
    """Copy the unread events; return those that are lost."""
    lost: list[Event] = []
    while True:
        found = old.read(_RENEW_SIZE)
        lost += found.lost
        if not (found.events or found.lost):
            return lost + old.forget_unread()
        for event in found.events:
            try:
                if new is None:
                    lost.append(event)
                else:
                    new.append(event, unread=True)
            except OSError:
                lost.append(event)
