"""A server that takes every batch of events at once, in a process of its own, and counts them later.

It reads no more of a request than its length while a client is timed.
"""

from __future__ import annotations

import gzip
import json
import socket
import subprocess
import sys
import threading
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Self

from benchmarks.processes import AbsentError

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Sink"]

_ROOT = Path(__file__).parent.parent
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Sink:
    """The server's process; its context manager ends it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.sink"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=_ROOT,
        )
        self.host = f"http://127.0.0.1:{self._line()}"

    def expect(self, events: int) -> None:
        """Raise AbsentError unless exactly so many events have arrived since the last call."""
        assert self._process.stdin is not None
        self._process.stdin.write("count\n")
        self._process.stdin.flush()
        if (arrived := self._line()) != events:
            message = f"{arrived} events of {events} arrived"
            raise AbsentError(message, wrong=True)

    def _line(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


def _events(encoding: str, body: bytes) -> int:
    """Return the number of events of a body; a body that is no batch of events has none."""
    match encoding:
        case "gzip":
            body = gzip.decompress(body)
        case "deflate":
            body = zlib.decompress(body)
        case "zstd":
            import zstandard  # noqa: PLC0415 optional

            body = zstandard.ZstdDecompressor().decompressobj().decompress(body)
    batch = json.loads(body).get("batch")
    return len(batch) if isinstance(batch, list) else 0


def _serve(connection: socket.socket, bodies: list[tuple[str, bytes]]) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection, connection.makefile("rb", buffering=1 << 16) as stream:
        while stream.readline():
            length, encoding = 0, ""
            while (line := stream.readline().strip().lower()) != b"":
                name, _, value = line.partition(b":")
                if name == b"content-length":
                    length = int(value)
                elif name == b"content-encoding":
                    encoding = value.strip().decode()
            bodies.append((encoding, stream.read(length)))
            connection.sendall(_ANSWER)


def _accept(server: socket.socket, bodies: list[tuple[str, bytes]]) -> None:
    while True:
        connection, _ = server.accept()
        threading.Thread(target=_serve, args=(connection, bodies), daemon=True).start()


def _main() -> None:
    bodies: list[tuple[str, bytes]] = []
    server = socket.create_server(("127.0.0.1", 0))
    print(server.getsockname()[1], flush=True)
    threading.Thread(target=_accept, args=(server, bodies), daemon=True).start()
    for _ in sys.stdin:
        counted, bodies[:] = list(bodies), []
        print(sum(_events(*body) for body in counted if body[1]), flush=True)


if __name__ == "__main__":
    _main()
