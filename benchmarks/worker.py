"""An engine in its own process: `python -m benchmarks.worker CANDIDATE`.

With a process per engine, engines do not share a heap, a garbage collector or background threads, the
accelerator can be hidden before flagengine is imported, and a crash is only an absent row. The worker
reads requests as JSON lines and writes a line as the reply to each.
"""

from __future__ import annotations

import gc
import json
import os
import pickle
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.asking import check
from benchmarks.columns import nanoseconds_per_row, texts
from benchmarks.expected import WrongAnswerError
from benchmarks.loading import measure_load, weigh
from benchmarks.measure import Slot, compile_slot, concurrently, passes_for
from benchmarks.polling import Poll
from benchmarks.rivals.base import UnsupportedError
from benchmarks.rivals.catalogue import Candidate, find, make
from benchmarks.workloads import make as make_workload

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Iterable

    from benchmarks.specs import Person

__all__ = ["Worker", "serve"]

_ACCELERATOR = "flagengine.native._accelerator"

Reply = dict[str, Any]


@dataclass(slots=True)
class _Opened:
    """A workload that is loaded and checked."""

    slot: Slot
    of_thread: Callable[[int], Slot]
    subjects: int
    settle: Callable[[], object]
    passes: int = 1

    @property
    def calls(self) -> int:
        """The number of calls in a slot."""
        return self.passes * self.subjects


class Worker:
    """The requests to a candidate, each as a public method."""

    def __init__(self, candidate: Candidate) -> None:
        self._candidate = candidate
        for module in candidate.hidden:
            # Importing the module now fails, as if it was not installed.
            sys.modules[module] = None  # type: ignore[assignment]
        self._rival: Any = make(candidate)
        self._current: _Opened | None = None
        self._poll: Poll | None = None
        self._column: Callable[[], array[int]] | None = None

    def hello(self) -> Reply:
        """Return whether the accelerator is in use, and whether threads wait for each other."""
        locked = getattr(sys, "_is_gil_enabled", lambda: True)()
        return {"accelerator": sys.modules.get(_ACCELERATOR) is not None, "gil": locked}

    def open(self, workload: str, persons: int) -> Reply:
        """Translate and load the workload, and check the answers before they may be timed."""
        self._current = None
        gc.unfreeze()
        gc.enable()
        asked = make_workload(workload, persons)
        engine = self._rival.load(self._rival.document(asked))
        question = engine.question(asked)

        def subjects_of(people: Iterable[Person]) -> list[tuple[str, object]]:
            return [(person.id, engine.subject(person)) for person in people]

        def of_thread(number: int) -> Slot:
            people = make_workload(workload, persons * (number + 1)).persons[-persons:]
            own = pickle.loads(pickle.dumps(people))
            return compile_slot(question.expression, question.names, subjects_of(own))

        subjects = subjects_of(asked.persons)
        if self._candidate.name != "no-op":
            check(asked, question, subjects, self._rival.bucketing)
        slot = compile_slot(question.expression, question.names, subjects)
        self._current = _Opened(slot, of_thread, len(subjects), question.settle)
        return {"subjects": len(subjects)}

    def calibrate(self, least_ns: int) -> Reply:
        """Choose the number of passes of a slot, and turn the garbage collector off."""
        gc.collect()
        gc.freeze()
        gc.disable()
        opened = self._opened()
        opened.passes = passes_for(opened.slot, least_ns)
        opened.settle()
        return {"passes": opened.passes}

    def slot(self) -> Reply:
        """Return the nanoseconds per call in a slot."""
        opened = self._opened()
        taken = opened.slot(opened.passes)
        opened.settle()
        return {"value": taken / opened.calls}

    def threads(self, count: int) -> Reply:
        """Return the thousands of calls per second of all threads together."""
        opened = self._opened()
        taken = concurrently(opened.of_thread, opened.passes, count)
        opened.settle()
        return {"value": count * opened.calls / taken * 1e6}

    def write(self, workload: str, path: str) -> Reply:
        """Return the workload in the engine's own format, which another process loads."""
        Path(path).write_text(self._rival.document(make_workload(workload, 1)), encoding="utf-8")
        return {}

    def load(self, workload: str, first: str, path: str) -> Reply:
        """Return the result of `measure_load`, which is only valid for the first load of a process."""
        return {**measure_load(self._rival, workload, first, path)}

    def weigh(self, workload: str) -> Reply:
        """Return the bytes that Python's allocator holds for the workload after the first answer."""
        return {"value": weigh(self._rival, workload)}

    def poll(self, number: int) -> Reply:
        """Return the milliseconds of a load in which one of a thousand flags is new."""
        gc.unfreeze()
        gc.enable()
        if self._poll is None:
            self._poll = Poll(self._rival)
        return {"value": self._poll.change(number)}

    def column(self, rows: int) -> Reply:
        """Return the nanoseconds per row of hashing a column of ids."""
        if self._column is None:
            self._column = self._rival.column(*texts(rows))
        return {"value": nanoseconds_per_row(self._column, rows)}

    def deliver(self, host: str, events: int) -> Reply:
        """Return the thousands of events per second that one worker delivers."""
        gc.unfreeze()
        gc.enable()
        return {"value": self._rival.deliver(host, events) / 1e3}

    def remember(self, ids: int) -> Reply:
        """Return nanoseconds and memory of a client's reads of a flag for distinct ids."""
        self._rival.load(self._rival.document(make_workload("flags/1", 1)))
        found: Reply = self._rival.remember(ids)
        return found

    def _opened(self) -> _Opened:
        if self._current is None:
            message = "no workload is open"
            raise RuntimeError(message)
        return self._current


def _reply(worker: Worker, request: dict[str, Any]) -> Reply:
    try:
        reply: Reply = getattr(worker, request.pop("do"))(**request)
    except UnsupportedError as error:
        return {"absent": str(error)}
    except WrongAnswerError as error:
        return {"absent": f"wrong answer: {error}", "wrong": True}
    except Exception as error:  # noqa: BLE001 - an engine may fail in any way, and the failure is the result
        return {"absent": f"{type(error).__name__}: {error}"[:300], "wrong": True}
    return reply


def serve(name: str) -> None:
    """Answer requests until the input ends."""
    # Engines may print, so replies use a descriptor of their own.
    with os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1) as replies:
        os.dup2(2, 1)
        try:
            worker = Worker(find(name))
        except (ImportError, AttributeError) as error:
            replies.write(json.dumps({"absent": f"cannot be imported: {error}"}) + "\n")
            return
        replies.write(json.dumps(worker.hello()) + "\n")
        for line in sys.stdin:
            replies.write(json.dumps(_reply(worker, json.loads(line))) + "\n")
    # Background threads of some engines would delay the interpreter's orderly exit.
    os._exit(0)


if __name__ == "__main__":
    serve(sys.argv[1])
