"""One run: makes the machine of a seed, carries out its plan, and waits for everything to end well."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from flagengine.transports.batching.drivers import ManualDriver
from flagengine.transports.client.client import Client

from . import actions
from .invariants import Observer
from .machine import Machine
from .outside import Outside
from .patches import installed
from .plan import configure, plan
from .processes import Process
from .randomness import Draws
from .records import Record
from .violations import Violation

NOTHING: Mapping[str, object] = MappingProxyType({})
_RUN = 3
_START, _END = 1_000_000, 1_000_001
# Virtual seconds after which everything must have been delivered, once the faults have ended.
PATIENCE = 400.0
_GLANCE = 7.0


@dataclass(frozen=True)
class Outcome:
    """The result of a run."""

    seed: int
    digest: str
    violation: Violation | None
    steps: tuple[int, ...]
    trace: tuple[str, ...] = ()


class Simulation(Outside):
    """A run of one seed; ``only`` are the numbers of the steps to carry out."""

    def __init__(
        self,
        seed: int,
        only: Collection[int] | None = None,
        *,
        fixed: Mapping[str, object] = NOTHING,
        keeps_trace: bool = False,
        on_threads: bool = False,
    ) -> None:
        self.seed = seed
        self.config = replace(configure(seed), **fixed)
        self.steps = [
            step for step in plan(seed, self.config) if only is None or step.number in only
        ]
        self.machine = Machine(
            Draws(seed, _RUN, _START),
            preempts=self.config.preempts,
            on_threads=on_threads,
            keeps_trace=keeps_trace,
        )
        self.observer = Observer(self.machine, self.config)
        self.machine.observer = self.machine.network.observer = self.observer
        self.machine.scheduler.after_turn = self._turn_ended
        self.machine.scheduler.on_end = self._task_ended

    def run(self) -> Outcome:
        """Carry out the plan; return the outcome."""
        violation = Violation.first = None
        try:
            with installed(self.machine, self.config.limits, self.config.spool):
                try:
                    self._run()
                except Violation as found:
                    violation = Violation.first or found
                    self.machine.note("VIOLATION", violation)
        finally:
            trace = tuple(self.machine.trace or ())
        numbers = tuple(step.number for step in self.steps)
        return Outcome(self.seed, self.machine.digest(), violation, numbers, trace)

    def _run(self) -> None:
        self.machine.note("config", self.config)
        for _ in range(self.config.processes):
            self.start()
        self._settle()
        for step in self.steps:
            self.machine.scheduler.draws = Draws(self.seed, _RUN, step.number)
            self.machine.note("step", step)
            getattr(actions, step.kind)(self, **step.arguments)
            self._settle()
        self.machine.scheduler.draws = Draws(self.seed, _RUN, _END)
        self.machine.note("the faults end")
        self._end()

    def _settle(self) -> None:
        """Let the step begin, and check what must hold afterwards."""
        scheduler = self.machine.scheduler
        scheduler.spin(scheduler.draws.pick((0, 1, 3, 50)))
        self.observer.check()

    def _turn_ended(self) -> None:
        if Violation.first is not None:
            raise Violation.first
        self.machine.reap()

    def _task_ended(self, task) -> None:
        error = task.error
        if isinstance(error, Violation):
            raise error
        if error is not None:
            raise Violation("raised", f"{type(error).__name__}: {error}") from error

    # Processes.

    def start(self) -> Process:
        """Start a process."""
        process = Process(self.machine, self._make_client)
        process.start()
        return process

    def process(self, who: int) -> Process | None:
        """Return one of the living processes whose client is made."""
        ready = [each for each in self.machine.alive if each.client is not None]
        return ready[who % len(ready)] if ready else None

    def _make_client(self, process: Process) -> Client:
        config = self.config
        options = {
            name: getattr(config, name)
            for name in (
                "flush_at", "flush_interval", "max_batch_size", "max_queue_size", "max_retries", "overflow",
                "on_exhausted", "request_timeout", "capture_mode", "gzip", "poll_interval",
            )
        }  # fmt: skip
        if config.overflow == "spill":
            options["spool_directory"] = "/spool"
        if config.driver == "manual":
            options["driver"] = ManualDriver()
        if config.has_flags and config.has_definitions:
            options["secret_key"] = "phs_s"
        made = Client(
            "phc_key",
            host="http://server",
            transport=self.machine.network,
            clock=self.machine.clock,
            on_error=self.observer.on_error,
            **options,
        )
        # The listeners ask for the running process: a fork takes them along.
        made.on("flush", self.observer.on_delivered)
        made.on("capture", self.observer.on_queued)
        made.on("local_evaluation_flags_loaded", self.observer.on_loaded)
        return made

    # The end.

    def _end(self) -> None:
        machine = self.machine
        machine.disk.heal(machine.scheduler.now)
        machine.network.weather.until = 0.0
        machine.server.most_events = 0
        machine.threading.is_exhausted = False
        for process in machine.alive:
            process.operations_left = None
        self._drain()
        for process in machine.alive:
            self._finish(process)
        if self.config.overflow == "spill":
            last = self.start()
            self._pass_until(lambda: self._is_done(last))
            self._finish(last)
        self._check_end()

    def _pass(self, seconds: float) -> None:
        self.machine.scheduler.run_until(self.machine.scheduler.now + seconds)
        self.observer.check()

    def _pass_until(self, is_done: Callable[[], bool], patience: float = PATIENCE) -> None:
        """Let time pass until something is done, or for as long as patience lasts."""
        until = self.machine.scheduler.now + patience
        while self.machine.scheduler.now < until:
            self._pass(_GLANCE)
            if is_done():
                break

    def _drain(self) -> None:
        """Let everything be delivered, and check that no thread waits for ever."""
        self._pass_until(lambda: all(self._is_done(process) for process in self.machine.alive))
        for process in self.machine.alive:
            for task in _stuck(process):
                raise Violation(
                    "stuck", f"{task.name} of process {process.pid} waits for {task.waits_for}"
                )
            if not self._is_done(process):
                raise Violation(
                    "stuck", f"process {process.pid} keeps events, or has old definitions"
                )

    def _is_done(self, process: Process) -> bool:
        if process.client is None or _stuck(process):
            return False
        if self.config.driver != "threads" or process.lacked_threads or process.is_closing:
            return True
        return not process.client.pending_count() and self._is_up_to_date(process)

    def _is_up_to_date(self, process: Process) -> bool:
        reader = self.observer.flags.reader(process)
        if reader.ended_at is None:
            return True
        found = []
        process.run(
            "app-last", lambda: found.append(actions.read_flags(self, process, True, True, 9))
        )
        self.machine.scheduler.spin(100)
        return bool(found) and set(found[0].values()) == {f"v{self.machine.server.version}"}

    def _finish(self, process: Process) -> None:
        actions.shut_down(self, process, 60.0)
        self._pass_until(lambda: not _stuck(process), 120.0)
        left = self.observer.ledger.of(process)
        if left and self.config.overflow != "spill":
            raise Violation(
                "silent loss", f"{len(left)} events of process {process.pid} have no end"
            )
        process.die()
        self.machine.reap()

    def _check_end(self) -> None:
        """Check that every accepted event was delivered, or reported as lost, or died with its process."""
        lost = [record for record in self.observer.ledger.records.values() if self._is_lost(record)]
        # What cannot be read cannot be counted either.
        is_counted = not self.machine.disk.was_unreadable or not self.observer.damaged
        if len(lost) > self.observer.damaged and is_counted:
            names = ", ".join(f"{record.number} of process {record.process.pid}" for record in lost)
            raise Violation("lost", f"events {names}; {self.observer.damaged} reported as damaged")

        self._check_tidiness()

    def _check_tidiness(self) -> None:
        """Check that nothing is put aside where nothing was damaged."""
        if self.observer.damage_was_logged or any(
            process.disk_has_failed for process in self.machine.processes
        ):
            return
        left = [path for path in self.machine.disk.tree("/spool") if path.endswith(".damaged")]
        if left:
            raise Violation("tidiness", f"put aside without damage: {left}")

    def _is_lost(self, record: Record) -> bool:
        if record.taken or record.state != "accepted" or record.may_vanish or record.told:
            return False
        if record.process.has_discarded:
            return False
        return record.is_durable or not record.process.is_killed


def _stuck(process: Process) -> list:
    """Return the threads of a process that should end soon."""
    return [
        task
        for task in process.tasks
        if task.waits_for == "a lock" or task.name.startswith(("app", "main"))
    ]
