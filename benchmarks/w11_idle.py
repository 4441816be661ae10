"""W11: an idle client, in a new process: its threads, its wake-ups per minute, its memory.

Wake-ups are the voluntary context switches of all threads except the first.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.loading import resident
from benchmarks.processes import AbsentError
from benchmarks.rivals.catalogue import find, make
from benchmarks.workloads import make as make_workload

if TYPE_CHECKING:
    from benchmarks.session import Session

__all__ = ["CANDIDATES", "run"]

#: A candidate for each client.
CANDIDATES = ("flagengine-client-told", "posthog-client-told")
_FIGURES = {"threads": "threads", "wakes": "a minute", "memory": "MiB"}
_ROOT = Path(__file__).parent.parent


def run(session: Session) -> None:
    """Measure `w11-threads`, `w11-wakes` and `w11-memory`, of both clients at the same time."""
    seconds = str(session.settings.idle_seconds)
    started = {name: _start(name, seconds) for name in CANDIDATES if _wanted(session, name)}
    found: dict[str, dict[str, float]] = {}
    for name, process in started.items():
        out, err = process.communicate()
        if process.returncode:
            reason = (err.strip().splitlines() or ["no message"])[-1]
            session.absent("w11", name, AbsentError(reason))
        else:
            found[name] = json.loads(out.splitlines()[-1])
    for figure, unit in _FIGURES.items():
        samples = {name: [figures[figure]] for name, figures in found.items()}
        session.record(f"w11-{figure}", unit, samples)


def _wanted(session: Session, name: str) -> bool:
    return name in session.settings.candidates


def _start(name: str, seconds: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.w11_idle", name, seconds]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=_ROOT)


def watch(name: str, seconds: float) -> dict[str, float]:
    """Return the cost of a client in this process that reads a flag and then does nothing."""
    workload = make_workload("w1", 1)
    before, threads = resident(), threading.active_count()
    rival = make(find(name))
    engine = rival.load(rival.document(workload))
    question = engine.question(workload)
    (person,) = workload.persons
    scope = {**question.names, "person_id": person.id, "subject": dict(person.properties)}
    # The expression comes from the adapter.
    eval(question.expression, scope)
    question.settle()
    after, switches = resident(), _switches()
    time.sleep(seconds)
    wakes = (_switches() - switches) * 60 / seconds
    return {
        "threads": threading.active_count() - threads,
        "wakes": round(wakes, 1),
        "memory": round((after - before) / 2**20, 1),
    }


def _switches() -> int:
    others = [path for path in Path("/proc/self/task").iterdir() if path.name != str(os.getpid())]
    lines = [line for path in others for line in (path / "status").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("voluntary"))


if __name__ == "__main__":
    print(json.dumps(watch(sys.argv[1], float(sys.argv[2]))), flush=True)
    # Threads of the clients would delay the interpreter's orderly exit.
    os._exit(0)
