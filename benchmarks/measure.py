"""The timing and its arithmetic: slots, rounds, medians, ratios. It knows no engines or workloads.

The machines are shared and their speed drifts. So candidates take turns slot by slot (A B A B), and
the results are ratios of medians within a run, with their spread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from threading import Barrier, Thread
from time import perf_counter_ns

__all__ = [
    "Clock",
    "Slot",
    "Summary",
    "compile_slot",
    "concurrently",
    "interleave",
    "passes_for",
    "ratio",
    "summarise",
]

Clock = Callable[[], int]
#: Runs a number of passes over all subjects and returns their nanoseconds.
Slot = Callable[[int], int]

_TEMPLATE = """\
def slot(passes, *, subjects, clock{names}):
    started = clock()
    for _ in range(passes):
        for person_id, subject in subjects:
            {expression}
    return clock() - started
"""


@dataclass(frozen=True, slots=True)
class Summary:
    """A summary of samples; half of them are between `low` and `high`."""

    median: float
    low: float
    high: float
    least: float
    most: float


def summarise(samples: Sequence[float]) -> Summary:
    """Return median, quartiles and extremes of one or more samples."""
    if not samples:
        message = "there is nothing to summarise"
        raise ValueError(message)
    low, middle, high = samples[0], samples[0], samples[0]
    if len(samples) > 1:
        low, _, high = quantiles(samples, n=4, method="inclusive")
        middle = median(samples)
    return Summary(middle, low, high, min(samples), max(samples))


def ratio(numerator: Sequence[float], denominator: Sequence[float]) -> float:
    """Return the ratio of the two medians."""
    return median(numerator) / median(denominator)


def compile_slot(
    expression: str,
    names: Mapping[str, object],
    subjects: Sequence[tuple[str, object]],
    clock: Clock = perf_counter_ns,
) -> Slot:
    """Return the timing loop with the call written into it, so that no wrapper is timed.

    The names become keyword arguments and thereby locals, which have the fastest look-up.
    """
    source = _TEMPLATE.format(
        names="".join(f", {name}" for name in names), expression=f"({expression})"
    )
    scope: dict[str, Callable[..., int]] = {}
    # The expressions come from the adapters.
    exec(compile(source, "<timing loop>", "exec"), scope)
    run = scope["slot"]
    return lambda passes: run(passes, subjects=subjects, clock=clock, **names)


def passes_for(slot: Slot, least_ns: int) -> int:
    """Return the number of passes that make a slot at least this long; short slots are inexact."""
    passes = 1
    # The first run also warms the caches and CPython's specialising interpreter.
    slot(1)
    while (taken := slot(passes)) < least_ns:
        passes = max(passes + 1, int(passes * least_ns * 1.1 / max(taken, 1)))
    return passes


def interleave(
    candidates: Mapping[str, Callable[[], float]], rounds: int
) -> dict[str, list[float]]:
    """Run every candidate once per round, so that a slow second of the machine affects all."""
    samples: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, sample in candidates.items():
            samples[name].append(sample())
    return samples


def concurrently(
    make_slot: Callable[[int], Slot], passes: int, threads: int, clock: Clock = perf_counter_ns
) -> int:
    """Return the nanoseconds from when all threads are ready until all have run a slot of their own.

    Each thread makes its slot from its number, so that threads share neither persons nor their texts, as
    the threads of a server do not: without the interpreter lock, threads that count the references to one
    object wait for each other. The first pass, which may do more than the others, is not timed.
    """
    barrier = Barrier(threads + 1)

    def work(number: int) -> None:
        slot = make_slot(number)
        slot(1)
        barrier.wait()
        slot(passes)

    workers = [Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    barrier.wait()
    started = clock()
    for worker in workers:
        worker.join()
    return clock() - started
