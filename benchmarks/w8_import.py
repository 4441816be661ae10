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
#: What loads all that a first evaluation needs, where the package's import does not.
_READY = {"flagengine": "from flagengine import Snapshot, evaluate, evaluate_flag"}
_PROGRAM = "from time import perf_counter as t; a = t(); {statement}; print((t() - a) * 1e3)"


def run(session: Session) -> None:
    """`w8` for the package, `w8-ready` for all that evaluating loads; milliseconds."""
    packages = {name: f"import {module}" for name, module in _MODULES.items()}
    _measure(session, "w8", packages)
    _measure(session, "w8-ready", {**packages, **_READY})


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
