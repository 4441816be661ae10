"""The measurements: requests per second, times at a fixed rate, and memory with open connections."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen

from benchmarks.server.contender import Asked, Place
from benchmarks.server.flags import persons
from benchmarks.server.load import loaded
from benchmarks.server.ours import FLAGS, ask_batch, relay, upstream
from benchmarks.server.process import Process
from benchmarks.server.source import source_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.server.contender import Contender
    from benchmarks.server.load import Load

__all__ = ["Bench", "Intake", "Speed", "WrongAnswerError", "bench"]

_MIB = 1024 * 1024
_EVENTS = 100
"""How many events a request has."""
_LAST_EVENTS = 30.0
"""The seconds after the load within which the last event must be passed on."""
_DEFINITIONS = "/flags/definitions?token=phc_benchmark&send_cohorts"
_BEARER = {"Authorization": "Bearer phs_benchmark"}


class WrongAnswerError(Exception):
    """A server answered with an error under load."""


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast a server is.

    Attributes:
        per_second: Requests per second.
        per_cpu_second: Requests per second of the processor: what a core does if nobody shares it.
        at_half: What it did at half of the load that is wanted.
        size: The bytes of an answer.
    """

    per_second: float
    per_cpu_second: float
    at_half: Load
    size: int


@dataclass(frozen=True, slots=True)
class Intake:
    """How many events a relay takes, keeps and passes on, per second and per second of the processor."""

    per_second: float
    per_cpu_second: float


@dataclass(frozen=True, slots=True)
class Bench:
    """Where servers are measured, and for how long each time."""

    rivals: Path
    source: str
    folder: Path
    seconds: float

    @contextmanager
    def _running(
        self, contender: Contender, count: int, asked: Asked
    ) -> Iterator[tuple[Process, int, bytes]]:
        """Start a server; give its process, its port and its first answer."""
        place = self._place()
        started = contender.start(place, count)
        with Process(started.command, started.env, self.folder / "log") as process:
            yield process, place.port, process.wait_until_it_answers(_request(place.port, asked))

    def speed(self, contender: Contender, count: int, wanted: float) -> Speed:
        """Return the speed of all flags of a person."""
        asked = [contender.ask(person) for person in persons()]
        with self._running(contender, count, asked[0]) as (process, port, answer):
            return self._measured(process, port, asked, wanted, len(answer))

    def unchanged(self, wanted: float) -> Speed:
        """Return the speed of definitions that the asker has: an ETag, and 304."""
        asked = Asked("GET", _DEFINITIONS, headers=_BEARER)
        with self._running(FLAGS, 350, asked) as (process, port, _):
            with urlopen(_request(port, asked)) as answer:
                etag = answer.headers["etag"]
            again = replace(asked, headers={**_BEARER, "If-None-Match": etag})
            return self._measured(process, port, [again], wanted, 0)

    def events(self) -> Intake:
        """Return how many events a relay keeps on disk and passes on, until upstream has all of them."""
        upstream_place, place = (self._place() for _ in range(2))
        taking, relaying = upstream(upstream_place), relay(place, upstream_place.port)
        count, asked = Asked("GET", "/count"), ask_batch(_EVENTS)
        with (
            Process(taking.command, taking.env, self.folder / "log-upstream", core=1) as source,
            Process(relaying.command, relaying.env, self.folder / "log") as process,
        ):
            source.wait_until_it_answers(_request(upstream_place.port, count))
            process.wait_until_it_answers(_request(place.port, asked))
            before, begin = process.cpu_seconds, time.monotonic()
            load = self._loaded(place.port, [asked], self.seconds)
            wanted, passed_on = (load.requests + 1) * _EVENTS, 0
            while passed_on < wanted and time.monotonic() - begin < self.seconds + _LAST_EVENTS:
                time.sleep(0.1)
                with urlopen(_request(upstream_place.port, count)) as answer:
                    passed_on = int(answer.read())
            spent = time.monotonic() - begin
            if passed_on < wanted:
                message = f"of {wanted} events, {passed_on} were passed on"
                raise WrongAnswerError(message)
            return Intake(wanted / spent, wanted / max(process.cpu_seconds - before, 0.01))

    def _place(self) -> Place:
        return Place(_free_port(), self.folder, self.rivals, self.source)

    def _measured(
        self, process: Process, port: int, asked: Sequence[Asked], wanted: float, size: int
    ) -> Speed:
        self._loaded(port, asked, self.seconds / 4)  # until all is compiled and remembered
        before = process.cpu_seconds
        full = self._loaded(port, asked, self.seconds)
        spent = process.cpu_seconds - before
        half = self._loaded(port, asked, self.seconds, wanted / 2)
        return Speed(full.per_second, full.requests / max(spent, 0.01), half, size)

    def _loaded(
        self, port: int, asked: Sequence[Asked], seconds: float, rate: float | None = None
    ) -> Load:
        found = loaded(port, asked, seconds=seconds, folder=self.folder, rate=rate)
        if found.failed:
            message = f"{found.failed} of {found.requests} requests failed"
            raise WrongAnswerError(message)
        return found

    def memory(self, count: int, connections: int) -> float:
        """Return the MiB of our server with so many flags and open connections."""
        asked = FLAGS.ask(persons()[0])
        with self._running(FLAGS, count, asked) as (process, port, _):
            command = [sys.executable, "-m", "benchmarks.server.connections"]
            command += [str(port), str(connections), _bytes_of(asked).hex()]
            holder = subprocess.Popen(
                ["taskset", "-c", "1", *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            with holder:
                assert holder.stdout is not None  # it is a pipe
                if holder.stdout.readline().strip() != str(connections).encode():
                    message = f"not all of {connections} connections were answered"
                    raise WrongAnswerError(message)
                return process.resident / _MIB


@contextmanager
def bench(rivals: Path, seconds: float) -> Iterator[Bench]:
    """Give a bench with a folder of its own."""
    with tempfile.TemporaryDirectory() as folder, source_of(Path(folder)) as source:
        yield Bench(rivals, source, Path(folder), seconds)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _request(port: int, asked: Asked) -> Request:
    data = asked.body.encode() if asked.body else None
    url = f"http://127.0.0.1:{port}{asked.path}"
    return Request(url, data, dict(asked.headers), method=asked.method)


def _bytes_of(asked: Asked) -> bytes:
    headers = {**asked.headers, "Host": "127.0.0.1", "Content-Length": str(len(asked.body))}
    lines = [f"{asked.method} {asked.path} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
    return "\r\n".join([*lines, "", asked.body]).encode()
