"""A mutant on trial: its file is changed in a copy of the tree, and the tests of its area are run."""

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
_OUTPUT = "output.txt"


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
    """Copy the repository to where mutants live.

    Links stay links: a copy of ``flagengine/transports`` would hide the change from every test.
    """
    copy = ROOT / ".mutants" / name
    shutil.rmtree(copy, ignore_errors=True)
    ignored = shutil.ignore_patterns(*_NOT_COPIED)
    shutil.copytree(ROOT, copy, symlinks=True, ignore=ignored)
    return copy


def passing_seconds(stage: str, tree: Path) -> float:
    """Run a stage on the code as it is; it has to pass, else its failures mean nothing."""
    started = time.monotonic()
    if _run(stage, tree, None) != 0:
        output = (tree / _OUTPUT).read_text(encoding="utf-8")
        message = f"{output[-4_000:]}\nthe tests fail without any mutant: pytest {stage}"
        raise SystemExit(message)
    return time.monotonic() - started


def tried(mutant: Mutant, tree: Path, seconds: dict[str, float]) -> Trial:
    """Run the stages until one fails; a stage may take five times what it took before."""
    started, stage, fate = time.monotonic(), "", Fate.SURVIVED
    with _changed(tree / mutant.path, mutant.code()):
        for stage in AREAS[mutant.area].stages:
            try:
                code = _run(stage, tree, 60 + 5 * seconds[stage])
            except subprocess.TimeoutExpired:
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


def _run(stage: str, tree: Path, timeout: float | None) -> int:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    with (tree / _OUTPUT).open("wb") as output:
        process = subprocess.Popen(
            [*command, *shlex.split(stage)],
            cwd=tree,
            env={**os.environ, "HYPOTHESIS_PROFILE": "quick"},
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
