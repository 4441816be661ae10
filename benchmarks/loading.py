"""The time and memory from JSON text to answers, in a process that has loaded no document before."""

from __future__ import annotations

import gc
import os
import resource
import tracemalloc
from pathlib import Path
from time import perf_counter_ns
from typing import TYPE_CHECKING

from benchmarks.asking import ask_of, check
from benchmarks.workloads import make

if TYPE_CHECKING:
    from benchmarks.rivals.base import Engine, Rival
    from benchmarks.workload import Workload

__all__ = ["FIGURES", "measure_load", "resident", "timed_answer", "weigh"]

_MIB = 1024 * 1024
#: The measured figures, with their units.
FIGURES = {"ready": "ms", "first": "ms", "all": "ms", "memory": "MiB", "memory-all": "MiB"}


def measure_load(rival: Rival, workload: str, first: str, path: str) -> dict[str, float]:
    """Load the file and evaluate its flags.

    Returns:
        ready: the time until the engine can be asked. first: the time until the first answer. all:
        the time from the first answer until every flag has been evaluated once, which includes the
        work that a lazy engine has postponed. memory, memory-all: the growth of the resident set
        until the first and until the last answer.
    """
    # Made before the memory is read, so that they do not count as growth.
    every, single = make(workload, 1), make(first, 1)
    text = Path(path).read_text(encoding="utf-8")
    gc.collect()
    before, started = resident(), perf_counter_ns()
    engine = rival.load(text)
    ready = perf_counter_ns() - started
    first_answer = timed_answer(rival, engine, single)
    after_first = resident()
    all_answers = timed_answer(rival, engine, every)
    after_all = resident()
    return {
        "ready": ready / 1e6,
        "first": (ready + first_answer) / 1e6,
        "all": all_answers / 1e6,
        "memory": (after_first - before) / _MIB,
        "memory-all": (after_all - before) / _MIB,
    }


def weigh(rival: Rival, workload: str) -> int:
    """Return the bytes of Python objects that the loaded workload keeps after the first answer."""
    made, other = make(workload, 1), make("w2", 1)
    text = rival.document(made)
    # Modules that are imported on first use belong to no document.
    timed_answer(rival, rival.load(rival.document(other)), other)
    gc.collect()
    tracemalloc.start()
    engine = rival.load(text)
    timed_answer(rival, engine, made)
    gc.collect()
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return kept


def timed_answer(rival: Rival, engine: Engine, workload: Workload) -> int:
    """Return the nanoseconds of a call; check the answer afterwards, to keep the engine cold."""
    question = engine.question(workload)
    (person,) = workload.persons
    ask, subject = ask_of(question), engine.subject(person)
    started = perf_counter_ns()
    ask(person.id, subject)
    taken = perf_counter_ns() - started
    check(workload, question, [(person.id, subject)], rival.bucketing)
    return taken


def resident() -> int:
    """Return the bytes of memory that this process occupies, or its peak if only that is known."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return pages * os.sysconf("SC_PAGE_SIZE")
