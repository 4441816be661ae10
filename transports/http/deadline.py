"""A deadline for a whole request, not for each operation on its socket.

The standard library's timeout starts anew with every read. So a server that sends a byte now and
then can delay a request forever, in the headers as well as in the body. A `TimedSocket` sets the
timeout of every operation to the time left until the deadline of the thread's `Exchange`. Nothing
here knows an HTTP library.
"""

from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

__all__ = ["Exchange", "TimedSocket", "current_exchange", "deadline"]

_current = threading.local()


@dataclass(slots=True)
class Exchange:
    """The request that a thread performs, and what happened at its current attempt.

    Attributes:
        ends_at: the deadline, in monotonic time.
        needs_fresh: whether the attempt must not use a kept connection.
        is_on_kept: whether the attempt uses a connection that has served another request.
        is_answered: whether a byte of the response has arrived.
    """

    ends_at: float
    needs_fresh: bool = False
    is_on_kept: bool = False
    is_answered: bool = False

    @property
    def left(self) -> float:
        """The seconds until the deadline; negative after it."""
        return self.ends_at - time.monotonic()

    def begin_attempt(self) -> None:
        """Forget what happened at the attempt before."""
        self.is_on_kept = self.is_answered = False


@contextmanager
def deadline(seconds: float) -> Iterator[Exchange]:
    """Begin an exchange on this thread, which limits the thread's timed sockets; yield it."""
    outer = current_exchange()
    exchange = _current.exchange = Exchange(time.monotonic() + seconds)
    try:
        yield exchange
    finally:
        _current.exchange = outer


def current_exchange() -> Exchange | None:
    """Return the exchange that this thread performs; None if it performs none."""
    return getattr(_current, "exchange", None)


def _limit(sock: socket.socket) -> None:
    """Set the socket's timeout to the time left until the thread's deadline, if there is any."""
    exchange = current_exchange()
    if exchange is None:
        return
    left = exchange.left
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
        count = self._file.readinto(buffer)
        exchange = current_exchange()
        if count and exchange is not None:
            exchange.is_answered = True
        return count

    def close(self) -> None:
        self._file.close()
        super().close()
