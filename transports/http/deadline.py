"""A deadline for a whole request, not for each operation on its socket.

The standard library's timeout starts anew with every read. So a server that sends a byte now and
then can delay a request forever, in the headers as well as in the body. A `TimedSocket` sets the
timeout of every operation to the time left until the thread's deadline. Nothing here knows an HTTP
library.
"""

from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

__all__ = ["TimedSocket", "deadline"]

_current = threading.local()


@contextmanager
def deadline(seconds: float) -> Iterator[float]:
    """Set the deadline of this thread's timed sockets; yield the deadline's monotonic time."""
    _current.at = time.monotonic() + seconds
    try:
        yield _current.at
    finally:
        _current.at = None


def _limit(sock: socket.socket) -> None:
    """Set the socket's timeout to the time left until the thread's deadline, if there is any."""
    at = getattr(_current, "at", None)
    if at is None:
        return
    left = at - time.monotonic()
    if left <= 0:
        msg = "the request's deadline has passed"
        raise TimeoutError(msg)
    sock.settimeout(left)


class TimedSocket:
    """A socket as HTTP connections use it, on which sending and reading respect the deadline."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        # The TLS handshake follows on the bare socket. If the deadline has passed, the next
        # operation on this socket raises.
        with suppress(TimeoutError):
            _limit(sock)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def sendall(self, data: Any) -> None:
        """Send all of the data before the deadline."""
        _limit(self._sock)
        self._sock.sendall(data)

    def makefile(self, _mode: str = "rb") -> io.BufferedReader:
        """Return a reader that keeps the socket open even after the connection is closed."""
        return io.BufferedReader(_TimedReader(self._sock))


class _TimedReader(io.RawIOBase):
    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._file = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        _limit(self._sock)
        return self._file.readinto(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()
