"""What must hold of requests with events: order, bounds, waits, and who sends what."""

from .network import Attempt
from .outside import Outside
from .records import Ledger, Record
from .violations import Violation

_SLACK = 1e-6
_LONGEST_JITTER = 1.1


class _Sender:
    """A lane of a process, as the network sees it."""

    def __init__(self, most_events: int) -> None:
        self.flying: Attempt | None = None
        self.last: Attempt | None = None
        # Until when the lane must not send at all, and not without a flush.
        self.pause_until = 0.0
        self.backoff_until = 0.0
        # The events that must be sent again, first of all.
        self.again: list[str] = []
        # The end of both waits, with the longest jitter.
        self.latest = 0.0
        self.flushed_at = -1
        # How many events a batch may have since the last 413.
        self.most_events = most_events
        # When the attempt before the last began.
        self.began_before = 0.0


class DeliveryRules(Outside):
    """The rules about requests."""

    def __init__(self, machine, ledger: Ledger, config, own_event) -> None:
        self._machine = machine
        self._ledger = ledger
        self._config = config
        self._own_event = own_event
        self._senders: dict[tuple[int, str], _Sender] = {}
        # For each lane of a process, the call that began last among those of taken events.
        self._latest: dict[tuple[int, str], Record] = {}

    def sender(self, process, path: str) -> _Sender:
        """Return a lane of a process."""
        return self._senders.setdefault((process.pid, path), _Sender(self._config.batch_size))

    def senders(self, process) -> list[_Sender]:
        """Return the lanes of a process that have sent something."""
        return [sender for (pid, _), sender in self._senders.items() if pid == process.pid]

    def flushed(self, process) -> None:
        """Note that a call begins or ends that sends without waiting for the backoff."""
        for sender in self.senders(process):
            sender.flushed_at = self._machine.scheduler.turns

    def sent(self, attempt: Attempt) -> None:
        """Check a request when it begins."""
        process, uuids = attempt.process, attempt.uuids
        sender = self.sender(process, attempt.path)
        if sender.flying is not None:
            raise Violation(
                "in flight", f"two requests of process {process.pid} to {attempt.path} at once"
            )
        sender.flying = attempt
        self._check_size(sender, attempt)
        self._check_wait(sender, attempt)
        if len(set(uuids)) < len(uuids):
            raise Violation("duplicate", f"a batch of process {process.pid} has an event twice")
        for uuid in uuids:
            record = self._ledger.records.get(uuid)
            if record is None and self._config.has_flags:
                # It may also be that of a dead process.
                record = self._own_event(uuid, process)
                process.is_unsure = True
            self._check_event(record, uuid, attempt)
            record.is_sent = True

    def _check_size(self, sender: _Sender, attempt: Attempt) -> None:
        config = self._config
        known = [self._ledger.records.get(uuid) for uuid in attempt.uuids]
        # Halves of an earlier batch were made before.
        is_fresh = all(record is not None and not record.splits for record in known)
        if is_fresh and len(known) > sender.most_events:
            raise Violation(
                "batch size", f"{len(known)} events after a 413, at most {sender.most_events}"
            )
        if not 0 < len(attempt.uuids) <= config.batch_size:
            raise Violation(
                "batch size", f"{len(attempt.uuids)} events, at most {config.batch_size}"
            )
        if attempt.path == "/batch/" and not config.gzip and len(attempt.uuids) > 1:
            most = config.max_batch_bytes + 200 + len(attempt.uuids)
            if attempt.size > most:
                raise Violation("batch bytes", f"{attempt.size} bytes, at most {most}")
        if attempt.timeout > config.request_timeout + _SLACK:
            raise Violation(
                "deadline",
                f"a request with {attempt.timeout} s, allowed are {config.request_timeout}",
            )

    def _check_wait(self, sender: _Sender, attempt: Attempt) -> None:
        now = self._machine.scheduler.now
        if now < sender.pause_until - _SLACK:
            raise Violation(
                "Retry-After",
                f"request {attempt.number} {sender.pause_until - now:.3f} s too early",
            )
        last = sender.last
        if last is None or not sender.again:
            return
        is_flushed = attempt.process.flushes or sender.flushed_at >= last.ended_turn
        if now < sender.backoff_until - _SLACK and not is_flushed:
            raise Violation(
                "backoff", f"request {attempt.number} {sender.backoff_until - now:.3f} s too early"
            )

    def _check_event(self, record: Record | None, uuid: str, attempt: Attempt) -> None:
        process = attempt.process
        if record is None:
            raise Violation("invented", f"process {process.pid} sends an unknown event {uuid}")
        owner = record.process
        # Without its lock, a folder is taken from a living process.
        if owner is not process and not (
            owner.is_dead or owner.is_closing or owner.disk_has_failed
        ):
            raise Violation(
                "fork", f"process {process.pid} sends event {record.number} of {record.process.pid}"
            )
        if process.pid in record.doomed_by:
            raise Violation("sent after its end", f"event {record.number}, which is lost")
        # A shutdown may give a batch up just before its request begins.
        if record.told.get(process.pid, "unconfirmed") != "unconfirmed":
            raise Violation(
                "sent after its end", f"event {record.number}: {record.told[process.pid]}"
            )
        if record.must_be_gone and not record.is_sent:
            raise Violation("eviction", f"event {record.number} stays, and a younger one went")
        knows = record.certain_of
        # If the disk failed, the process may have been unable to write that it knows.
        if knows is not None and not (
            record.may_double or knows.disk_has_failed or knows.is_closing
        ):
            raise Violation("duplicate", f"event {record.number} is sent again after its delivery")
        config, failures = self._config, record.failures[process.pid]
        if config.on_exhausted == "drop" and failures > config.max_retries:
            raise Violation("retries", f"event {record.number} has had {failures} failures")

    def taken(self, attempt: Attempt, uuids: list[str]) -> None:
        """Check the order when the server takes events."""
        for uuid in uuids:
            record = self._ledger.records[uuid]
            record.taken += 1
            # When the client has queued its own events, nobody knows.
            if record.taken > 1 or record.is_own:
                continue
            key = (record.process.pid, attempt.path)
            latest = self._latest.get(key)
            if latest is None or record.began > latest.began:
                self._latest[key] = record
            elif (
                record.ended is not None
                and record.ended < latest.began
                and not record.asked_again
                and not self._was_given_up(record)
                and not record.process.disk_has_failed
            ):
                raise Violation("order", f"event {record.number} after {latest.number}")

    def _was_given_up(self, record: Record) -> bool:
        """Return whether a process has given the event up, without a note of that on disk.

        The note may have been impossible, or not have survived a power cut. Then the next process
        sends the event once more, behind those that were delivered meanwhile.
        """
        return any(
            what != "delivered"
            and (record.may_double or self._machine.processes[pid - 1].disk_has_failed)
            for pid, what in record.told.items()
        )

    def concluded(self, attempt: Attempt) -> None:
        """Note the answer."""
        sender = self.sender(attempt.process, attempt.path)
        self._note_end(sender, attempt)
        attempt.ended_turn = self._machine.scheduler.turns
        sender.again = []
        again: set[str] = set()
        if attempt.answer == "retry":
            again = set(attempt.uuids)
        elif attempt.answer == "partial":
            again = attempt.again
        for uuid in attempt.uuids:
            record = self._ledger.records[uuid]
            if uuid in again:
                record.failures[attempt.process.pid] += 1
                record.asked_again = record.asked_again or attempt.answer == "partial"
            elif attempt.answer == "split":
                record.failures[attempt.process.pid] = 0
                record.splits += 1
            # If its process dies before it can note the refusal, the next one sends it again.
            record.asked_again = record.asked_again or uuid in attempt.refused
            is_single = attempt.answer == "split" and len(attempt.uuids) == 1
            if is_single or attempt.answer == "rejected" or uuid in attempt.refused:
                record.doomed_by.add(attempt.process.pid)
            if uuid in attempt.taken and attempt.is_certain:
                record.certain_of = attempt.process
            elif uuid in attempt.taken:
                record.may_double = True
        if again:
            self._note_wait(sender, attempt, again)

    def _note_end(self, sender: _Sender, attempt: Attempt) -> None:
        if sender.last is not None:
            sender.began_before = sender.last.started
        sender.flying, sender.last = None, attempt
        if attempt.answer == "delivered":
            sender.most_events = min(sender.most_events + 1, self._config.batch_size)
        elif attempt.answer == "split" and len(attempt.uuids) > 1:
            sender.most_events = len(attempt.uuids) // 2

    def _note_wait(self, sender: _Sender, attempt: Attempt, again: set[str]) -> None:
        sender.again = [uuid for uuid in attempt.uuids if uuid in again]
        config, pid = self._config, attempt.process.pid
        failures = self._ledger.records[sender.again[0]].failures[pid]
        if failures <= config.max_retries:
            wait = min(2.0 ** (failures - 1), 30.0)
        elif config.on_exhausted == "retain":
            wait = config.retain_cooldown
            for uuid in sender.again:
                self._ledger.records[uuid].failures[pid] = 0
        else:
            # The events are lost, and with them the wait.
            for uuid in sender.again:
                self._ledger.records[uuid].doomed_by.add(pid)
            sender.again = []
            return
        sender.backoff_until = attempt.ended + wait
        sender.pause_until = attempt.ended + attempt.pause
        # A date in Retry-After has whole seconds.
        pause = attempt.pause + 1.0 if attempt.pause else 0.0
        sender.latest = attempt.ended + max(wait * _LONGEST_JITTER, pause)
