"""The trial of a mutant: its file is changed in a copy of the tree, and its area's tests run."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import cache_from_source
from pathlib import Path

from tests.mutation.areas import AREAS, ROOT
from tests.mutation.mutants import Mutant
from tests.mutation.runner import Runner

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
_MOST_SECONDS = 600.0


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
    shutil.copytree(ROOT, copy, symlinks=True, ignore=shutil.ignore_patterns(*_NOT_COPIED))
    return copy


def passing_seconds(stage: str, runner: Runner) -> float:
    """Run a stage on the unchanged code, where it must pass."""
    started = time.monotonic()
    if runner.run(stage, _MOST_SECONDS) != 0:
        output = runner.output()[-4_000:]
        message = f"{output}\nthe tests fail without any mutant: pytest {stage}"
        raise SystemExit(message)
    return time.monotonic() - started


def tried(mutant: Mutant, seconds: dict[str, float], runner: Runner) -> Trial:
    """Run the stages until one fails; a stage may take three times its usual time."""
    started, stage, outcome = time.monotonic(), "", Outcome.SURVIVED
    with _changed(runner.tree / mutant.path, mutant.code()):
        for stage in AREAS[mutant.area].stages:
            try:
                code = runner.run(stage, 20 + 3 * seconds[stage])
            except TimeoutError:
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
