"""A server of bare sockets on 127.0.0.1, whose connections a test serves by hand."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["RawServer", "Request", "ok", "reset", "serving"]

Serve = Callable[["Connection"], None]
# Longer than any test waits.
PATIENCE = 20.0


class Request:
    """A request as it arrived."""

    def __init__(self, head: bytes, body: bytes) -> None:
        lines = head.decode("latin-1").split("\r\n")
        self.line = lines[0]
        pairs = (line.partition(":") for line in lines[1:])
        self.headers = {name.lower(): value.strip() for name, _, value in pairs}
        self.body = body

    def json(self) -> Any:
        is_packed = self.headers.get("content-encoding") == "gzip"
        return json.loads(gzip.decompress(self.body) if is_packed else self.body)


class Connection:
    """A connection of the server; ``number`` counts from 1."""

    def __init__(self, server: RawServer, sock: socket.socket, number: int) -> None:
        self.server = server
        self.sock = sock
        self.number = number

    def read(self) -> Request | None:
        """Return the next request and record it; None at the end of the connection."""
        data = b""
        while b"\r\n\r\n" not in data:
            piece = self.sock.recv(65536)
            if not piece:
                return None
            data += piece
        head, body = data.split(b"\r\n\r\n", 1)
        found = Request(head, b"")
        while len(body) < int(found.headers.get("content-length", 0)):
            body += self.sock.recv(65536)
        found.body = body
        self.server.record(found)
        return found

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)


class RawServer:
    """The server's address, and what arrived."""

    def __init__(self, listener: socket.socket) -> None:
        self.host = f"127.0.0.1:{listener.getsockname()[1]}"
        self.url = f"http://{self.host}"
        self.over = threading.Event()
        self.requests: list[Request] = []
        self.connections = 0
        self._changed = threading.Condition()

    def record(self, request: Request) -> None:
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()

    def wait_for(self, count: int) -> None:
        """Block until `count` requests have arrived."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.requests) >= count, PATIENCE)

    def hang(self) -> None:
        """Wait until the test is over."""
        self.over.wait(PATIENCE)


@contextlib.contextmanager
def serving(
    serve: Serve, wrap: Callable[[socket.socket], socket.socket] | None = None
) -> Iterator[RawServer]:
    """Serve each connection on a thread; ``wrap`` shakes hands over TLS."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        server = RawServer(listener)

        def handle(sock: socket.socket, number: int) -> None:
            with contextlib.suppress(OSError), wrap(sock) if wrap else sock as served:
                serve(Connection(server, served, number))

        def accept() -> None:
            while not server.over.is_set():
                with contextlib.suppress(OSError):
                    sock, _ = listener.accept()
                    server.connections += 1
                    arguments = (sock, server.connections)
                    threading.Thread(target=handle, args=arguments, daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield server
        finally:
            server.over.set()
            listener.shutdown(socket.SHUT_RDWR)


def ok(body: bytes = b"{}") -> bytes:
    """Return a response that keeps the connection open."""
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def reset(connection: Connection) -> None:
    """Close the connection with a reset instead of an end."""
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.sock.close()
