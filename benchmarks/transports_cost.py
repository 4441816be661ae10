"""The cost of the client compared with posthog's: the caller's time, a worker's rate, an idle process.

`python -m benchmarks.transports_cost [--quick] [--without-orjson]`. It needs the extras `client`, `orjson`
and `differential`. The two clients take slots in turn. Batches go to a transport that discards them, and
are flushed between slots, outside the timing. Rates are measured with a server in another process, and
an idle client in a new process; its wake-ups are the voluntary context switches of all threads except
the first.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import os
import re
import socketserver
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.rivals.posthog_client import _Provider

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["main"]

_NEVER = 3600.0
_MANY = 1_000_000
_PERSON = {"country": "DE", "email": "ada@example.com", "plan": "pro", "seats": 12}
_EVENT = {"plan": "pro", "seats": 12, "$current_url": "https://example.com/pricing"}
_FILTERS = [
    {"key": "country", "type": "person", "operator": "exact", "value": ["DE", "AT", "CH"]},
    {"key": "email", "type": "person", "operator": "icontains", "value": "@example"},
]
_GROUPS = [{"properties": _FILTERS, "rollout_percentage": 50}]
_FLAG = {"id": 1, "key": "w1", "active": True, "filters": {"groups": _GROUPS}}
_DEFINITIONS = {"flags": [_FLAG], "group_type_mapping": {}, "cohorts": {}}


def _ours(host: str | None = None, **options: Any) -> Any:
    from flagengine.transports import Client, MemoryDefinitions, Response  # noqa: PLC0415 one of two

    class Swallow:
        def request(self, request: object) -> Response:
            del request
            return Response(200)

    return Client(
        "phc_none",
        host=host,
        transport=None if host else Swallow(),
        definitions=MemoryDefinitions(_DEFINITIONS),
        max_queue_size=_MANY,
        **options,
    )


def _posthogs(host: str | None = None, **options: Any) -> Any:
    import posthog  # noqa: PLC0415 one of two
    import posthog.request  # noqa: PLC0415
    from requests import Response  # noqa: PLC0415
    from requests.adapters import BaseAdapter  # noqa: PLC0415

    class Swallow(BaseAdapter):
        def send(self, request: Any, **_: Any) -> Response:  # type: ignore[override]
            response = Response()
            response.status_code, response.request = 200, request
            return response

        def close(self) -> None:
            pass

    logging.getLogger("posthog").setLevel(logging.CRITICAL)
    warnings.simplefilter("ignore")
    if host is None:
        posthog.request._session.mount("http://swallowed", Swallow())  # noqa: SLF001 no public API
    client = posthog.Posthog(
        "phc_none",
        host=host or "http://swallowed",
        secret_key="phx_none",
        flag_definition_cache_provider=_Provider(_DEFINITIONS),
        max_queue_size=_MANY,
        **options,
    )
    client.load_feature_flags()
    return client


_MAKERS = {"flagengine": _ours, "posthog": _posthogs}


def _interleaved(
    calls: dict[str, Callable[[], object]], after: Callable[[str], object], slots: int, count: int
) -> dict[str, list[float]]:
    """Return the microseconds per call for each slot, with the clients in turn."""
    found: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(slots):
        for name, call in calls.items():
            gc.collect()
            gc.disable()
            started = time.perf_counter_ns()
            for _ in range(count):
                call()
            found[name].append((time.perf_counter_ns() - started) / count / 1e3)
            gc.enable()
            after(name)
    return found


def _show(title: str, found: dict[str, list[float]]) -> None:
    print(title)
    for name, samples in found.items():
        print(f"  {name:12} {min(samples):9.2f} us at least, {median(samples):9.2f} median")
    own, other = found["flagengine"], found["posthog"]
    ratios = [slow / fast for fast, slow in zip(own, other, strict=True)]
    print(
        f"  posthog / flagengine: {min(other) / min(own):.2f} of the least,"
        f" {median(ratios):.2f} median of the slots"
    )


def _calls(slots: int, count: int) -> None:
    waiting: dict[str, Any] = {"flush_at": _MANY, "flush_interval": _NEVER}
    clients = {name: make(**waiting) for name, make in _MAKERS.items()}

    def flush(name: str) -> None:
        clients[name].flush()

    def capture(client: Any) -> Callable[[], object]:
        return lambda: client.capture("viewed", distinct_id="user-8", properties=_EVENT)

    def read(client: Any, **more: Any) -> Callable[[], object]:
        return lambda: client.get_feature_flag(
            "w1", "user-8", person_properties=_PERSON, only_evaluate_locally=True, **more
        )

    def each(make: Callable[..., Callable[[], object]], **more: Any) -> dict[str, Any]:
        return {name: make(client, **more) for name, client in clients.items()}

    assert len({call() for call in each(read).values()}) == 1
    _show("capture, the caller's time", _interleaved(each(capture), flush, slots, count))
    _show("get_feature_flag, local", _interleaved(each(read), flush, slots, count))
    silent = each(read, send_feature_flag_events=False)
    _show("get_feature_flag, local, without event", _interleaved(silent, flush, slots, count))
    for client in clients.values():
        client.shutdown()


_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")


class _Sink(socketserver.StreamRequestHandler):
    """Takes everything, and does as little as a server can: what is measured is the client."""

    disable_nagle_algorithm = True

    def handle(self) -> None:
        """Answer every request of a connection."""
        while head := self._head():
            found = _LENGTH.search(head)
            self.rfile.read(int(found[1]) if found else 0)
            self.wfile.write(_ANSWER)

    def _head(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) not in (b"\r\n", b""):
            lines.append(line.rstrip(b"\r\n"))
        return b"\r\n".join(lines)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


def _serve() -> None:
    server = _Server(("127.0.0.1", 0), _Sink)
    print(server.server_address[1], flush=True)
    server.serve_forever()


def _rates(slots: int, events: int) -> None:
    server = _itself("serve")
    assert server.stdout is not None
    host = f"http://127.0.0.1:{int(server.stdout.readline())}"
    found: dict[str, list[float]] = {name: [] for name in _MAKERS}
    for _ in range(slots):
        for name, make in _MAKERS.items():
            client = make(host, gzip=True)
            started = time.perf_counter()
            for _ in range(events):
                client.capture("viewed", distinct_id="user-8", properties=_EVENT)
            client.shutdown()
            found[name].append(events / (time.perf_counter() - started))
    server.terminate()
    server.wait()
    print(f"events per second, {events} captured and delivered by one worker, gzip")
    for name, samples in found.items():
        print(f"  {name:12} {max(samples):9.0f} at most, {median(samples):9.0f} median")


def _idle(name: str, seconds: float) -> None:
    """Print the cost of an idle client in this process."""
    before = _resident()
    threads = threading.active_count()
    client = _MAKERS[name]()
    client.get_feature_flag("w1", "user-8", person_properties=_PERSON)
    client.flush()
    resident = _resident()
    switches = _switches()
    time.sleep(seconds)
    wakes = (_switches() - switches) * 60 / seconds
    cost = [threading.active_count() - threads, round(wakes, 1), round(resident - before, 1)]
    print(json.dumps(cost))
    client.shutdown()


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _switches() -> int:
    others = [path for path in Path("/proc/self/task").iterdir() if path.name != str(os.getpid())]
    lines = [line for path in others for line in (path / "status").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("voluntary"))


def _itself(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.transports_cost", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _idles(seconds: float) -> None:
    print(f"an idle client, watched for {seconds:g} s")
    for name, process in [(name, _itself("idle", name, str(seconds))) for name in _MAKERS]:
        threads, wakes, megabytes = json.loads(process.communicate()[0])
        print(f"  {name:12} {threads} threads, {wakes} wake-ups a minute, {megabytes} MiB")


def main() -> None:
    """Measure everything, or do the work of a child process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a look, not for quoting")
    parser.add_argument("--without-orjson", action="store_true", help="as if it were not installed")
    parser.add_argument("part", nargs="*", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.without_orjson:
        sys.modules["orjson"] = None  # type: ignore[assignment]
    if options.part[:1] == ["serve"]:
        _serve()
    elif options.part[:1] == ["idle"]:
        _idle(options.part[1], float(options.part[2]))
    else:
        _calls(*((5, 300) if options.quick else (40, 1_000)))
        _rates(*((1, 3_000) if options.quick else (3, 20_000)))
        _idles(3 if options.quick else 60)


if __name__ == "__main__":
    main()
