"""W8: the import, in a new interpreter each time, with compiled bytecode."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import interleave
from benchmarks.processes import AbsentError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from benchmarks.session import Session

__all__ = ["run"]

_ROOT = Path(__file__).parent.parent
_MODULES = {
    "flagengine": "flagengine",
    "eppo": "eppo_client",
    "statsig": "statsig_python_core",
    "posthog-pure": "posthog",
    "growthbook": "growthbook",
    "flagsmith": "flag_engine.engine",
    "launchdarkly": "ldclient",
    "unleash": "UnleashClient",
}
#: What a first evaluation needs, of those packages that import their names at the first use.
_NAMES = {
    "flagengine": "Snapshot, evaluate, evaluate_flag",
    "posthog-pure": "Posthog",
}
_PROGRAM = "from time import perf_counter as t; a = t(); {statement}; print((t() - a) * 1e3)"


def run(session: Session) -> None:
    """`w8` for the package, `w8-names` with the names that an application uses; milliseconds."""
    _measure(session, "w8", {name: f"import {module}" for name, module in _MODULES.items()})
    names = {name: f"from {_MODULES[name]} import {used}" for name, used in _NAMES.items()}
    _measure(session, "w8-names", names)


def _measure(session: Session, workload: str, statements: Mapping[str, str]) -> None:
    samplers: dict[str, Callable[[], float]] = {}
    for candidate, statement in statements.items():
        if candidate not in session.settings.candidates:
            continue
        try:
            # The first import writes the bytecode, so its time does not count.
            _milliseconds(statement)
        except AbsentError as error:
            session.absent(workload, candidate, error)
        else:
            samplers[candidate] = _sampler(statement)
    session.record(workload, "ms", interleave(samplers, session.settings.imports))


def _sampler(statement: str) -> Callable[[], float]:
    return lambda: _milliseconds(statement)


def _milliseconds(statement: str) -> float:
    # The running interpreter, with the statements above.
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM.format(statement=statement)],
        cwd=_ROOT,
        env={key: it for key, it in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        message = f"cannot be imported: {last[0]}"
        raise AbsentError(message)
    return float(done.stdout.split()[-1])
