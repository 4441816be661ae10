"""A server as a process on one core: started, asked until it answers, and measured through /proc."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.error import URLError
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Process", "StartError"]

_TICKS = os.sysconf("SC_CLK_TCK")
_STARTS_WITHIN = 60.0


class StartError(Exception):
    """A server does not answer; the message has the last line that it printed."""


class Process:
    """A process of a command, with the processes that it starts; pinned to a core, by default the first."""

    def __init__(
        self, command: Sequence[str], env: Mapping[str, str], log: Path, *, core: int = 0
    ) -> None:
        self._log = log
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                ["taskset", "-c", str(core), *command],
                stdout=file,
                stderr=subprocess.STDOUT,
                env={**os.environ, **env},
            )

    def wait_until_it_answers(self, request: Request) -> bytes:
        """Return the body of the first answer with status 200.

        Raises:
            StartError: the process has ended, or does not answer so within a minute.
        """
        end, reason = time.monotonic() + _STARTS_WITHIN, ""
        while time.monotonic() < end and self._process.poll() is None:
            try:
                with urlopen(request, timeout=5.0) as answer:
                    body: bytes = answer.read()
                    return body
            except (URLError, OSError) as error:
                reason = str(error)
            time.sleep(0.1)
        lines = self._log.read_text("utf-8", "replace").strip().splitlines()
        raise StartError(f"{reason}; {lines[-1] if lines else 'it printed nothing'}")

    @property
    def cpu_seconds(self) -> float:
        """The seconds that a processor has spent on the process and those below it."""
        return sum(_cpu_ticks(pid) for pid in self._pids()) / _TICKS

    @property
    def resident(self) -> int:
        """The bytes in memory, of all processes together."""
        return sum(_resident(pid) for pid in self._pids())

    def _pids(self) -> list[int]:
        found = [self._process.pid]
        for pid in found:
            children = Path(f"/proc/{pid}/task/{pid}/children")
            if children.exists():
                found += map(int, children.read_text("ascii").split())
        return found

    def __enter__(self) -> Self:
        """Return the process."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(10.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _resident(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
