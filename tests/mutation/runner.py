"""Runs tests in forks of a process that has imported what no mutant changes.

Half of a short test run is imports. The process runs in a copy of the repository; it reads one line
of seconds and pytest's arguments at a time, and answers with the exit code.
"""

import os
import select
import shlex
import subprocess
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path

__all__ = ["Runner"]

_OUTPUT = "output.txt"
_UNCHANGED = (
    "click hypothesis hypothesis.stateful jsonschema numpy pandas pyarrow.compute pyarrow.parquet "
    "pytest requests"
)
_OPTIONS = (
    "-x -q -p no:cacheprovider -p no:xdist -p no:cov -W ignore::pytest.PytestAssertRewriteWarning"
)
_TIMED_OUT = -1_000
_CRASHED = 70


class Runner:
    """Runs stages of tests in a copy of the repository, one at a time."""

    def __init__(self, tree: Path) -> None:
        """Start the process."""
        self.tree = tree
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.mutation.runner"],
            cwd=tree,
            env={**os.environ, "HYPOTHESIS_PROFILE": "quick", "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, stage: str, seconds: float) -> int:
        """Return pytest's exit code; TimeoutError after ``seconds``."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{seconds} {stage}\n")
        process.stdin.flush()
        code = int(process.stdout.readline())
        if code == _TIMED_OUT:
            raise TimeoutError(stage)
        return code

    def output(self) -> str:
        """Return what the last stage printed."""
        return (self.tree / _OUTPUT).read_text(encoding="utf-8")


def _run(stage: str) -> None:
    """Run pytest in a process group of its own; never return."""
    os.setsid()
    code = _CRASHED
    try:
        with open(_OUTPUT, "wb") as output, open(os.devnull, "rb") as nothing:  # noqa: PTH123 relative to the tree
            os.dup2(nothing.fileno(), 0)
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
        code = int(import_module("pytest").main([*_OPTIONS.split(), *shlex.split(stage)]))
    finally:
        sys.stdout.flush()
        os._exit(code)


def _exit_code(child: int, seconds: float) -> int:
    """Wait for a child; then kill its group, and the child too when it takes too long."""
    descriptor = os.pidfd_open(child)
    try:
        ended, _, _ = select.select([descriptor], [], [], seconds)
    finally:
        os.close(descriptor)
    with suppress(ProcessLookupError):
        os.killpg(child, 9)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) if ended else _TIMED_OUT


def main() -> None:
    """Answer until the input ends."""
    for name in _UNCHANGED.split():
        with suppress(ImportError):
            import_module(name)
    for line in sys.stdin:
        seconds, _, stage = line.strip().partition(" ")
        child = os.fork()
        if child == 0:
            _run(stage)
        print(_exit_code(child, float(seconds)), flush=True)


if __name__ == "__main__":
    main()
