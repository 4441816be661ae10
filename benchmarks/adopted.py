"""posthog's client alone compared with the same client after `adopt`, in one process.

`python -m benchmarks.adopted [--quick]`. It needs the group `differential`. Both clients answer the same
calls in turn, slot by slot; their answers are checked before the timing. The processor time of the thread
counts, so a busy machine does not. What remains after `adopt` is posthog's own work around the evaluation,
such as its results, its events and its warnings.
"""

from __future__ import annotations

import argparse
from time import thread_time_ns
from typing import TYPE_CHECKING, Final

from benchmarks import workloads
from benchmarks.asking import check
from benchmarks.measure import compile_slot, interleave, passes_for, ratio, summarise
from benchmarks.people import HOT
from benchmarks.rivals.posthog_client import EvaluateFlags, Getter, ToldGetter
from flagengine.transports.posthog import adopt

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.workload import Workload

__all__ = ["main", "measured"]

_MOST_PERSONS: Final = {"mix/100": 20}
_CALLS: Final[tuple[tuple[str, str, type[Getter | EvaluateFlags | ToldGetter]], ...]] = (
    ("get_feature_flag, no event", "w1", Getter),
    ("get_feature_flag, event sent before", "w1", ToldGetter),
    ("get_feature_flag of a nested cohort", "w4", Getter),
    ("evaluate_flags, 100 flags", "mix/100", EvaluateFlags),
    ("get_all_flags, 100 flags", "mix/100", Getter),
)


def measured(
    workload: Workload,
    kind: type[Getter | EvaluateFlags | ToldGetter],
    rounds: int,
    least_ns: int,
) -> dict[str, list[float]]:
    """Return the nanoseconds per call, one for each round, of the client `alone` and `adopted`."""
    slots: dict[str, Callable[[], float]] = {}
    for name in ("alone", "adopted"):
        engine = kind().load(kind().document(workload))
        if name == "adopted":
            adopt(engine._client)  # noqa: SLF001 the adapter's client
        question = engine.question(workload)
        subjects = [(person.id, engine.subject(person)) for person in workload.persons]
        check(workload, question, subjects, engine.bucketing)
        slot = compile_slot(question.expression, question.names, subjects, thread_time_ns)
        passes = passes_for(slot, least_ns)
        calls = passes * len(subjects)
        slots[name] = lambda slot=slot, passes=passes, calls=calls: slot(passes) / calls  # type: ignore[misc]
    return interleave(slots, rounds)


def main() -> None:
    """Print a row for each call: both times, and how many times as long the client alone takes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a look, not for quoting")
    rounds, least_ns = (5, 5_000_000) if parser.parse_args().quick else (30, 50_000_000)
    print("| call | posthog | adopted | times as long |\n| --- | ---: | ---: | ---: |")
    for label, name, kind in _CALLS:
        workload = workloads.make(name, _MOST_PERSONS.get(name, HOT))
        found = measured(workload, kind, rounds, least_ns)
        alone, adopted = (summarise(found[name]).median / 1000 for name in ("alone", "adopted"))
        times = ratio(found["alone"], found["adopted"])
        print(f"| {label} | {alone:.1f} µs | {adopted:.1f} µs | {times:.1f} |", flush=True)


if __name__ == "__main__":
    main()
