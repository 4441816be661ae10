"""A run: its candidates, its rounds, and its results so far."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from benchmarks.measure import interleave
from benchmarks.people import MANY
from benchmarks.processes import AbsentError, Process
from benchmarks.results import Absence, Measurement, Results, describe_machine
from benchmarks.rivals.catalogue import find

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType

__all__ = ["Session", "Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """The length of the measurement; the numbers of a quick run are not exact enough to quote."""

    candidates: tuple[str, ...]
    rounds: int = 15
    slot_ms: int = 25
    many: int = MANY
    for_many_flags: int = 50
    loads: int = 7
    imports: int = 15
    events: int = 20_000
    idle_seconds: float = 60.0
    rows: int = 10_000_000
    tables: int = 3
    quick: bool = False

    @classmethod
    def quickly(cls, candidates: tuple[str, ...]) -> Settings:
        """Return an effort that takes a minute in total."""
        return cls(
            candidates,
            rounds=3,
            slot_ms=20,
            many=1_000,
            for_many_flags=10,
            loads=2,
            imports=3,
            events=3_000,
            idle_seconds=3.0,
            rows=200_000,
            tables=2,
            quick=True,
        )


@dataclass(slots=True)
class Session:
    """A run, which keeps the workers running from workload to workload."""

    settings: Settings
    results: Results = field(default_factory=Results)
    _processes: dict[str, Process] = field(default_factory=dict)
    _unavailable: dict[str, AbsentError] = field(default_factory=dict)
    _stack: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        self.results.meta = describe_machine() | {"quick": self.settings.quick}

    def process(self, candidate: str) -> Process:
        """Return the candidate's worker, started at its first use; may raise AbsentError."""
        if candidate in self._unavailable:
            raise self._unavailable[candidate]
        if candidate not in self._processes:
            try:
                process = self._stack.enter_context(Process(candidate))
            except AbsentError as error:
                self._unavailable[candidate] = error
                raise
            self._processes[candidate] = process
            if candidate == "flagengine":
                self.results.meta["accelerator"] = process.hello["accelerator"]
                self.results.meta["gil"] = process.hello["gil"]
        return self._processes[candidate]

    def common(self) -> tuple[str, ...]:
        """Return the candidates that every workload measures if it names none."""
        return tuple(name for name in self.settings.candidates if not find(name).aside)

    def ready(
        self,
        label: str,
        prepare: Callable[[Process], object],
        only: Iterable[str] | None = None,
    ) -> dict[str, Process]:
        """Return the workers that could be prepared; record the others as absent."""
        wanted = self.common() if only is None else tuple(only)
        prepared: dict[str, Process] = {}
        for candidate in (name for name in wanted if name in self.settings.candidates):
            try:
                process = self.process(candidate)
                prepare(process)
            except AbsentError as error:
                self.absent(label, candidate, error)
            else:
                prepared[candidate] = process
        return prepared

    def time(
        self, label: str, workload: str, persons: int, *, only: Iterable[str] | None = None
    ) -> None:
        """Measure the nanoseconds per call of every candidate that can do the workload, in turn."""

        def prepare(process: Process) -> None:
            process.ask("open", workload=workload, persons=persons)
            process.ask("calibrate", least_ns=self.settings.slot_ms * 1_000_000)

        ready = self.ready(label, prepare, only)
        slots = {name: _slot(process) for name, process in ready.items()}
        self.record(label, "ns", interleave(slots, self.settings.rounds))

    def sample(
        self,
        label: str,
        unit: str,
        ask: Callable[[Process, int], float],
        only: Iterable[str],
        *,
        rounds: int | None = None,
    ) -> None:
        """Measure another figure of the candidates, in turn; `ask` gets the number of the round."""
        samples: dict[str, list[float]] = {}
        ready = self.ready(label, lambda process: ask(process, 0), only)
        for number in range(1, 1 + (rounds or self.settings.rounds)):
            for name, process in ready.items():
                samples.setdefault(name, []).append(ask(process, number))
        self.record(label, unit, samples)

    def record(self, label: str, unit: str, samples: Mapping[str, list[float]]) -> None:
        """Add measurements."""
        for candidate, values in samples.items():
            found = Measurement(label, candidate, unit, tuple(values))
            self.results.measurements.append(found)
        _log(f"{label}: {', '.join(samples) or 'nobody'}")

    def absent(self, label: str, candidate: str, error: AbsentError) -> None:
        """Record an absence; print a wrong answer at once."""
        self.results.absences.append(Absence(label, candidate, error.reason, error.wrong))
        if error.wrong:
            _log(f"{label}: {candidate}: {error.reason}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()


def _slot(process: Process) -> Callable[[], float]:
    return lambda: process.value("slot")


def _log(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
