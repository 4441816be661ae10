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
    from collections.abc import Callable

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
_PROGRAM = "from time import perf_counter as t; a = t(); import {module}; print((t() - a) * 1e3)"


def run(session: Session) -> None:
    """`w8`, milliseconds."""
    samplers: dict[str, Callable[[], float]] = {}
    for candidate, module in _MODULES.items():
        if candidate not in session.settings.candidates:
            continue
        try:
            # The first import writes the bytecode, so its time does not count.
            _milliseconds(module)
        except AbsentError as error:
            session.absent("w8", candidate, error)
        else:
            samplers[candidate] = _sampler(module)
    session.record("w8", "ms", interleave(samplers, session.settings.imports))


def _sampler(module: str) -> Callable[[], float]:
    return lambda: _milliseconds(module)


def _milliseconds(module: str) -> float:
    # The running interpreter, with the module names above.
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM.format(module=module)],
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
