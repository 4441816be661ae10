"""The trial of a mutant: its file is changed in a copy of the tree, and its area's tests run."""

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import cache_from_source
from pathlib import Path

from tests.mutation.areas import AREAS, ROOT
from tests.mutation.mutants import Mutant

__all__ = ["Outcome", "Trial", "copied_tree", "passing_seconds", "tried"]

_NOT_COPIED = (
    ".git",
    ".venv",
    ".mutants",
    "build",
    "dist",
    ".hypothesis",
    ".*_cache",
    "*.egg-info",
)
_TESTS_FAILED = 1
_OUTPUT = "output.txt"


class Outcome(StrEnum):
    """The outcome of a trial."""

    KILLED = "killed"
    TIMED_OUT = "killed by the clock"
    NOT_STARTED = "killed before any test ran"
    SURVIVED = "survived"


@dataclass(frozen=True)
class Trial:
    """A mutant, its outcome, the deciding stage, and the time of all stages."""

    mutant: Mutant
    outcome: Outcome
    stage: str
    seconds: float


def copied_tree(name: str) -> Path:
    """Copy the repository for the mutants."""
    copy = ROOT / ".mutants" / name
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*_NOT_COPIED))
    return copy


def passing_seconds(stage: str, tree: Path) -> float:
    """Run a stage on the unchanged code, where it must pass."""
    started = time.monotonic()
    if _run(stage, tree, None) != 0:
        output = (tree / _OUTPUT).read_text(encoding="utf-8")
        message = f"{output[-4_000:]}\nthe tests fail without any mutant: pytest {stage}"
        raise SystemExit(message)
    return time.monotonic() - started


def tried(mutant: Mutant, tree: Path, seconds: dict[str, float]) -> Trial:
    """Run the stages until a stage fails; a stage may take five times its usual time."""
    started, stage, outcome = time.monotonic(), "", Outcome.SURVIVED
    with _changed(tree / mutant.path, mutant.code()):
        for stage in AREAS[mutant.area].stages:
            try:
                code = _run(stage, tree, 60 + 5 * seconds[stage])
            except subprocess.TimeoutExpired:
                outcome = Outcome.TIMED_OUT
                break
            if code != 0:
                outcome = Outcome.KILLED if code == _TESTS_FAILED else Outcome.NOT_STARTED
                break
    return Trial(mutant, outcome, stage, time.monotonic() - started)


@contextmanager
def _changed(path: Path, code: str) -> Iterator[None]:
    """Change a file within the block; delete its compiled file, which may look up to date."""
    before = path.read_text(encoding="utf-8")
    compiled = Path(cache_from_source(str(path)))
    try:
        compiled.unlink(missing_ok=True)
        path.write_text(code, encoding="utf-8")
        yield
    finally:
        path.write_text(before, encoding="utf-8")
        compiled.unlink(missing_ok=True)


def _run(stage: str, tree: Path, timeout: float | None) -> int:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    with (tree / _OUTPUT).open("wb") as output:
        process = subprocess.Popen(
            [*command, *shlex.split(stage)],
            cwd=tree,
            env={**os.environ, "HYPOTHESIS_PROFILE": "gate"},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        return process.wait(timeout)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, 9)
            process.wait()
