"""The simulated machine: one scheduler, one clock, one disk, one network, and the trace."""

from hashlib import blake2b
from uuid import UUID

from .clocks import Clock
from .disk import Disk
from .files import Files
from .network import Network
from .outside import Outside
from .randomness import Draws
from .scheduler import Scheduler
from .server import Server
from .threads import Threading


class Machine(Outside):
    """Everything outside of the client."""

    def __init__(
        self,
        draws: Draws,
        *,
        preempts: float = 0.0,
        on_threads: bool = False,
        keeps_trace: bool = False,
    ) -> None:
        self.scheduler = Scheduler(draws, preempts=preempts, on_threads=on_threads)
        self.clock = Clock(self.scheduler)
        self.disk = Disk()
        self.files = Files(self)
        self.threading = Threading(self.scheduler)
        self.server = Server()
        self.network = Network(self, self.server)
        self.processes: list = []
        self.trace: list[str] | None = [] if keeps_trace else None
        self._digest = blake2b(digest_size=16)
        self._names = 0
        # Hears of what happens; see ``invariants.py``.
        self.observer = None

    @property
    def alive(self) -> list:
        """The processes that are not dead."""
        return [process for process in self.processes if not process.is_dead]

    def note(self, *words: object) -> None:
        """Add a line to the trace."""
        task = self.scheduler.current
        who = "-" if task is None else f"{task.process.pid}/{task.name}"
        line = f"{self.scheduler.now:.3f} {who} {' '.join(map(str, words))}"
        self._digest.update(line.encode() + b"\n")
        if self.trace is not None:
            self.trace.append(line)

    def digest(self) -> str:
        """Return the digest of the trace so far."""
        return self._digest.hexdigest()

    def new_name(self) -> str:
        """Return a name that no file has yet."""
        self._names += 1
        return f"{self._names:08x}"

    def uuid4(self) -> UUID:
        """Return a random UUID, as the function in ``uuid`` does."""
        return UUID(bytes=self.scheduler.draws.data(16), version=4)

    def reap(self) -> None:
        """Unwind the threads of dead processes."""
        for process in self.processes:
            if process.is_dead and not process.is_reaped:
                process.is_reaped = True
                mine = [task for task in self.scheduler.tasks if task.process is process]
                self.scheduler.kill(mine)
                self.scheduler.tasks = [each for each in self.scheduler.tasks if each not in mine]
