"""A mutant on trial: its file is changed in a copy of the tree, and the tests of its area are run."""

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

__all__ = ["Fate", "Trial", "copied_tree", "passing_seconds", "tried"]

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


class Fate(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    TIMED_OUT = "killed by the clock"
    NOT_STARTED = "killed before any test ran"
    SURVIVED = "survived"


@dataclass(frozen=True)
class Trial:
    """A mutant, its fate, the stage that decided, and how long all stages took."""

    mutant: Mutant
    fate: Fate
    stage: str
    seconds: float


def copied_tree(name: str) -> Path:
    """Copy the repository to where mutants live."""
    copy = ROOT / ".mutants" / name
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(ROOT, copy, symlinks=True, ignore=shutil.ignore_patterns(*_NOT_COPIED))
    return copy


def passing_seconds(stage: str, runner: Runner) -> float:
    """Run a stage on the code as it is; it has to pass, else its failures mean nothing."""
    started = time.monotonic()
    if runner.run(stage, _MOST_SECONDS) != 0:
        output = runner.output()[-4_000:]
        message = f"{output}\nthe tests fail without any mutant: pytest {stage}"
        raise SystemExit(message)
    return time.monotonic() - started


def tried(mutant: Mutant, seconds: dict[str, float], runner: Runner) -> Trial:
    """Run the stages until one fails; a stage may take three times what it took before."""
    started, stage, fate = time.monotonic(), "", Fate.SURVIVED
    with _changed(runner.tree / mutant.path, mutant.code()):
        for stage in AREAS[mutant.area].stages:
            try:
                code = runner.run(stage, 20 + 3 * seconds[stage])
            except TimeoutError:
                fate = Fate.TIMED_OUT
                break
            if code != 0:
                fate = Fate.KILLED if code == _TESTS_FAILED else Fate.NOT_STARTED
                break
    return Trial(mutant, fate, stage, time.monotonic() - started)


@contextmanager
def _changed(path: Path, code: str) -> Iterator[None]:
    """Change a file for a while. Compiled files are told apart by size and second only: they go."""
    before = path.read_text(encoding="utf-8")
    compiled = Path(cache_from_source(str(path)))
    try:
        compiled.unlink(missing_ok=True)
        path.write_text(code, encoding="utf-8")
        yield
    finally:
        path.write_text(before, encoding="utf-8")
        compiled.unlink(missing_ok=True)
