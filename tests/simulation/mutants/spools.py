"""Bugs in the spool: what is written, read back, acknowledged, taken over and deleted."""

from .mutant import Mutant

_SEGMENTS, _SPOOL = "batching/spool/segments.py", "batching/spool/spool.py"
_RECORDS, _CLAIMS = "batching/spool/records.py", "batching/spool/claims.py"
_DISK, _FILE, _BACKING = (
    "batching/spool/disk.py",
    "batching/append_file.py",
    "batching/spool/backing.py",
)
_REMAINS, _QUEUE = "batching/spool/recovery.py", "batching/queue.py"

MUTANTS = (
    Mutant(
        "acknowledgement-is-lost", _SEGMENTS,
        "        self._with_room(lambda: self._write(record))\n        self._delete_finished()\n",
        "        self._delete_finished()\n",
    ),
    Mutant(
        "acknowledgement-of-the-first-only", _SEGMENTS,
        "encode_acknowledgements((home.number for home in homes), self._last)",
        "encode_acknowledgements((home.number for home in homes[:1]), self._last)",
    ),
    Mutant(
        "acknowledgement-names-the-segment", _SEGMENTS,
        "(home.number for home in homes)", "(home.segment for home in homes)",
    ),
    Mutant(
        "segment-is-deleted-too-early", _SEGMENTS,
        "            if self._waiting[number]:\n                return\n",
        "            if self._waiting[number] > 1:\n                return\n",
    ),
    Mutant(
        "segments-are-deleted-out-of-order", _SEGMENTS,
        "            if self._waiting[number]:\n                return\n",
        "            if self._waiting[number]:\n                continue\n",
    ),
    Mutant(
        "events-are-read-back-twice", _SEGMENTS,
        "            self._unread.popleft()\n", "",
    ),
    Mutant(
        "one-event-too-few-is-read-back", _SEGMENTS,
        "        found = self._read_segment(segment, {entry.number for entry in entries})\n",
        "        found = self._read_segment(segment, {entry.number for entry in entries[: max(len(entries) - 1, 1)]})\n",
    ),
    Mutant(
        "cursor-stays-behind-the-next-record", _SEGMENTS,
        "cursor = segment, start + record.end", "cursor = segment, start + record.end + 1",
    ),
    Mutant(
        "cursor-runs-ahead", _SEGMENTS,
        "cursor = segment, start + record.end", "cursor = segment, start + record.end + 1",
    ),
    Mutant(
        "stored-event-is-not-unread", _SEGMENTS,
        "        if unread:\n", "        if unread and len(self._unread) < 3:\n",
    ),
    Mutant(
        "write-counts-before-it-succeeds", _SEGMENTS,
        "        self._with_room(lambda: self._write(record))\n        self._note(event, number, unread=unread)\n",
        "        self._note(event, number, unread=unread)\n        self._with_room(lambda: self._write(record))\n",
    ),
    Mutant(
        "bound-of-the-spool-is-ignored", _SPOOL,
        "            if log.size + len(event.body) > self._max_bytes:\n                return False\n", "",
    ),
    Mutant(
        "closed-segments-do-not-count", _SEGMENTS,
        "return newest + sum(self._closed_sizes.values())", "return newest",
    ),
    Mutant(
        "full-spool-counts-as-stored", _SPOOL,
        "                return False\n            log.append(event, unread=unread)", "                return True\n            log.append(event, unread=unread)",
    ),
    Mutant(
        "folder-is-taken-from-a-living-process", "process_lock.py",
        "fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)", "fcntl.flock(descriptor, fcntl.LOCK_UN | fcntl.LOCK_NB)",
    ),
    Mutant(
        "orphans-are-never-claimed", _CLAIMS,
        "            if lock is not None:\n                yield Claim(disk, folder, lock)\n",
        "            if lock is not None and not folder.name:\n                yield Claim(disk, folder, lock)\n",
    ),
    Mutant(
        "folder-is-removed-before-it-is-read", _SPOOL,
        "            remains = Remains(self._disk, orphan.folder, max_bytes=most)\n",
        "            remains = Remains(self._disk, orphan.folder, max_bytes=most)\n            orphan.remove()\n",
    ),
    Mutant(
        "inherited-events-are-not-written-again", _SPOOL,
        "                    log.append(event, unread=True)\n                    inherited += 1\n", "                    inherited += 1\n",
    ),
    Mutant(
        "inherited-folder-stays", _SPOOL,
        "        orphan.remove()\n        if remains.are_left():", "        orphan.release()\n        if remains.are_left():",
    ),
    Mutant(
        "close-removes-waiting-events", _SPOOL,
        "            if self._files.log.is_empty:\n", "            if self._files.log.size:\n",
    ),
    Mutant(
        "child-removes-the-folder-of-its-parent", _SPOOL,
        "            files.log.abandon()\n            files.claim.release()\n\n    def _opened",
        "            files.log.abandon()\n            files.claim.remove()\n\n    def _opened",
    ),
    Mutant(
        "acknowledged-events-come-back", _REMAINS,
        "if event.uuid.lower() not in self._settled and not self._is_settled(found.number):",
        "if event.uuid.lower() not in self._settled:",
    ),
    Mutant(
        "events-behind-a-torn-record-are-lost", _RECORDS,
        "            position = candidates.after(position)\n            continue\n", "            return\n",
    ),
    Mutant(
        "checksum-is-not-asked", _RECORDS,
        "            if self._checksum(payload) == checksum:\n",
        "            if True:\n",
    ),
    Mutant(
        "segments-are-read-in-any-order", _REMAINS,
        "sorted(folder / name for name in disk.names(folder) if name.endswith(SUFFIX))",
        "sorted((folder / name for name in disk.names(folder) if name.endswith(SUFFIX)), reverse=True)",
    ),
    Mutant(
        "fsync-is-left-out", _FILE,
        "            if self._fsync is Fsync.ALWAYS:\n                os.fsync(self._descriptor)\n", "",
    ),
    Mutant(
        "short-write-is-taken-for-whole", _FILE,
        "    while view:\n        view = view[os.write(descriptor, view) :]\n", "    os.write(descriptor, view)\n",
    ),
    Mutant(
        "half-a-record-stays-after-an-error", _FILE,
        "                os.ftruncate(self._descriptor, self.size)\n", "                pass\n",
    ),
    Mutant(
        "size-counts-failed-writes", _FILE,
        "            raise\n        self.size += len(data)\n", "            self.size += len(data)\n            raise\n        self.size += len(data)\n",
    ),
    Mutant(
        "spilled-event-stays-in-memory", _BACKING,
        "in_memory=not spills", "in_memory=True",
    ),
    Mutant(
        "unreadable-events-are-left-to-the-next-process", _BACKING,
        "        self._queue.read_failed(now)\n",
        "        self._queue.tally.events['kept'] += count\n        self._queue._spilled -= count\n",
    ),
    Mutant(
        "lost-events-stay-pending", _BACKING,
        "self._queue.restore(found.events, lost=tuple(found.lost))", "self._queue.restore(found.events)",
    ),
    Mutant(
        "readable-events-overtake-unreadable-ones", _SEGMENTS,
        "                return result._replace(failure=error)\n",
        "                self._unread.rotate(-len([e for e in self._unread if e.segment == segment]))\n",
    ),
    Mutant(
        "failed-read-is-never-tried-again", _QUEUE,
        "self._read_at = now + READ_AGAIN", "self._read_at = float('inf')",
    ),
    Mutant(
        "failed-read-is-tried-again-at-once", _QUEUE,
        "self._read_at = now + READ_AGAIN", "self._read_at = now",
    ),
    Mutant(
        "flush-waits-for-a-disk-that-fails", _QUEUE,
        "            self._read_at = now + READ_AGAIN\n            self._stop_flush()\n",
        "            self._read_at = now + READ_AGAIN\n",
    ),
    Mutant(
        "failed-read-reaches-the-goal-of-a-flush", _QUEUE,
        "return self._spill_first if self._spilled else self._last_seq + 1",
        "return self._spill_first if self._spilled and not self._is_unreadable else self._last_seq + 1",
    ),
)  # fmt: skip
