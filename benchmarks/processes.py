"""The parent's side of the worker processes: it starts them and sends requests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["AbsentError", "Process"]

_ROOT = Path(__file__).parent.parent
_INTERPRETER = (sys.executable,)


class AbsentError(Exception):
    """The candidate cannot answer the request; `wrong` if it should have been able to."""

    def __init__(self, reason: str, *, wrong: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wrong = wrong


class Process:
    """A worker process; its context manager ends the process."""

    def __init__(self, candidate: str) -> None:
        # Open for the worker's lifetime, to be read if the worker dies.
        self._log = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115
        # The running interpreter, with a module of this package.
        self._process = subprocess.Popen(
            [*_INTERPRETER, "-m", "benchmarks.worker", candidate],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            cwd=_ROOT,
            # A fixed seed, so that sets have the same order in every process of every run.
            env={**os.environ, "PYTHONHASHSEED": "0"},
        )
        try:
            self.hello = self._read()
        except AbsentError:
            self.close()
            raise

    def ask(self, request: str, **arguments: object) -> dict[str, Any]:
        """Send a request and return its reply; may raise AbsentError."""
        if self._process.stdin is None or self._process.poll() is not None:
            raise AbsentError(self._died(), wrong=True)
        self._process.stdin.write(json.dumps({"do": request, **arguments}) + "\n")
        self._process.stdin.flush()
        return self._read()

    def value(self, request: str, **arguments: object) -> float:
        """Send a request whose reply is a number, and return the number."""
        return float(self.ask(request, **arguments)["value"])

    def close(self) -> None:
        """End the process and wait for it."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._log.close()

    def _read(self) -> dict[str, Any]:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise AbsentError(self._died(), wrong=True)
        reply: dict[str, Any] = json.loads(line)
        if "absent" in reply:
            raise AbsentError(reply["absent"], wrong=bool(reply.get("wrong")))
        return reply

    def _died(self) -> str:
        self._process.wait()
        self._log.seek(0)
        last = self._log.read().strip().splitlines()[-1:] or ["no message"]
        return f"the process ended with {self._process.returncode}: {last[0]}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
