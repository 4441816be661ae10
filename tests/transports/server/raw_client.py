"""A client of bare sockets, which sends whatever a test wants it to send."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from typing import Any, Self

__all__ = ["Answer", "RawClient", "flags_request", "request"]

PATIENCE = 10.0


class Answer:
    """An answer as it arrived."""

    def __init__(self, head: bytes, body: bytes) -> None:
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split(" ")[1])
        pairs = (line.partition(":") for line in lines[1:])
        self.headers = {name.lower(): value.strip() for name, _, value in pairs}
        self.body = body

    def json(self) -> Any:
        return json.loads(self.body)


class RawClient:
    """A connection to a server of this machine. ``read_buffer`` limits what the kernel keeps unread."""

    def __init__(self, port: int, *, read_buffer: int | None = None) -> None:
        self.sock = socket.socket()
        if read_buffer is not None:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, read_buffer)
        self.sock.settimeout(PATIENCE)
        try:
            self.sock.connect(("127.0.0.1", port))
        except OSError:
            self.sock.close()
            raise
        self._data = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def send(self, *parts: bytes) -> Self:
        """Send the parts; stop where the server has ended the connection."""
        with contextlib.suppress(ConnectionError):
            for part in parts:
                self.sock.sendall(part)
        return self

    def answer(self, *, is_head: bool = False) -> Answer | None:
        """Return the next answer; None at the end of the connection."""
        while b"\r\n\r\n" not in self._data:
            if not self._more():
                return None
        head, _, self._data = self._data.partition(b"\r\n\r\n")
        found = Answer(head, b"")
        if found.status == 100:
            return found
        length = 0 if is_head else int(found.headers.get("content-length", 0))
        while len(self._data) < length:
            assert self._more(), "the answer ends early"
        found.body, self._data = self._data[:length], self._data[length:]
        return found

    def answers(self) -> Iterator[Answer]:
        """Yield the answers until the connection ends."""
        while (found := self.answer()) is not None:
            yield found

    def is_ended(self) -> bool:
        """Wait for the end of the connection; return False if there is more of an answer before."""
        return not self._more()

    def piece(self) -> bytes:
        """Return what arrives next; nothing at the end of the connection."""
        try:
            return self.sock.recv(65536)
        except ConnectionError:
            return b""

    def _more(self) -> bool:
        piece = self.piece()
        self._data += piece
        return bool(piece)


def request(
    path: str = "/_health", method: str = "GET", body: bytes = b"", **headers: str
) -> bytes:
    """Return a request as bytes; underscores in the names of headers are hyphens."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body and "Content_Length" not in headers and "Transfer_Encoding" not in headers:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def flags_request(person: str = "user-1", **headers: str) -> bytes:
    """Return a request for the flags of a person."""
    body = json.dumps({"token": "phc_any", "distinct_id": person}).encode()
    return request("/flags?v=2", "POST", body, **headers)
