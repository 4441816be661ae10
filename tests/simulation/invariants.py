"""The observer: hears of everything that happens, and checks what must always hold."""

import logging
import math

from flagengine.transports.batching.limits import READ_AGAIN
from flagengine.transports.errors import (
    DeliveryError,
    EventTooLargeError,
    QueueFullError,
    SpoolDamagedError,
    SpoolError,
)

from .breaker_rules import BreakerRules
from .delivery_rules import DeliveryRules
from .flag_rules import FlagRules
from .network import Attempt
from .outside import Outside
from .queue_rules import LONGEST_UNTOLD, QueueRules
from .records import Ledger, Record
from .violations import Violation

_SLACK = 1e-6
# Seconds that a flush may wait when nothing is sent.
_PATIENCE_OF_A_FLUSH = 0.2
_PAUSE_BETWEEN_CALLS = 0.1
_ROOM_FOR_ACKNOWLEDGEMENTS = 3000
_BLOCKED = "blocked"
_REFUSALS = frozenset({"queue_full", "too_large", "closed"})
_CALM = frozenset({"an event", "a condition", "the network", "sleep"})
# What an application may wait for beyond a timeout: the loader gets a second of its own.
_EXTRA = {"shutdown": 1.6, "flush": 0.0}


class Observer(Outside):
    """The observer of one run."""

    def __init__(self, machine, config) -> None:
        self.machine = machine
        self.config = config
        self.ledger = Ledger()
        self.delivery = DeliveryRules(machine, self.ledger, config, self.own_event)
        self.queues = QueueRules(machine, self.ledger, config, self.delivery)
        self.flags = FlagRules(machine, config)
        self.asks_definitions = self.flags.asks_definitions
        self.breaker = BreakerRules(machine, is_preemptive=config.preempts > 0)
        self.warnings = 0
        # How many events the clients have reported as lost on a damaged disk.
        self.damaged = 0
        self.damage_was_logged = False

    # What the network sees.

    def sent(self, attempt: Attempt) -> None:
        """See ``DeliveryRules.sent`` and ``QueueRules.sent``."""
        self.delivery.sent(attempt)
        self.queues.sent(attempt)

    def taken(self, attempt: Attempt, uuids: list[str]) -> None:
        """See ``DeliveryRules.taken``."""
        self.delivery.taken(attempt, uuids)

    def concluded(self, attempt: Attempt) -> None:
        """See ``DeliveryRules.concluded``."""
        self.machine.note("means", attempt.number, attempt.answer)
        self.delivery.concluded(attempt)

    def asks_flags(self, process, number: int) -> None:
        """See ``BreakerRules.asks``."""
        self.breaker.asks(process, number)

    # What the application is told.

    def on_error(self, error: Exception, events: tuple) -> None:
        """The option ``on_error``."""
        self.machine.scheduler.check_alive()
        process = self.machine.scheduler.current.process
        reason = _reason(error)
        # Events that the disk has lost have no names.
        self.damaged += max(0, getattr(error, "count", 0) - len(events))
        self.machine.note("error", reason, len(events))
        self._check_pause_between_calls(process)
        for event in events:
            record = self.ledger.records.get(event.uuid)
            if record is None and reason in _REFUSALS:
                # An event that the client has made of a read.
                continue
            if record is None and not self.config.has_flags:
                raise Violation("invented", f"{reason} of an unknown event")
            if record is None:
                record = self.own_event(event.uuid, process)
                process.is_unsure = True
            # Any other error is a refusal, of an event that was never accepted.
            process.told_losses += isinstance(error, DeliveryError | SpoolDamagedError)
            self._told(record, process, reason)

    def _check_pause_between_calls(self, process) -> None:
        """Check that further losses are collected, unless somebody waits until they are told."""
        if self.machine.scheduler.current.name != "flagengine-errors":
            return
        now, told_at = self.machine.scheduler.now, process.told_at
        process.told_at = now
        is_awaited = process.flushes or process.flushed_at >= told_at
        if now < told_at + _PAUSE_BETWEEN_CALLS - _SLACK and not is_awaited:
            raise Violation("on_error", f"called again after {now - told_at:.3f} s")

    def on_loaded(self, _count: int) -> None:
        """The listener of new definitions."""
        self.machine.scheduler.check_alive()
        self.flags.loaded(self.machine.scheduler.current.process)

    def on_delivered(self, events: list[dict]) -> None:
        """The listener of ``flush``."""
        self.machine.scheduler.check_alive()
        self.machine.note("delivered", len(events))
        for event in events:
            record = self.ledger.records[event["uuid"]]
            if not record.taken:
                raise Violation("false delivery", f"the server never took event {record.number}")
            self._told(record, self.machine.scheduler.current.process, "delivered")

    def on_queued(self, message: dict) -> None:
        """The listener of ``capture``: the client makes events of its own as well."""
        self.machine.scheduler.check_alive()
        process = self.machine.scheduler.current.process
        record = self.ledger.records.get(message["uuid"])
        if record is None or record.is_own:
            self.own_event(message["uuid"], process)
            self.flags.called(process, message)

    def own_event(self, uuid: str, process) -> Record:
        """Note an event that the client has made itself; it may be sent before a listener hears of it."""
        record = self.ledger.records.get(uuid)
        if record is None:
            turn = self.machine.scheduler.turns
            record = self.ledger.begin(uuid, process, "events", turn)
            record.ended, record.is_own = turn, True
            process.lanes.add("events")
            self.ledger.accept(record, self.machine.scheduler.now)
        return record

    def _told(self, record: Record, process, what: str) -> None:
        before = record.told.get(process.pid)
        if before is not None:
            raise Violation("told twice", f"event {record.number}: {before}, then {what}")
        if what != "delivered":
            self._check_loss(record, process, what)
        self.ledger.conclude(record, process, what)

    def _check_loss(self, record: Record, process, reason: str) -> None:
        config = self.config
        if record.certain_of is process and reason not in ("unconfirmed", "discarded"):
            raise Violation(
                "false loss", f"event {record.number} is with the server, told {reason}"
            )
        if reason == "exhausted":
            expected, failures = config.max_retries + 1, record.failures[process.pid]
            if failures != expected or config.on_exhausted != "drop":
                raise Violation(
                    "retries",
                    f"event {record.number} given up after {failures} of {expected}",
                )
        if reason == "SpoolDamagedError" and not process.disk_has_failed:
            raise Violation("false damage", f"event {record.number}")
        if reason == "evicted":
            self.queues.evicted(record, process)
        if reason in ("shutdown", "unconfirmed", "closed", "discarded") and not process.is_closing:
            raise Violation("closed", f"event {record.number}: {reason} without a shutdown")

    def logged(self, record: logging.LogRecord) -> None:
        """Check what the client logs."""
        self.warnings += 1
        self.damage_was_logged = self.damage_was_logged or "was damaged" in record.getMessage()
        raised = record.exc_info[1] if record.exc_info else None
        if isinstance(raised, Violation):
            raise raised
        if (
            isinstance(raised, SpoolError)
            and self.machine.scheduler.current.process.disk_has_failed
        ):
            return
        if raised is not None:
            raise Violation("defect", f"{record.getMessage()}: {raised!r}")
        if record.levelno >= logging.ERROR and "shutdown:" not in record.getMessage():
            raise Violation("defect", record.getMessage())

    # The death of processes.

    def before_death(self, process) -> None:
        """Note which events of the process survive, and which may be sent twice."""
        for record in self.ledger.records.values():
            if record.certain_of is process and process.pid not in record.told:
                record.may_double = True
            # The end of an event that it has taken over, too, may not have been told yet.
            record.may_vanish = record.may_vanish or process.pid in record.doomed_by
        for record in list(self.ledger.of(process).values()):
            record.is_durable = self.is_on_disk(record)
        for sender in self.delivery.senders(process):
            if sender.flying is not None:
                for uuid in sender.flying.uuids:
                    self.ledger.records[uuid].may_double = True
        for record in self.ledger.records.values():
            if record.process is process and record.state == "calling":
                record.state = "unknown"

    def exited(self, process, began: float) -> None:
        """Check that an exit tells of every event that is lost."""
        if process.has_shut_down and self.machine.disk.is_damaged:
            # It has left its events to a later process, which reports the damage.
            return
        # If it was suspended while ``on_error`` had its time, only the log tells.
        was_suspended = self.machine.scheduler.was_suspended_since(began)
        for record in self.ledger.of(process).values():
            is_known = record.taken or record.told or record.may_vanish or process.has_discarded
            if is_known or self.is_on_disk(record) or _is_left_damaged(record):
                continue
            record.may_vanish = was_suspended
            if not was_suspended:
                raise Violation(
                    "silent loss", f"event {record.number} at the exit of {process.pid}"
                )

    def is_on_disk(self, record: Record) -> bool:
        """Return whether a file of the spool has the event."""
        return self.config.overflow == "spill" and self.machine.disk.contains(record.uuid.encode())

    # What holds between two steps of the plan.

    def check(self) -> None:
        """Check everything that can be asked of the clients from outside."""
        due = self.machine.scheduler.next_timer()
        if due is not None and due <= self.machine.scheduler.now:
            # Somebody is about to go on.
            return
        self._check_spool()
        for process in self.machine.alive:
            if process.client is not None and _is_calm(process):
                self._check_counts(process)
                self._check_promptness(process)
                self.queues.check(process, awake_since=self._awake_since())
                self._check_flushes(process)
                self.flags.check(process)

    def _check_counts(self, process) -> None:
        counts = process.client.counters()
        mine = self.ledger.of(process)
        ends = counts.delivered + sum(counts.dropped.values()) + counts.kept + counts.pending
        if counts.accepted + counts.recovered != ends:
            raise Violation("counters", f"{counts}")
        if counts.kept and not process.is_closing:
            raise Violation("kept", f"process {process.pid} has given {counts.kept} events up")
        # Losses are told a little later, by a thread of their own.
        untold = sum(counts.dropped.values()) - process.told_losses
        expected = len(mine) + counts.recovered - counts.kept - process.foreign_ends - untold
        is_unsure = process.is_unsure or process.calls or process.has_discarded
        if not is_unsure and (counts.pending != expected or untold < 0):
            raise Violation(
                "conservation",
                f"process {process.pid} holds {counts.pending} of {expected}, {untold} untold",
            )
        most = self.config.most_pending(process)
        if most is not None and counts.pending > most:
            raise Violation(
                "queue", f"process {process.pid} holds {counts.pending}, at most {most}"
            )

    def _check_spool(self) -> None:
        """Check that a spool's folder stays within its bound, acknowledgements apart."""
        if self.config.overflow != "spill" or len(self.machine.processes) > self.config.processes:
            # What is taken over from dead processes has no bound.
            return
        sizes: dict[str, int] = {}
        for path, file in self.machine.disk.files("/spool"):
            folder = path.rpartition("/")[0]
            sizes[folder] = sizes.get(folder, 0) + len(file.content)
        most = 1.25 * self.config.max_spool_bytes + _ROOM_FOR_ACKNOWLEDGEMENTS
        if max(sizes.values(), default=0) > most:
            raise Violation("spool", f"{max(sizes.values())} bytes, at most {most:.0f}")

    def _check_promptness(self, process) -> None:
        """Check that nothing waits for longer than the flush interval without a reason."""
        config, now = self.config, self.machine.scheduler.now
        mine = self.ledger.of(process)
        if not mine or config.driver != "threads" or process.is_closing or process.lacked_threads:
            return
        if process.disk_has_failed:
            # What cannot be read waits for the next process.
            return
        # Of the lost ones it only has to be told.
        oldest = next((record for record in mine.values() if not record.is_doomed), None)
        if oldest is None:
            return
        due = max(oldest.at + config.flush_interval, self.machine.disk.is_blind_until + READ_AGAIN)
        if config.overflow == "drop_oldest":
            # It may be evicted, which a thread tells after a while.
            due += LONGEST_UNTOLD
        due = max(due, self._awake_since() + config.flush_interval)
        for sender in self.delivery.senders(process):
            if sender.flying or sender.again or now < sender.pause_until:
                self._check_sent_again(process, sender)
                return
            if sender.last is not None:
                due = max(due, sender.last.ended)
        if now > due + _SLACK:
            raise Violation(
                "promptness",
                f"event {oldest.number} of {process.pid} waits {now - due:.3f} s too long",
            )

    def _check_sent_again(self, process, sender) -> None:
        now = self.machine.scheduler.now
        if sender.flying or sender.last is None:
            return
        wait = sender.latest - sender.last.ended
        late = now - max(sender.latest, self._awake_since() + wait)
        if late > _SLACK:
            raise Violation("promptness", f"a batch of {process.pid} waits {late:.3f} s too long")

    def _awake_since(self) -> float:
        """Return when the last leap ended; a thread that had lost its turn begins its wait only then."""
        if not self.config.preempts or not self.machine.scheduler.leaps:
            return -math.inf
        at, size = self.machine.scheduler.leaps[-1]
        return at + size

    def _check_flushes(self, process) -> None:
        """Check that a flush ends when nothing happens any more for which it could wait."""
        senders = self.delivery.senders(process)
        if not process.flushing or any(sender.flying for sender in senders):
            return
        ended = [sender.last.ended for sender in senders if sender.last is not None]
        idle = self.machine.scheduler.now - max([*process.flushing, *ended])
        if idle > _PATIENCE_OF_A_FLUSH:
            raise Violation("flush", f"waits for {idle:.3f} s in which nothing is sent")

    def check_call(self, name: str, began: float, timeout: float | None) -> None:
        """Check that a call has kept its deadline."""
        now = self.machine.scheduler.now
        if timeout is None:
            return
        leapt = sum(size for at, size in self.machine.scheduler.leaps if at >= began)
        over = now - began - timeout - leapt - _EXTRA.get(name, 0.0)
        if over > _SLACK:
            raise Violation("deadline", f"{name} took {over:.3f} s longer than {timeout:g} s")


def _is_calm(process) -> bool:
    return all(task.state == _BLOCKED and task.waits_for in _CALM for task in process.tasks)


def _is_left_damaged(record: Record) -> bool:
    """Return whether a file still has the event, though with a changed uuid.

    The process that wrote it finds that out only if it reads it back. Otherwise it leaves the file to
    the next process, which reports the damage; ``Simulation._check_end`` asks for that.
    """
    return record.flipped_in is not None and record.flipped_in.is_linked


def _reason(error: Exception) -> str:
    if isinstance(error, DeliveryError):
        return str(getattr(error.reason, "value", error.reason))
    if isinstance(error, QueueFullError):
        return "queue_full"
    if isinstance(error, EventTooLargeError):
        return "too_large"
    return "closed" if "shut down" in str(error) else type(error).__name__
