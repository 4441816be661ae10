"""What must hold of events that wait: which are taken, evicted, and due at once."""

from flagengine.transports.batching.limits import READ_AGAIN

from .delivery_rules import DeliveryRules
from .network import Attempt
from .outside import Outside
from .records import Ledger, Record
from .violations import Violation

__all__ = ["LONGEST_UNTOLD", "QueueRules"]

_SLACK = 1e-6
# Seconds that a loss may wait for a thread that tells losses already.
LONGEST_UNTOLD = 1.1


class QueueRules(Outside):
    """The rules about waiting events."""

    def __init__(self, machine, ledger: Ledger, config, delivery: DeliveryRules) -> None:
        self._machine = machine
        self._ledger = ledger
        self._config = config
        self._delivery = delivery

    def accepted(self, record: Record, size: int) -> None:
        """Check that an event with ``size`` characters of text was not too large."""
        # Other lanes have a larger bound.
        if record.lane == "events" and size > self._config.max_event_bytes:
            raise Violation("too large", f"event {record.number} of {size} bytes was accepted")

    def evicted(self, record: Record, process) -> None:
        """Note that all older events were in a batch, or gone, when the event was evicted."""
        if self._config.overflow != "drop_oldest":
            raise Violation("eviction", f"event {record.number} with {self._config.overflow}")
        if self._config.preempts:
            # The thread that sends a batch may not have got to the request.
            return
        for other in self._ledger.of(process).values():
            is_older = other.ended is not None and other.ended < record.began
            if is_older and other.lane == record.lane and not (other.is_sent or other.is_own):
                other.must_be_gone = True

    def sent(self, attempt: Attempt) -> None:
        """Check that the events of dead processes are sent as soon as the process begins."""
        process, disk = attempt.process, self._machine.disk
        is_first = self._delivery.sender(process, attempt.path).last is None
        records = self._ledger.records
        if not is_first or not any(records[uuid].process.is_dead for uuid in attempt.uuids):
            return
        if self._config.driver != "threads" or process.lacked_threads or process.disk_has_failed:
            return
        began = process.began_at
        if began < disk.is_blind_until + READ_AGAIN or self._machine.scheduler.was_suspended_since(
            began
        ):
            return
        late = attempt.started - began
        if late > _SLACK:
            raise Violation(
                "promptness", f"process {process.pid} waits {late:.3f} s with those of a dead one"
            )

    def check(self, process, *, awake_since: float) -> None:
        """Check that what is due at once does not wait; nobody of the process is about to run."""
        if self._config.driver != "threads" or process.is_closing or process.lacked_threads:
            return
        # What cannot be read waits.
        if process.disk_has_failed:
            return
        self._check_full_batches(process, awake_since)

    def _check_full_batches(self, process, awake_since: float) -> None:
        config, now = self._config, self._machine.scheduler.now
        senders = self._delivery.senders(process)
        if any(sender.flying or sender.again or now < sender.pause_until for sender in senders):
            return
        full = min(config.flush_at, config.batch_size, config.max_queue_size)
        free_since = max((sender.last.ended for sender in senders if sender.last), default=0.0)
        for lane in process.lanes:
            waiting = [
                record
                for record in self._ledger.of(process).values()
                if record.lane == lane and not record.is_sent and not record.is_doomed
            ]
            if len(waiting) < full:
                continue
            readable_at = self._machine.disk.is_blind_until + READ_AGAIN
            due = max(waiting[full - 1].at, free_since, awake_since, readable_at)
            if config.overflow == "drop_oldest":
                # Some may be evicted.
                due += LONGEST_UNTOLD
            if now > due + _SLACK:
                raise Violation(
                    "promptness",
                    f"{len(waiting)} of {full} events of {process.pid} wait {now - due:.3f} s too long",
                )
