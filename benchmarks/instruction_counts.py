"""The calls whose instructions are counted, and the loop around each: a process of `instructions`.

`python -m benchmarks.instruction_counts CALL LIBRARY` under callgrind. Outside of callgrind nothing is
counted, and the calls are only made.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import sys
import time
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from benchmarks.asking import check
from benchmarks.measure import compile_slot
from benchmarks.rivals.catalogue import find, make
from benchmarks.workloads import make as make_workload

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.measure import Slot

__all__ = ["CASES", "Case", "prepared"]


@dataclass(frozen=True, slots=True)
class Case:
    """A call that is counted, and how often."""

    title: str
    candidate: str
    workload: str
    persons: int
    passes: int


CASES = {
    "w1": Case("W1: `evaluate_flag`", "flagengine", "w1", 50, 20),
    "w3": Case("W3: `evaluate`, all of 100 flags", "flagengine-many", "w3", 5, 6),
    "one": Case("`evaluate(…)[key]`", "flagengine-one", "w1", 50, 8),
    "read": Case(
        "client's `get_feature_flag`, event sent before", "flagengine-client-told", "w1", 50, 4
    ),
    "capture": Case("client's `capture`", "flagengine-capture", "capture", 50, 4),
    "serve": Case("server's `/flags`, 350 flags", "flagengine-server", "mix/350", 5, 4),
    "serve-few": Case("server's `/flags`, 5 flags", "flagengine-server", "mix/5", 20, 8),
}
#: Enough for CPython to specialise the bytecode, and for lazy parts to be made.
_WARM_UP = 6


def prepared(case: Case) -> tuple[Slot, int]:
    """Return the checked and warm loop, and the number of calls in a pass."""
    rival, workload = make(find(case.candidate)), make_workload(case.workload, case.persons)
    engine = rival.load(rival.document(workload))
    question = engine.question(workload)
    subjects = [(person.id, engine.subject(person)) for person in workload.persons]
    check(workload, question, subjects, rival.bucketing)
    question.settle()
    slot = compile_slot(question.expression, question.names, subjects, lambda: 0)
    slot(_WARM_UP)
    return slot, len(subjects)


def _run(name: str, start: Callable[[], object], stop: Callable[[], object]) -> int:
    """Count N and then 2 N calls; return N."""
    case = CASES[name]
    # A busy machine has more milliseconds in a loop, and an event's id costs more in a new one.
    time.time = count(1_700_000_000.0, 1e-5).__next__
    slot, calls = prepared(case)
    # No thread that waits for the interpreter's lock may interrupt the counted one.
    sys.setswitchinterval(1_000.0)
    gc.collect()
    gc.freeze()
    gc.disable()
    for times in (1, 2):
        start()
        slot(times * case.passes)
        stop()
    return case.passes * calls


def main() -> None:
    """Count the call that the first argument names; print the number of calls in a loop."""
    name, library = sys.argv[1:]
    functions = ctypes.CDLL(library)
    print(json.dumps(_run(name, functions.counting_start, functions.counting_stop)), flush=True)
    # Threads of the client would delay the interpreter's orderly exit.
    os._exit(0)


if __name__ == "__main__":
    main()
