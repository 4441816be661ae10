"""The files that data passes through: `python -m benchmarks.journeys [--files] [NAME ...]`.

A journey is a call of the client against a server on this machine, with a manual driver, so that all
of the work happens in the calling thread. Each journey runs once to warm up and once under
`sys.setprofile`, which counts the calls of Python functions: in `transports/` the distinct files, the
moves (calls in another file than the previous call) and the calls; in `flagengine/` the distinct
files. `--files` lists the files in the order of their first call, with the number of calls.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import threading
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import flagengine
from flagengine import transports
from flagengine.transports import Client, ManualDriver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

__all__ = ["JOURNEYS", "Journey", "main", "measure"]

_ROOTS = [Path(package.__file__ or "").parent for package in (transports, flagengine)]
_FLAG = {"key": "beta", "active": True, "filters": {"groups": [{"properties": []}]}}
_PERSON = {"plan": "pro", "seats": 12}


class Journey(NamedTuple):
    """The recorded calls in `transports/` and in `flagengine/`."""

    transports: tuple[str, ...]
    engine: tuple[str, ...]

    @property
    def moves(self) -> int:
        """The number of calls that are in another file of `transports/` than the previous call."""
        return sum(file != after for file, after in pairwise(self.transports))


def measure(action: Callable[[], object]) -> Journey:
    """Return the calls of `action` in this thread."""
    entered: tuple[list[str], list[str]] = ([], [])

    def note(frame: FrameType, event: str, _argument: object) -> None:
        path = Path(frame.f_code.co_filename)
        for root, files in zip(_ROOTS, entered, strict=True):
            if event == "call" and path.is_relative_to(root):
                files.append(str(path.relative_to(root)))
                break  # the transports are below the engine's folder

    sys.setprofile(note)
    try:
        action()
    finally:
        sys.setprofile(None)
    return Journey(tuple(entered[0]), tuple(entered[1]))


# The journeys.


class _Handler(BaseHTTPRequestHandler):
    """A server that answers every endpoint, with new definitions at each request."""

    protocol_version = "HTTP/1.1"
    loads = 0

    def do_GET(self) -> None:
        _Handler.loads += 1
        flag = {**_FLAG, "version": self.loads}
        self._answer({"flags": [flag], "group_type_mapping": {}, "cohorts": {}})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.startswith("/flags"):
            self._answer({"flags": {"asked": {"key": "asked", "enabled": True}}, "requestId": "r"})
        else:
            self._answer({"status": 1})

    def _answer(self, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", f'"{self.loads}"')
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def _server() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def _client(host: str, **options: Any) -> Iterator[Client]:
    client = Client("phc_journeys", host=host, driver=ManualDriver(), **options)
    try:
        yield client
    finally:
        client.shutdown(1.0)


def _capture(client: Client) -> None:
    if not client.capture("signed up", distinct_id="ada", properties=_PERSON):
        msg = "the event was not queued"
        raise RuntimeError(msg)


def _to_queue(host: str) -> Journey:
    with _client(host) as client:
        _capture(client)
        return measure(lambda: _capture(client))


def _to_wire(host: str) -> Journey:
    with _client(host) as client:
        _capture(client)
        client.flush()
        _capture(client)
        journey = measure(client.flush)
        _expect(client.pending_count() == 0)
        return journey


def _definitions(host: str) -> Journey:
    with _client(host, secret_key="phs_journeys") as client:
        client.reload_feature_flags()
        before = _Handler.loads
        journey = measure(client.reload_feature_flags)
        _expect(_Handler.loads == before + 1)
        _expect(client.is_local_evaluation_ready())
        return journey


def _remote_flag(host: str) -> Journey:
    with _client(host) as client:
        _expect(client.get_feature_flag("asked", "ada") is True)
        return measure(lambda: client.get_feature_flag("asked", "grace"))


def _local_flag(host: str) -> Journey:
    with _client(host, secret_key="phs_journeys") as client:
        client.reload_feature_flags()
        for _ in range(3):
            _expect(client.get_feature_flag("beta", "ada") is True)
        return measure(lambda: client.get_feature_flag("beta", "ada"))


def _expect(happened: bool) -> None:
    if not happened:
        msg = "the journey did not arrive"
        raise RuntimeError(msg)


JOURNEYS: dict[str, Callable[[str], Journey]] = {
    "event to queue": _to_queue,
    "queue to wire": _to_wire,
    "definitions from HTTP": _definitions,
    # Includes queueing its event.
    "flag from the server": _remote_flag,
    # Its event was queued before, and is sent once for each person and value.
    "flag evaluated locally": _local_flag,
}


def main() -> None:
    """Print the counts of each journey."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.journeys", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(JOURNEYS)}")
    parser.add_argument("--files", action="store_true", help="list the files of each journey")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    print(f"{'journey':24}{'files':>6}{'moves':>7}{'calls':>7}{'engine files':>14}")
    with _server() as host:
        for name in options.names or JOURNEYS:
            journey = JOURNEYS[name](host)
            files, engine = Counter(journey.transports), Counter(journey.engine)
            counts = f"{len(files):6}{journey.moves:7}{files.total():7}{len(engine):14}"
            print(f"{name:24}{counts}")
            for path, calls in [*files.items(), *engine.items()] if options.files else ():
                print(f"    {calls:4}  {path}")


if __name__ == "__main__":
    main()
