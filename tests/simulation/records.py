"""The ledger: what became of each event, as the application, the server and the disk saw it."""

from collections import Counter
from dataclasses import dataclass, field

from .disk import File
from .outside import Outside


@dataclass(eq=False)
class Record(Outside):
    """One event."""

    uuid: str
    process: object
    lane: str
    number: int
    # Turns of the scheduler at which the call began and ended.
    began: int
    ended: int | None = None
    at: float = 0.0
    # "calling", "accepted", "refused", "unknown" (the process died in the call).
    state: str = "calling"
    # How often the server took it, and in which order it was first taken.
    taken: int = 0
    # The process that knows for certain that the server has it.
    certain_of: object = None
    # What each process was told: "delivered", or the reason of the loss.
    told: dict = field(default_factory=dict)
    # How often sending it has failed since the last 413, by process: two may send the same event,
    # where the folder of a living process was taken from it.
    failures: Counter[int] = field(default_factory=Counter)
    splits: int = 0
    # The file in which a changed bit has hit its uuid.
    flipped_in: File | None = None
    # Whether the event was on disk when its process died.
    is_durable: bool = False
    may_double: bool = False
    may_vanish: bool = False
    asked_again: bool = False
    # The processes that learnt from the server's answer that it is lost, and tell that next.
    doomed_by: set[int] = field(default_factory=set)
    # Whether a request had it, and whether none may, because a younger one was evicted.
    is_sent: bool = False
    must_be_gone: bool = False
    # Whether the client has made it, because the application read a flag.
    is_own: bool = False

    @property
    def is_concluded(self) -> bool:
        """Whether its own process has heard the end of it."""
        return self.process.pid in self.told

    @property
    def is_doomed(self) -> bool:
        """Whether a process knows that it is lost."""
        return bool(self.doomed_by)

    def power_was_cut(self, is_synced: bool) -> None:
        """Note that what was not synced may be gone."""
        self.may_double = True
        if not is_synced:
            self.is_durable = False


class Ledger(Outside):
    """All events by uuid."""

    def __init__(self) -> None:
        self.records: dict[str, Record] = {}
        # Of each process, the events without an end.
        self.open: dict[int, dict[str, Record]] = {}

    def of(self, process) -> dict[str, Record]:
        """Return the accepted events of a process whose end it has not heard."""
        return self.open.setdefault(process.pid, {})

    def begin(self, uuid: str, process, lane: str, turn: int) -> Record:
        """Note that the application calls ``capture``."""
        record = Record(uuid, process, lane, len(self.records), turn)
        self.records[uuid] = record
        return record

    def accept(self, record: Record, at: float) -> None:
        """Note that the client has accepted the event."""
        if record.state == "calling":
            record.state = "accepted"
            record.at = at
            if not record.is_concluded:
                self.of(record.process)[record.uuid] = record

    def conclude(self, record: Record, process, told: str) -> None:
        """Note the end of an event."""
        record.told[process.pid] = told
        if record.process is not process:
            process.foreign_ends += 1
        self.of(process).pop(record.uuid, None)
